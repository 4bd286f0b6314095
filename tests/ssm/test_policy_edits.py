"""What becomes of an automatic approval when a policy is written that would not have given it."""

import json

import pytest

from keystead.kernel.clock import now_ms
from keystead.products.ssm import session_records
from keystead.products.ssm.session_records import SessionRow
from ssm.access import ACCOUNT, AUTO, DENY, OPEN, REGION, Access, cedar, level, manual
from ssm.room import NodeRoom, refused

FORBIDS_ALL = "forbid(principal, action, resource);"
FORBIDS_PROD = (
    'forbid(principal, action, resource) when { resource.hasTag("env") && resource.getTag("env") == "prod" };'
)
PERMITS_TEST = (
    'permit(principal, action, resource) when { resource.hasTag("env") && resource.getTag("env") == "test" };'
)


@pytest.fixture
def access(authority):
    made = Access(NodeRoom(authority))
    made.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    return made


@pytest.fixture
def ana(access):
    """Somebody who asks: the user ana as operators/ana."""
    return access.session(access.user("ana"), "ana")


def status(client, request: str) -> str:
    answer = client.get_access_token(AccessRequestId=request)
    assert ("Credentials" in answer) == (answer["AccessRequestStatus"] == "Approved")
    return answer["AccessRequestStatus"]


def keys(access, client, request: str):
    """Return the client of a request's keys."""
    return access.client(client.get_access_token(AccessRequestId=request)["Credentials"])


def edit(access, name: str, text: str) -> str:
    """Write one more version of a policy, which nobody goes by yet, and return its number."""
    told = access.room.ssm.update_document(Name=name, Content=json.dumps(cedar(text)))
    return told["DocumentDescription"]["DocumentVersion"]


def put_in_force(access, name: str, version: str) -> None:
    access.room.ssm.update_document_default_version(Name=name, DocumentVersion=version)


@pytest.mark.parametrize(
    ("document", "text"), [(AUTO, PERMITS_TEST), (AUTO, f"{OPEN} {FORBIDS_PROD}"), (DENY, FORBIDS_PROD)]
)
def test_edited_policy_holds_at_the_next_request_and_for_whom_it_means_only(access, ana, document, text):
    access.room.document(cedar('forbid(principal == AWS::IdentityStore::User::"x", action, resource);'),
        "AutoApprovalPolicy", DENY)  # fmt: skip
    prod, test = access.node(env="prod"), access.node(env="test")
    cut, kept = access.ask(ana, prod), access.ask(ana, test)
    cut_keys, kept_keys = keys(access, ana, cut), keys(access, ana, kept)

    version = edit(access, document, text)
    with refused("TargetNotConnected"):
        cut_keys.start_session(Target=prod)
    put_in_force(access, document, version)

    with refused("UnrecognizedClientException"):
        cut_keys.start_session(Target=prod)
    assert status(ana, cut) == "Revoked"
    assert access.room.ssm.get_ops_item(OpsItemId=cut)["OpsItem"]["Status"] == "Revoked"
    assert "RevokeAccessRequest" in access.room.journal()
    with refused("TargetNotConnected"):
        kept_keys.start_session(Target=test)
    assert status(ana, kept) == "Approved"


def test_what_is_taken_back_does_not_return_with_the_old_text(access, ana):
    request = access.ask(ana, access.node())

    put_in_force(access, AUTO, edit(access, AUTO, FORBIDS_ALL))
    put_in_force(access, AUTO, "1")

    assert status(ana, request) == "Revoked"
    assert status(ana, access.ask(ana, access.node())) == "Approved"


def test_new_deny_document_holds_at_once(access, ana):
    node = access.node()
    request = access.ask(ana, node)
    given = keys(access, ana, request)

    access.room.document(FORBIDS_ALL, "AutoApprovalPolicy", DENY)

    with refused("UnrecognizedClientException"):
        given.start_session(Target=node)
    assert status(ana, request) == "Revoked"


@pytest.mark.parametrize("tag", [{"team": "red"}, {}])
def test_deny_knows_the_tags_that_the_requester_had(access, tag):
    sts = access.room.client("sts", access.user("ana"))
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    access.room.iam.update_assume_role_policy(
        RoleName="operators", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    access.room.iam.put_user_policy(
        UserName="ana",
        PolicyName="tags",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
        ),
    )
    made = sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/operators",
        RoleSessionName="ana",
        Tags=[{"Key": key, "Value": value} for key, value in tag.items()],
    )
    ana = access.client(made["Credentials"])
    request = access.ask(ana, access.node())
    rule = (
        'forbid(principal, action, resource) when { context.iam.principalTags.hasTag("team")'
        ' && context.iam.principalTags.getTag("team") == "red" };'
    )

    access.room.document(cedar(rule), "AutoApprovalPolicy", DENY)

    assert status(ana, request) == ("Revoked" if tag else "Approved")


def test_deny_touches_nothing_that_people_approved(access, ana):
    access.room.ssm.delete_document(Name=AUTO)
    bob = access.room.client("ssm", access.user("bob"))
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    request = access.ask(ana, access.node())
    access.signal(bob, request)

    access.room.document(cedar(FORBIDS_ALL), "AutoApprovalPolicy", DENY)

    assert status(ana, request) == "Approved"


def test_policy_that_is_deleted_ends_nothing_and_one_that_is_refused_neither(access, ana):
    node = access.node()
    request = access.ask(ana, node)

    with refused("InvalidDocumentContent"):
        edit(access, AUTO, "forbid(principal")
    access.room.ssm.delete_document(Name=AUTO)

    assert status(ana, request) == "Approved"
    with refused("ValidationException"):
        access.ask(ana, node)


def test_session_that_outlives_its_window_ends_too(access, ana):
    node = access.node()
    request = access.ask(ana, node)
    credential = ana.get_access_token(AccessRequestId=request)["Credentials"]["AccessKeyId"]
    authority = access.room.authority.authority
    row = SessionRow(
        "ana-00000000000000000", ACCOUNT, REGION, node, "SSM-SessionManagerRunShell", "Standard_Stream", "{}", "",
        "", "", credential, request, "Connected", now_ms(authority.clock), None, 10**6, None,
    )  # fmt: skip
    access.room.authority.run(authority.store.write(lambda tx: session_records.add(tx, row)))
    access.advance(hours=3)

    access.room.document(cedar(FORBIDS_ALL), "AutoApprovalPolicy", DENY)

    find = authority.store.read(lambda reader: session_records.find(reader, ACCOUNT, row.id))
    assert not access.room.authority.run(find).is_open
    assert access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["Status"] == "Revoked"
