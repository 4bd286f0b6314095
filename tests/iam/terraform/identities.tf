# Every IAM resource that keystead promises to Terraform, each joined to the others.

resource "aws_iam_user" "app" {
  name = "app"
  path = "/app/"
  tags = { env = "test" }
}

resource "aws_iam_access_key" "app" {
  user   = aws_iam_user.app.name
  status = "Active"
}

resource "aws_iam_group" "apps" {
  name = "apps"
  path = "/app/"
}

resource "aws_iam_user_group_membership" "app" {
  user   = aws_iam_user.app.name
  groups = [aws_iam_group.apps.name]
}

resource "aws_iam_policy" "reader" {
  name = "reader"
  path = "/app/"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }]
  })
}

resource "aws_iam_user_policy_attachment" "app" {
  user       = aws_iam_user.app.name
  policy_arn = aws_iam_policy.reader.arn
}

resource "aws_iam_group_policy_attachment" "apps" {
  group      = aws_iam_group.apps.name
  policy_arn = aws_iam_policy.reader.arn
}

resource "aws_iam_role_policy_attachment" "runner" {
  role       = aws_iam_role.runner.name
  policy_arn = aws_iam_policy.reader.arn
}

resource "aws_iam_user_policy" "inline" {
  name   = "inline"
  user   = aws_iam_user.app.name
  policy = data.aws_iam_policy_document.inline.json
}

resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.runner.name
  policy = data.aws_iam_policy_document.inline.json
}

resource "aws_iam_role" "runner" {
  name                 = "runner"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_instance_profile" "machine" {
  name = "machine"
  role = aws_iam_role.runner.name
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "inline" {
  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::app"]
  }
}
