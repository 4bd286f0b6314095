"""Sessions end: at their time, with their key, their user or their role, and also inside a change under way."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from badinput.wire import deliver, form, signed
from iam.answers import EXPIRED_TOKEN, NO_TOKEN, refused
from iam.room import Room
from sts.parts import allowing, assume, key_of, make_role, make_user, name_of, trusting
from support.running import RunningAuthority, settings_for

HOUR = 3600


@pytest.fixture
def own(authority):
    """An authority of one test's own, whose clock moves."""
    return Room(authority)


@pytest.fixture
def way_in(room):
    """A user's name and key, a role that lets the user in, and a session of it that was used."""
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), allowing("*"))
    session = assume(room, key, role)
    assert room.caller(session)
    return name_of(arn), key, role, session


def no_longer_known(room, session):
    with refused("InvalidClientTokenId", NO_TOKEN):
        room.caller(session)


# Bad input: facts/bad-inputs.md, "SigV4 / STS / IAM", the rows about sessions.


def test_session_without_its_token_is_an_unknown_key(room, way_in):
    *_, session = way_in

    no_longer_known(room, replace(session, session_token=None))


@pytest.mark.parametrize("altered", ["last character", "another session's", "not base64", "cut"])
def test_session_with_a_token_that_is_not_its_own_is_an_unknown_key(room, way_in, altered):
    _, key, role, session = way_in
    token = {
        "last character": session.session_token[:-1] + ("A" if session.session_token[-1] != "A" else "B"),
        "another session's": assume(room, key, role).session_token,
        "not base64": "x" * 100,
        "cut": session.session_token[:-4],
    }[altered]

    no_longer_known(room, replace(session, session_token=token))
    assert room.caller(session)


def test_token_of_a_session_with_a_long_term_key_is_refused(room, way_in):
    _, key, _, session = way_in

    no_longer_known(room, replace(key, session_token=session.session_token))
    no_longer_known(room, replace(key, session_token="x" * 100))


def test_session_with_another_secret_is_a_forgery(room, way_in):
    *_, session = way_in
    reply = deliver(signed(room.authority.url, replace(session, secret="x" * 40), form("GetCallerIdentity")))

    assert (reply.status, reply.code) == (403, "SignatureDoesNotMatch")


# Time.


def test_expired_session_is_told_so_to_the_second(own):
    arn, key = make_user(own)
    session = assume(own, key, make_role(own, trusting(arn)), DurationSeconds=900)
    own.authority.command("clock-advance", seconds=890)
    assert own.caller(session)

    own.authority.command("clock-advance", seconds=11)

    with refused("ExpiredToken", EXPIRED_TOKEN):
        own.caller(session)
    with refused("ExpiredToken", EXPIRED_TOKEN):
        own.client("iam", session).list_users()


def test_only_the_holder_of_the_token_is_told_that_a_session_has_expired(own):
    arn, key = make_user(own)
    session = assume(own, key, make_role(own, trusting(arn)), DurationSeconds=900)
    own.authority.command("clock-advance", seconds=1000)

    no_longer_known(own, replace(session, session_token=None))
    no_longer_known(own, replace(session, session_token="x" * 240))


def test_session_outlives_the_restart_of_the_server_and_its_end_does_too(tmp_path):
    settings = settings_for(tmp_path / "data")
    running = RunningAuthority(settings)
    room = Room(running)
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    good, ended = assume(room, key, role), assume(room, key, role)
    running.command("creds-revoke", id=ended.id)
    running.stop()

    running = RunningAuthority(settings)
    room = Room(running)

    assert room.caller(good)
    no_longer_known(room, ended)
    running.stop()


# What a session came from.


def test_session_is_refused_while_its_key_is_switched_off(room, way_in):
    name, key, _, session = way_in

    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")
    no_longer_known(room, session)
    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Active")

    assert room.caller(session)


def test_sessions_end_with_their_key_wherever_they_are_in_the_chain(room, way_in):
    name, key, role, session = way_in
    chained = assume(room, session, make_role(room, trusting(role)))
    mine = key_of(room.client("sts", key).get_session_token())
    from_mine = assume(room, mine, role)
    for each in (chained, mine, from_mine):
        assert room.caller(each)

    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)

    for each in (session, chained, mine, from_mine):
        no_longer_known(room, each)


def test_sessions_end_with_their_role(room, way_in):
    _, key, role, session = way_in
    other = assume(room, key, make_role(room, trusting(room.caller(key))))

    room.iam.delete_role_policy(RoleName=name_of(role), PolicyName="p0")
    room.iam.delete_role(RoleName=name_of(role))

    no_longer_known(room, session)
    assert room.caller(other)


def test_user_can_be_deleted_while_sessions_of_it_live_and_they_end(room, way_in):
    name, key, _, session = way_in
    mine = key_of(room.client("sts", key).get_session_token())
    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)

    room.iam.delete_user(UserName=name)

    no_longer_known(room, session)
    no_longer_known(room, mine)


@pytest.mark.parametrize("command", ["creds-deactivate", "creds-revoke"])
def test_operator_ends_one_session_and_what_came_from_it(room, way_in, command):
    _, key, role, session = way_in
    chained = assume(room, session, make_role(room, trusting(role)))
    other = assume(room, key, role)

    shown = room.authority.command("creds-show", id=session.id)
    room.authority.command(command, id=session.id)

    assert (shown["kind"], shown["owner"].rsplit("/", 1)[-1]) == ("sts.session", "run")
    no_longer_known(room, session)
    no_longer_known(room, chained)
    assert room.caller(other)


def test_sessions_outlive_their_key_where_that_is_set_but_not_their_role(tmp_path):
    running = RunningAuthority(settings_for(tmp_path / "data", sessions_outlive_issuer=True))
    try:
        room = Room(running)
        arn, key = make_user(room)
        role = make_role(room, trusting(arn))
        session = assume(room, key, role)
        room.iam.delete_access_key(UserName=name_of(arn), AccessKeyId=key.id)
        assert room.caller(session)
        room.iam.delete_role(RoleName=name_of(role))
        no_longer_known(room, session)
    finally:
        running.stop()


# A change under way.


class Blocked:
    """The writer, stopped inside a transaction: what is sent meanwhile waits in the order of its sending."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._store = room.authority.authority.store
        self._inside, self._go_on = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(8)

    def __enter__(self) -> "Blocked":
        def stand_still(tx) -> None:
            self._inside.set()
            assert self._go_on.wait(20)

        self._stopped = self._pool.submit(self._room.authority.run, self._store.write(stand_still))
        assert self._inside.wait(20)
        return self

    def send(self, work):
        """Send a request and return its future, once it is authenticated and waits for the writer."""
        before = self._waiting()
        future = self._pool.submit(work)
        while self._waiting() == before:
            assert not future.done(), future.exception()
            threading.Event().wait(0.005)
        return future

    def _waiting(self) -> int:
        async def count() -> int:
            await asyncio.sleep(0)
            return len(self._store._pending)

        return self._room.authority.run(count())

    def __exit__(self, *_) -> None:
        self._go_on.set()
        self._stopped.result(20)
        self._pool.shutdown()


def by_deactivating(room, name, key, role):
    return lambda: room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")


def by_deleting_the_key(room, name, key, role):
    return lambda: room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)


def by_closing_the_trust(room, name, key, role):
    nobody = trusting(make_user(room)[0])
    return lambda: room.iam.update_assume_role_policy(RoleName=name_of(role), PolicyDocument=nobody)


def by_denying_the_caller(room, name, key, role):
    denied = allowing("*").replace("Allow", "Deny")
    return lambda: room.iam.put_user_policy(UserName=name, PolicyName="no", PolicyDocument=denied)


REVOKES = {
    by_deactivating: "InvalidClientTokenId",
    by_deleting_the_key: "InvalidClientTokenId",
    by_closing_the_trust: "AccessDenied",
    by_denying_the_caller: "AccessDenied",
}


@pytest.mark.parametrize("how", REVOKES, ids=lambda how: how.__name__)
def test_mint_that_was_authenticated_before_a_revoke_is_not_committed_after_it(own, how):
    arn, key = make_user(own)
    role = make_role(own, trusting(arn))
    assert assume(own, key, role)
    revoke = how(own, name_of(arn), key, role)

    with Blocked(own) as writer:
        revoked = writer.send(revoke)
        minted = writer.send(lambda: assume(own, key, role))

    revoked.result(20)
    error = minted.exception(20)
    assert error is not None
    assert error.response["Error"]["Code"] == REVOKES[how]


@pytest.mark.parametrize("how", [by_deactivating, by_deleting_the_key], ids=lambda how: how.__name__)
def test_session_minted_before_a_revoke_ends_with_it(own, how):
    arn, key = make_user(own)
    role = make_role(own, trusting(arn))
    revoke = how(own, name_of(arn), key, role)

    with Blocked(own) as writer:
        minted = writer.send(lambda: assume(own, key, role))
        revoked = writer.send(revoke)

    revoked.result(20)
    no_longer_known(own, minted.result(20))


def test_change_by_a_session_whose_key_was_deleted_meanwhile_does_not_happen(own):
    arn, key = make_user(own)
    session = assume(own, key, make_role(own, trusting(arn), allowing("*")))
    iam = own.client("iam", session)

    with Blocked(own) as writer:
        deleted = writer.send(by_deleting_the_key(own, name_of(arn), key, ""))
        made = writer.send(lambda: iam.create_user(UserName="too-late"))

    deleted.result(20)
    assert made.exception(20).response["Error"]["Code"] == "InvalidClientTokenId"
    with pytest.raises(own.iam.exceptions.NoSuchEntityException):
        own.iam.get_user(UserName="too-late")


def test_no_session_is_good_after_its_key_is_gone_whatever_the_interleaving(own):
    """Many mints race with the deletion of the key that makes them: none of them outlives it."""
    arn, _ = make_user(own)
    role = make_role(own, trusting(arn))
    minted = []

    for _ in range(5):
        key = own.key(name_of(arn))
        with ThreadPoolExecutor(8) as pool:
            mints = [pool.submit(assume, own, key, role) for _ in range(12)]
            own.iam.delete_access_key(UserName=name_of(arn), AccessKeyId=key.id)
        minted += [each.result() for each in mints if each.exception() is None]

    for session in minted:
        no_longer_known(own, session)
