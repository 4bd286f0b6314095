"""The keys of nodes: only a node has them, they end with its registration, and its role must trust nodes."""

import asyncio
import json
from functools import partial

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.kernel.secret import Secret
from keystead.remote.link import Gone
from keystead.remote.node.calls import Calls, Refused
from keystead.remote.node.place import Place
from keystead.remote.signing import Keys
from keystead.remote.sockets import trust
from ssmdoor.rig import REGION, ROLE, TRUST, Rig


def calls_of(rig: Rig, folder: str, keys: Keys | None = None) -> Calls:
    place = Place(rig.folder / folder)
    calls = Calls(place.settings(), place.key(), SystemClock(), SystemEntropy(), trust(rig.ca))
    if keys is not None:
        # A node that is refused asks for new keys: it gets the same.
        calls._fetch_keys = partial(_given, keys)
    return calls


async def _given(keys: Keys) -> tuple[Keys, float]:
    return keys, float("inf")


def caller(rig: Rig, keys: Keys) -> str:
    # Revealed to sign with, as the node does.
    client = boto3.session.Session().client(
        "sts",
        endpoint_url=rig.ready["http"],
        region_name=REGION,
        aws_access_key_id=keys.id,
        aws_secret_access_key=keys.secret.reveal().decode(),
        aws_session_token=keys.session_token.reveal().decode(),
        config=Config(retries={"total_max_attempts": 1}),
    )
    return client.get_caller_identity()["Arn"]


def test_session_of_the_role_that_is_called_like_a_node_is_none(rig: Rig) -> None:
    iam, sts = rig.client("iam"), rig.client("sts")
    account = sts.get_caller_identity()["Account"]
    statements = TRUST["Statement"]
    also = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    listed = [*(statements if isinstance(statements, list) else [statements]), also]
    iam.update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": listed})
    )
    role = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    made = sts.assume_role(RoleArn=role, RoleSessionName=rig.instance)["Credentials"]
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(TRUST))
    keys = Keys(
        made["AccessKeyId"],
        Secret(made["SecretAccessKey"].encode()),
        Secret(made["SessionToken"].encode()),
    )
    assert caller(rig, keys).endswith(f"/{rig.instance}")

    with pytest.raises(Gone, match="403"):
        asyncio.run(calls_of(rig, "node", keys).channel_token("control-channel", rig.instance, {}))


def test_keys_of_a_node_end_with_its_registration(rig: Rig) -> None:
    node = rig.another_node("leaving")
    calls = calls_of(rig, "leaving")
    keys = asyncio.run(calls.keys())
    assert caller(rig, keys).endswith(f"/{node}")

    rig.client("ssm").deregister_managed_instance(InstanceId=node)

    with pytest.raises(Gone, match="the authority opens no control-channel"):
        asyncio.run(calls.channel_token("control-channel", node, {}))

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        caller(rig, keys)
    with pytest.raises(Refused):
        asyncio.run(calls_of(rig, "leaving").keys())


def test_role_that_trusts_nodes_no_longer_gives_no_keys_and_is_given_to_none(rig: Rig) -> None:
    node, iam = rig.another_node("untrusted"), rig.client("iam")
    nobodys = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
        }
    )
    iam.create_role(RoleName="others", AssumeRolePolicyDocument=nobodys)
    with pytest.raises(ClientError, match="does not trust"):
        rig.client("ssm").update_managed_instance_role(InstanceId=node, IamRole="others")

    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=nobodys)
    try:
        with pytest.raises(Refused, match="AccessDenied"):
            asyncio.run(calls_of(rig, "untrusted").keys())
    finally:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(TRUST))
    assert asyncio.run(calls_of(rig, "untrusted").keys())
