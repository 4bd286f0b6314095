"""Just-in-time access on a real node: keys of an approved request give a shell, and revoking ends it at once."""

import asyncio
import json
import time

import pytest
from botocore.exceptions import ClientError

from ssmdoor.access import ROLE, Access, arrange, environment, signing, statement
from ssmdoor.channel import Channel, refused
from ssmdoor.rig import AWS, Rig
from ssmdoor.terminal import Person


@pytest.fixture(scope="module")
def access(rig: Rig) -> Access:
    return arrange(rig)


@pytest.mark.parametrize(
    ("approved", "ended"),
    [("by-policy", "administrator"), ("by-policy", "deny"), ("by-bob", "approver"), ("by-bob", "requester")],
)
def test_shell_ends_within_a_second_and_its_keys_are_refused(
    rig: Rig, access: Access, approved: str, ended: str
) -> None:
    with access.approved(approved) as given:
        person = Person([AWS, "ssm", "start-session", "--target", rig.instance], environment(rig, given.keys))
        person.sees("Starting session with SessionId: ")
        session_id = person.sees("\r\n").strip()
        person.type("echo here-$((6*7))\n")
        person.sees("here-42")

        began = time.monotonic()
        access.end(ended, given)
        person.sees(f"SessionId: {session_id} : Your access to this node was revoked.")
        took = time.monotonic() - began

    print(f"approved {approved}, ended by the {ended}: no shell after {took * 1000:.0f} ms")
    assert person.leaves() == 0
    assert took < 1
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        signing(rig, given.keys).start_session(Target=rig.instance)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        signing(rig, given.keys, "sts").get_caller_identity()
    after = access.ana.get_access_token(AccessRequestId=given.request)
    assert after["AccessRequestStatus"] == "Revoked"
    assert "Credentials" not in after
    wanted = [{"key": "SessionId", "value": session_id}]
    (shown,) = access.root.describe_sessions(State="History", Filters=wanted)["Sessions"]
    assert (shown["Status"], shown["AccessType"]) == ("Terminated", "JustInTime")


def test_token_of_a_revoked_request_opens_nothing(rig: Rig, access: Access) -> None:
    with access.approved("by-policy") as given:
        session = signing(rig, given.keys).start_session(Target=rig.instance)
        access.end("administrator", given)

        assert asyncio.run(refused(rig, session))


def test_keys_open_no_other_node_document_or_api(rig: Rig, access: Access) -> None:
    with access.approved("by-policy") as given:
        ssm = signing(rig, given.keys)

        with pytest.raises(ClientError, match="AccessDenied"):
            ssm.start_session(Target=rig.instance, DocumentName="AWS-StartPortForwardingSession")
        with pytest.raises(ClientError, match="AccessDenied"):
            ssm.start_session(Target="mi-0123456789abcdef0")
        with pytest.raises(ClientError, match="AccessDenied"):
            ssm.describe_instance_information()


@pytest.mark.parametrize("action", ["ssm:StartSession", "ssmmessages:OpenDataChannel"])
def test_shell_ends_within_a_second_of_its_roles_policy_denying(
    rig: Rig, access: Access, action: str
) -> None:
    iam, denies = rig.client("iam"), json.loads(statement(Action=action, Resource="*"))
    denies["Statement"][0]["Effect"] = "Deny"
    with access.approved("by-bob") as given:
        person = Person([AWS, "ssm", "start-session", "--target", rig.instance], environment(rig, given.keys))
        person.type("echo here-$((6*7))\n")
        person.sees("here-42")
        began = time.monotonic()
        iam.put_role_policy(RoleName=ROLE, PolicyName="denies", PolicyDocument=json.dumps(denies))
        try:
            person.sees("Your access to this node was revoked.")
            took = time.monotonic() - began
        finally:
            iam.delete_role_policy(RoleName=ROLE, PolicyName="denies")

    assert person.leaves() == 0
    assert took < 1


@pytest.mark.parametrize("action", ["ssm:StartSession", "ssmmessages:OpenDataChannel"])
def test_client_that_signs_nothing_is_ended_by_a_deny_as_well(rig: Rig, access: Access, action: str) -> None:
    iam, denies = rig.client("iam"), json.loads(statement(Action=action, Resource="*"))
    denies["Statement"][0]["Effect"] = "Deny"

    async def live(session: dict) -> str:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        await channel.type("echo here-$((6*7))\r")
        await channel.sees("here-42")
        await asyncio.to_thread(
            iam.put_role_policy, RoleName=ROLE, PolicyName="denies", PolicyDocument=json.dumps(denies)
        )
        return await channel.end()

    with access.approved("by-bob") as given:
        try:
            told = asyncio.run(live(signing(rig, given.keys).start_session(Target=rig.instance)))
        finally:
            iam.delete_role_policy(RoleName=ROLE, PolicyName="denies")

    assert told == "Your access to this node was revoked."


def test_shell_goes_on_where_a_deny_means_others(rig: Rig, access: Access) -> None:
    iam = rig.client("iam")
    denies = json.loads(statement(Action="ssm:StartSession", Resource="*"))
    denies["Statement"][0] |= {
        "Effect": "Deny",
        "Condition": {"StringNotEquals": {"ssm:resourceTag/env": "test"}},
    }
    tags = {"ResourceType": "ManagedInstance", "ResourceId": rig.instance}
    access.root.add_tags_to_resource(**tags, Tags=[{"Key": "env", "Value": "test"}])
    with access.approved("by-bob") as given:
        person = Person([AWS, "ssm", "start-session", "--target", rig.instance], environment(rig, given.keys))
        person.type("echo here-$((6*7))\n")
        person.sees("here-42")
        iam.put_role_policy(RoleName=ROLE, PolicyName="denies", PolicyDocument=json.dumps(denies))
        try:
            time.sleep(1)
            person.type("echo still-$((6*7))\n")
            person.sees("still-42")
            access.root.remove_tags_from_resource(**tags, TagKeys=["env"])
            person.sees("Your access to this node was revoked.")
        finally:
            iam.delete_role_policy(RoleName=ROLE, PolicyName="denies")

    assert person.leaves() == 0


def test_keys_are_refused_as_soon_as_their_roles_policy_denies(rig: Rig, access: Access) -> None:
    iam, denies = rig.client("iam"), json.loads(statement(Action="ssm:StartSession", Resource="*"))
    denies["Statement"][0]["Effect"] = "Deny"
    with access.approved("by-policy") as given:
        ssm = signing(rig, given.keys)
        session = ssm.start_session(Target=rig.instance)["SessionId"]
        iam.put_role_policy(RoleName=ROLE, PolicyName="denies", PolicyDocument=json.dumps(denies))
        try:
            with pytest.raises(ClientError, match="AccessDenied"):
                ssm.start_session(Target=rig.instance)
        finally:
            iam.delete_role_policy(RoleName=ROLE, PolicyName="denies")
            access.root.terminate_session(SessionId=session)
