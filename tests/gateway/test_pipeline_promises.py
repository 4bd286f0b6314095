"""What the pipeline promises whatever an operation does: no leak, no half change, no error of another's making."""

import asyncio
from datetime import UTC, datetime

import pytest
from gateway_under_test import with_gateway

from keystead.identity import records
from keystead.identity.records import User
from keystead.kernel.errors import DomainError, NotFound
from keystead.types import iam, sts
from keystead.types.errors import ServiceError, ValidationError
from keystead.types.operation import Operation

CANARY = "canary-7c2e"
EPOCH = datetime.fromtimestamp(0, UTC)
ACCOUNT = "123456789012"
LOGIN = Operation("iam", "CreateLoginProfile")


class Unlisted(ServiceError):
    """An error that exists in IAM's model, but not at GetUser or CreateUser."""

    service, shape = "iam", "MalformedPolicyDocumentException"


class Unheard(DomainError):
    """A domain error that no face translates."""


def _raising(error):
    class Group:
        @iam.CreateUser("write", resource="*")
        def create_user(self, call, request):
            records.add_user(call.tx, User(ACCOUNT, "AIDATOY", "half", "/", 0))
            raise error

        @iam.GetUser("read", resource="*")
        def get_user(self, call, request):
            raise error

        @sts.GetCallerIdentity("read", resource="*")
        def get_caller_identity(self, call, request):
            raise error

    return Group()


def _half(bench):
    return records.user_named(bench.authority.store.reader, ACCOUNT, "half")


BROKEN = [
    RuntimeError(CANARY),
    KeyError(CANARY),
    Unlisted(CANARY),
    Unheard(CANARY),
    NotFound("user", CANARY),
    RecursionError(CANARY),
    OSError(28, CANARY),
]


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_what_no_model_lists_is_our_failure_and_tells_nothing(tmp_path, error, caplog):
    async def test(bench):
        answers = [
            await bench.call("CreateUser", UserName="half"),
            await bench.call("GetUser"),
            await bench.call("GetCallerIdentity", "2011-06-15", "sts"),
        ]
        return answers, _half(bench), await bench.journal()

    answers, half, events = with_gateway(tmp_path, [_raising(error)], test)

    assert [(answer.status, answer.code) for answer in answers] == [
        (500, "ServiceFailure"),
        (500, "ServiceFailure"),
        (500, "InternalFailure"),
    ]
    assert half is None
    for answer, event in zip(answers, events[-3:], strict=True):
        assert CANARY not in answer.text
        assert event["requestID"] in answer.text
        assert (event["errorCode"], event["reason"]) == (answer.code, "broken")
        assert event["requestID"] in caplog.text


def test_what_the_model_lists_leaves_as_itself_and_undoes_the_change(tmp_path):
    error = iam.EntityAlreadyExistsException("User with name half already exists.")

    async def test(bench):
        return await bench.call("CreateUser", UserName="half"), _half(bench)

    answer, half = with_gateway(tmp_path, [_raising(error)], test)

    assert (answer.status, answer.code) == (409, "EntityAlreadyExists")
    assert "User with name half already exists." in answer.text
    assert half is None


def test_a_validation_error_of_an_operation_is_the_callers(tmp_path):
    async def test(bench):
        return await bench.call("GetUser")

    answer = with_gateway(tmp_path, [_raising(ValidationError("Invalid Marker."))], test)

    assert (answer.status, answer.code) == (400, "ValidationError")


def test_a_translation_that_fails_is_still_answered(tmp_path):
    def translate(error):
        raise LookupError(CANARY)

    async def test(bench):
        return await bench.call("GetUser"), await bench.journal()

    answer, events = with_gateway(tmp_path, [_raising(NotFound("thing", "x"))], test, translate=translate)

    assert answer.status == 500
    assert CANARY not in answer.text
    assert events[-1]["eventName"] == "GetUser"


def test_a_reading_operation_cannot_write(tmp_path):
    class Group:
        @iam.GetUser("read", resource="*")
        def get_user(self, call, request):
            return {"User": records.add_user(call.tx, User(ACCOUNT, "AIDATOY", "half", "/", 0))}

        @iam.ListUsers("read", resource="*")
        def list_users(self, call, request):
            records.add_user(call.reader, User(ACCOUNT, "AIDATOY", "half", "/", 0))

        @iam.DeleteUser("read", resource="*")
        def delete_user(self, call, request):
            call.reader.all("DELETE FROM account")

    async def test(bench):
        answers = [
            await bench.call("GetUser"),
            await bench.call("ListUsers"),
            await bench.call("DeleteUser", UserName="bob"),
        ]
        return answers, _half(bench), records.accounts(bench.authority.store.reader)

    answers, half, accounts = with_gateway(tmp_path, [Group()], test)

    assert [answer.status for answer in answers] == [500, 500, 500]
    assert half is None
    assert len(accounts) == 1


def test_an_answer_that_cannot_be_written_undoes_its_change(tmp_path):
    class Group:
        @iam.CreateUser("write", resource="*")
        def create_user(self, call, request):
            records.add_user(call.tx, User(ACCOUNT, "AIDATOY", "half", "/", 0))
            return {"User": {"CreateDate": object()}}

    async def test(bench):
        return await bench.call("CreateUser", UserName="half"), _half(bench), await bench.journal()

    answer, half, events = with_gateway(tmp_path, [Group()], test)

    assert (answer.status, answer.code) == (500, "ServiceFailure")
    assert half is None
    assert [(event["eventName"], event.get("errorCode")) for event in events] == [
        ("CreateUser", "ServiceFailure")
    ]


class Secretive:
    """Operations whose models mark members as sensitive."""

    @iam.CreateAccessKey("write", resource="*")
    def create_access_key(self, call, request):
        return {
            "AccessKey": {
                "UserName": "bob",
                "AccessKeyId": "AKIATOY",
                "Status": "Active",
                "SecretAccessKey": CANARY,
            }
        }

    @LOGIN("write", resource="*")
    def create_login_profile(self, call, request):
        if request["UserName"] == "nobody":
            raise iam.NoSuchEntityException("The user with name nobody cannot be found.")
        return {"LoginProfile": {"UserName": "bob", "CreateDate": EPOCH}}


def test_events_hold_what_was_asked_and_answered_without_anything_sensitive(tmp_path):
    async def test(bench):
        made = await bench.call("CreateAccessKey", UserName="bob")
        await bench.call("CreateLoginProfile", UserName="bob", Password=CANARY)
        await bench.call("CreateLoginProfile", UserName="nobody", Password=CANARY)
        await bench.call("CreateLoginProfile", UserName="no name!", Password=CANARY)
        return made, await bench.journal()

    made, events = with_gateway(tmp_path, [Secretive()], test)

    assert CANARY in made.text
    assert CANARY not in str(events)
    by_id = {event["requestID"]: event for event in events}
    assert len(by_id) == 4
    minted = next(event for event in events if event["eventName"] == "CreateAccessKey")
    assert minted["requestParameters"] == {"UserName": "bob"}
    assert minted["responseElements"]["AccessKey"]["AccessKeyId"] == "AKIATOY"
    assert minted["responseElements"]["AccessKey"]["SecretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    refused = next(event for event in events if event.get("errorCode") == "NoSuchEntity")
    assert refused["requestParameters"] == {
        "UserName": "nobody",
        "Password": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }


def test_an_event_says_who_asked_from_where_and_how_it_ended(tmp_path):
    async def test(bench):
        await bench.call("CreateAccessKey", UserName="bob")
        await bench.call("GetUser")
        return (await bench.journal())[0], bench.root

    event, root = with_gateway(tmp_path, [Secretive()], test)

    assert event["userIdentity"] == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": root.id,
    }
    assert (event["eventSource"], event["awsRegion"]) == ("iam.amazonaws.com", "us-east-1")
    assert (event["sourceIPAddress"], event["recipientAccountId"]) == ("127.0.0.1", ACCOUNT)
    assert "errorCode" not in event


def test_a_refused_signature_is_journalled_as_unknown_whatever_key_it_claims(tmp_path):
    async def test(bench):
        await bench.send(
            "GET", "/?Action=GetUser&Version=2010-05-08", key=type(bench.root)(bench.root.id, "wrong")
        )
        return (await bench.journal())[0], bench.root

    event, root = with_gateway(tmp_path, [Secretive()], test)

    assert event["userIdentity"] == {"type": "Unknown", "accessKeyId": root.id}
    assert event["errorCode"] == "SignatureDoesNotMatch"


def test_a_write_by_a_key_revoked_meanwhile_does_not_happen(tmp_path):
    """Authenticated before the revoke, committed after it: the operation must not run."""
    ran = []

    class Group:
        @iam.DeleteUser("write", resource="*")
        def delete_user(self, call, request):
            ran.append(call.request_id)

    async def test(bench):

        authority = bench.authority
        revoking = asyncio.create_task(
            authority.store.write(lambda tx: authority.issuer.revoke(tx, bench.root.id))
        )
        await asyncio.sleep(0)
        answer = await bench.call("DeleteUser", UserName="bob")
        await revoking
        return answer

    answer = with_gateway(tmp_path, [Group()], test)

    assert (answer.status, answer.code) == (403, "InvalidClientTokenId")
    assert ran == []
