"""Terraform's AWS provider as a client of IAM: apply, empty plan, change, import, destroy."""

from pathlib import Path

import pytest

from badinput.rows import rows
from support.running import Key
from support.terraform import Terraform

CONFIGURATION = Path(__file__).parent / "terraform" / "identities.tf"
IMPORTED = {
    "aws_iam_user.app": "app",
    "aws_iam_group.apps": "apps",
    "aws_iam_policy.reader": "arn:aws:iam::123456789012:policy/app/reader",
    "aws_iam_role.runner": "runner",
    "aws_iam_instance_profile.machine": "machine",
    "aws_iam_user_policy_attachment.app": "app/arn:aws:iam::123456789012:policy/app/reader",
    "aws_iam_role_policy.inline": "runner:inline",
}


@pytest.fixture
def terraform(authority, tmp_path):
    made = Terraform(tmp_path / "terraform", authority.url, authority.admin_key)
    made.write(CONFIGURATION.read_text())
    return made


def _things(authority) -> dict[str, list]:
    """Return every row there is, but of what goes up with each change."""
    return {table: held for table, held in rows(authority).items() if table != "epoch"}


def _changed(configuration: str) -> str:
    changes = {
        "s3:Get*": "s3:List*",
        '"Active"': '"Inactive"',
        "max_session_duration = 3600": "max_session_duration = 7200",
        'env = "test"': 'env = "production"',
    }
    for was, now in changes.items():
        assert was in configuration
        configuration = configuration.replace(was, now)
    return configuration


@pytest.mark.only_on("sqlite")  # Terraform takes a minute, and the same cycle by boto3 runs on both engines.
def test_whole_cycle_settles_and_leaves_nothing_behind(authority, terraform):
    before = _things(authority)
    iam = authority.client("iam")

    assert terraform.apply() == "12 added, 0 changed, 0 destroyed"
    assert terraform.is_settled()
    key = terraform.attributes("aws_iam_access_key.app")
    # The key that Terraform was given works: it needs no permission to ask who it is.
    caller = authority.client("sts", Key(key["id"], key["secret"])).get_caller_identity()
    assert caller["Arn"] == "arn:aws:iam::123456789012:user/app/app"

    terraform.write(_changed(CONFIGURATION.read_text()))
    assert terraform.apply() == "0 added, 4 changed, 0 destroyed"
    assert iam.list_access_keys(UserName="app")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert iam.get_role(RoleName="runner")["Role"]["MaxSessionDuration"] == 7200
    assert iam.list_user_tags(UserName="app")["Tags"] == [{"Key": "env", "Value": "production"}]

    # Importing finds all as configured, so that this is the empty plan after the change as well.
    assert terraform.import_again(IMPORTED) == f"{len(IMPORTED)} imported, 0 added, 0 changed, 0 destroyed"

    assert terraform.destroy() == "12 destroyed"
    assert before == _things(authority)
