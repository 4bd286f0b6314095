"""Terraform's AWS provider is a client of Systems Manager: apply, an empty plan, destroy."""

from ssm.room import trust
from support.terraform import Terraform

CONFIGURATION = """
resource "aws_ssm_document" "preferences" {
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "1.0"
    description   = "%s"
    sessionType   = "Standard_Stream"
    inputs        = { idleSessionTimeout = "20" }
  })
  tags = { team = "ops" }
}
resource "aws_ssm_activation" "machines" {
  name               = "machines"
  iam_role           = "node"
  registration_limit = 5
  tags               = { Workload = "shop" }
}
resource "aws_ssm_service_setting" "tier" {
  setting_id    = "arn:aws:ssm:us-east-1:123456789012:servicesetting/ssm/managed-instance/activation-tier"
  setting_value = "advanced"
}
"""


def test_terraform_makes_changes_and_removes_what_is_here(authority, tmp_path):
    authority.client("iam").create_role(RoleName="node", AssumeRolePolicyDocument=trust("ssm.amazonaws.com"))
    terraform = Terraform(tmp_path / "terraform", authority.url, authority.admin_key)

    terraform.write(CONFIGURATION % "first")
    assert terraform.apply() == "3 added, 0 changed, 0 destroyed"
    assert terraform.is_settled()
    terraform.write(CONFIGURATION % "second")
    assert terraform.apply() == "0 added, 1 changed, 0 destroyed"
    assert terraform.is_settled()
    assert terraform.destroy() == "3 destroyed"
