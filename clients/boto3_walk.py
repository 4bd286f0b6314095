"""What boto3 has to be able to do. The environment already points at an authority; every step is asserted."""

# ruff: noqa: S101 - assertions are what this script is for, and it is never run with -O.

import boto3
from botocore.exceptions import ClientError


def refused(call, **parameters):
    """Return the code with which a call is refused; None if it is not."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def main():
    iam, sts = boto3.client("iam"), boto3.client("sts")
    account = sts.get_caller_identity()["Account"]
    arn = iam.create_user(UserName="grace", Tags=[{"Key": "site", "Value": "lab"}])["User"]["Arn"]
    assert arn == f"arn:aws:iam::{account}:user/grace"
    assert iam.get_user(UserName="grace")["User"]["Tags"] == [{"Key": "site", "Value": "lab"}]

    key = iam.create_access_key(UserName="grace")["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"])
    who = session.client("sts").get_caller_identity
    assert who()["Arn"] == arn
    assert refused(session.client("iam").list_users) == "AccessDenied"
    impostor = boto3.session.Session(key["AccessKeyId"], "x" * 40).client("sts")
    assert refused(impostor.get_caller_identity) == "SignatureDoesNotMatch"

    switch = {"UserName": "grace", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**switch, Status="Inactive")
    assert refused(who) == "InvalidClientTokenId"
    iam.update_access_key(**switch, Status="Active")
    assert who()["Arn"] == arn
    last = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (last["UserName"], last["AccessKeyLastUsed"]["ServiceName"]) == ("grace", "sts")

    iam.create_access_key(UserName="grace")
    assert refused(iam.create_access_key, UserName="grace") == "LimitExceeded"
    pages = iam.get_paginator("list_access_keys").paginate(UserName="grace", PaginationConfig={"PageSize": 1})
    held = [each["AccessKeyId"] for page in pages for each in page["AccessKeyMetadata"]]
    assert len(held) == 2
    for key_id in held:
        iam.delete_access_key(UserName="grace", AccessKeyId=key_id)
    assert refused(who) == "InvalidClientTokenId"
    iam.delete_user(UserName="grace")
    assert refused(iam.get_user, UserName="grace") == "NoSuchEntity"
    print(f"boto3 went the whole way: {boto3.__version__}")


main()
