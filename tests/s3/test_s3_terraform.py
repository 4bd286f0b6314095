"""Terraform's AWS provider with a bucket's key alone: an object's apply, empty plan, change, import, destroy."""

import json
from pathlib import Path

import pytest

from support.terraform import Terraform

CONFIGURATION = Path(__file__).parent / "terraform" / "object.tf"
KEY = "site/index page.html"
ADDRESS = "aws_s3_object.page"
ARGUMENTS = {"skip_credentials_validation": True, "skip_requesting_account_id": True}
"""A bucket's key is no identity, so that the provider cannot ask STS for one."""


def test_an_object_settles_and_leaves_nothing_behind(room, tmp_path):
    terraform = Terraform(tmp_path / "terraform", room.authority.url, room.key, **ARGUMENTS)
    configuration = CONFIGURATION.read_text()

    terraform.write(json.dumps({"bucket": room.name}), "terraform.tfvars.json")
    terraform.write(configuration)
    assert terraform.apply() == "2 added, 0 changed, 0 destroyed"
    assert terraform.is_settled()
    assert _read(room) == (b"<h1>first</h1>", "text/html", {"made-by": "terraform"}, {"env": "test"})

    terraform.write(configuration.replace("first", "second").replace('"test"', '"production"'))
    assert terraform.apply() == "0 added, 1 changed, 0 destroyed"
    assert terraform.is_settled()
    assert _read(room) == (b"<h1>second</h1>", "text/html", {"made-by": "terraform"}, {"env": "production"})

    # What was sent is in no answer of S3, so that the provider sends an imported object's content again.
    assert (
        terraform.import_again({ADDRESS: f"{room.name}/{KEY}"})
        == "1 imported, 0 added, 1 changed, 0 destroyed"
    )
    assert terraform.is_settled()

    assert terraform.destroy() == "2 destroyed"
    assert "Versions" not in room.s3.list_object_versions(Bucket=room.name)


@pytest.mark.parametrize("versioning", ["NeverEnabled", "Enabled"])
def test_the_providers_sequence_by_boto3(make_room, versioning):
    room = make_room(versioning=versioning)
    s3, named = room.s3, {"Bucket": room.name, "Key": KEY}

    for content, env in ((b"<h1>first</h1>", "test"), (b"<h1>second</h1>", "production")):
        s3.put_object(
            **named,
            Body=content,
            ContentType="text/html",
            Metadata={"made-by": "terraform"},
            Tagging=f"env={env}",
            ChecksumAlgorithm="SHA256",
        )
        head = s3.head_object(**named, ChecksumMode="ENABLED")
        assert head["ContentLength"] == len(content)
        assert len(head["ChecksumSHA256"]) == 44
        assert s3.get_object_tagging(**named)["TagSet"] == [{"Key": "env", "Value": env}]
        assert s3.list_objects_v2(Bucket=room.name, Prefix="site/")["KeyCount"] == 1

    for version in s3.list_object_versions(Bucket=room.name, Prefix=KEY)["Versions"]:
        s3.delete_object(**named, VersionId=version["VersionId"])
    with pytest.raises(s3.exceptions.ClientError, match="404"):
        s3.head_object(**named)


def _read(room):
    named = {"Bucket": room.name, "Key": KEY}
    got = room.s3.get_object(**named)
    tags = {each["Key"]: each["Value"] for each in room.s3.get_object_tagging(**named)["TagSet"]}
    return got["Body"].read(), got["ContentType"], got["Metadata"], tags
