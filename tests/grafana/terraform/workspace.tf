resource "aws_grafana_workspace" "main" {
  name                     = "terraform"
  description              = "made by Terraform"
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO"]
  permission_type          = "SERVICE_MANAGED"
  grafana_version          = "10.4"
  tags = {
    env = "test"
  }
}

resource "aws_grafana_workspace_service_account" "ci" {
  name         = "ci"
  grafana_role = "EDITOR"
  workspace_id = aws_grafana_workspace.main.id
}

resource "aws_grafana_workspace_service_account_token" "ci" {
  name               = "ci"
  service_account_id = aws_grafana_workspace_service_account.ci.service_account_id
  seconds_to_live    = 3600
  workspace_id       = aws_grafana_workspace.main.id
}
