"""Terraform's AWS provider as a client of Lightsail: apply, empty plan, change, import, destroy."""

from pathlib import Path

import pytest

from support.running import Key
from support.terraform import Terraform

CONFIGURATION = Path(__file__).parent / "terraform" / "buckets.tf"
NAME = "terraform-files"


def test_whole_cycle_settles_and_leaves_nothing_behind(authority, tmp_path):
    terraform = Terraform(tmp_path / "terraform", authority.url, authority.admin_key)
    lightsail = authority.client("lightsail")
    configuration = CONFIGURATION.read_text()

    terraform.write(configuration)
    assert terraform.apply() == "3 added, 0 changed, 0 destroyed"
    assert terraform.is_settled()
    made = terraform.attributes("aws_lightsail_bucket_access_key.app")
    # The key that Terraform was given opens the bucket; what is put there goes with it.
    s3 = authority.client("s3", Key(made["access_key_id"], made["secret_access_key"]))
    s3.put_object(Bucket=NAME, Key="k", Body=b"v")

    changed = configuration.replace('"small_1_0"', '"medium_1_0"').replace('"test"', '"production"')
    terraform.write(changed)
    assert terraform.apply() == "0 added, 1 changed, 0 destroyed"
    assert terraform.is_settled()
    bucket = lightsail.get_buckets(bucketName=NAME)["buckets"][0]
    assert (bucket["bundleId"], bucket["tags"]) == ("medium_1_0", [{"key": "env", "value": "production"}])

    # A plan wants force_delete, which no server keeps, to be noted again.
    imported = {"aws_lightsail_bucket.files": NAME}
    assert terraform.import_again(imported) == "1 imported, 0 added, 1 changed, 0 destroyed"
    # Of an imported key the provider keeps no bucket_name, so that an apply would make another: AWS's own way.
    key = "aws_lightsail_bucket_access_key.app"
    terraform.run("state", "rm", key)
    terraform.run("import", key, f"{NAME},{made['access_key_id']}")
    assert terraform.attributes(key)["access_key_id"] == made["access_key_id"]

    assert terraform.destroy() == "3 destroyed"
    assert lightsail.get_buckets()["buckets"] == []
    with pytest.raises(s3.exceptions.ClientError, match="InvalidAccessKeyId"):
        s3.get_object(Bucket=NAME, Key="k")
