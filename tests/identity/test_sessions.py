"""Sessions of any product's kind: what they stand for, and that they end with what they came from."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import keystead
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import INACTIVE, Form, Kind, Kinds, Storage
from keystead.credentials.rootkey import RootKeys
from keystead.credentials.seal import AUTHORITY, Seal
from keystead.credentials.sweep import sweep
from keystead.credentials.verify import Verified, Verifier
from keystead.identity import records, session_records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.principals import ROOT_OWNER, Principals
from keystead.identity.quotas import Quotas
from keystead.identity.roles import Roles
from keystead.identity.session_records import Scope
from keystead.identity.sessions import (
    KEEP_EXPIRED,
    MAX_ISSUERS,
    ChainTooLong,
    Sessions,
    federated_user,
    role_session,
    session_kind,
    session_of,
)
from keystead.identity.testimony import identity_of
from keystead.identity.trust import Trust
from keystead.identity.users import Users
from keystead.kernel.ids import access_key_id
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore
from support.fakes import FixedEntropy, TestClock

ACCOUNT = "111111111111"
HOUR = timedelta(hours=1)
SESSION = session_kind("toy.session", longest=timedelta(hours=12))
KEY = Kind(
    "toy.key",
    Form.KEY_PAIR,
    Storage.SEALED,
    lambda account, entropy: access_key_id("AKIA", account, entropy),
)


class Inline:
    """A store whose writes are commits of their own, at once."""

    def __init__(self, store):
        self.write_now, self.reader = store.write_now, store.reader

    async def write(self, job):
        return self.write_now(job)


class House:
    """The layers up to identity over a real database: one user with a key, and one role."""

    def __init__(self, folder: Path, **options: bool):
        self.clock, entropy = TestClock(), FixedEntropy()
        self.store = SQLiteStore(folder)
        source = Path(keystead.__file__).parent
        owners = [
            Migrations(layer, source / layer / "migrations") for layer in ("store", "credentials", "identity")
        ]
        self.write(lambda tx: migrate(tx, owners, 0))
        seal = Seal(RootKeys({"one": bytes(32)}, entropy), entropy)
        for account, purpose in ((AUTHORITY, "digest"), (ACCOUNT, "seal")):
            self.write(lambda tx, a=account, p=purpose: seal.add_key(tx, a, p, 0))
        self.write(lambda tx: records.add_account(tx, ACCOUNT, 0))
        kinds = Kinds((KEY, SESSION))
        self.verifier = Verifier(kinds, seal, self.store.reader, self.clock)
        self.issuer = Issuer(kinds, seal, self.verifier, self.clock, entropy)
        epoch = PolicyEpoch()
        self.principals = Principals(self.store.reader, self.verifier, epoch, **options)
        self.users = Users(self.principals, Quotas(), epoch, self.clock, entropy)
        self.roles = Roles(Quotas(), epoch, self.clock, entropy)
        self.sessions = Sessions(self.issuer, self.clock)
        self.user = self.write(lambda tx: self.users.create(tx, ACCOUNT, "ada", "/team/"))
        trusted = Trust('{"Version": "2012-10-17", "Statement": []}', ())
        self.role = self.write(
            lambda tx: self.roles.create(tx, ACCOUNT, "deploy", "/ops/", trusted, None, 3600)
        )
        self.key = self.write(
            lambda tx: self.issuer.mint(tx, KEY, account=ACCOUNT, owner=self.user.id)
        ).credential

    def write(self, job):
        return self.store.write_now(job)

    def mint(self, stands_for=None, scope=None, by=None, life=HOUR, **more):
        stands_for = stands_for or role_session(self.role, "run-7")
        by = by or self.key
        return self.write(
            lambda tx: self.sessions.mint(tx, SESSION, stands_for, scope or Scope(), by=by, life=life, **more)
        )

    def lets_in(self, minted) -> bool:
        """Whether both looks at a session agree that it is good, and it is."""
        credential = minted.credential
        verified = self.verifier.verify_key(
            credential.id,
            minted.session_token,
            lambda key: key.secret == minted.secret,
            accepts={SESSION.name: ""},
        )
        in_memory = self.principals.of(credential)
        assert in_memory == self.write(lambda tx: self.principals.again(tx, credential))
        return isinstance(verified, Verified) and in_memory is not None


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.store.close()


def test_role_session_has_the_three_names_that_the_guide_gives(house):
    principal = house.principals.of(house.mint().credential)

    assert (principal.type, principal.owner, principal.user_name) == ("assumed-role", house.role.id, "")
    assert principal.id == f"{house.role.id}:run-7"
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run-7"
    assert principal.issuer_arn == f"arn:aws:iam::{ACCOUNT}:role/ops/deploy"


def test_federated_user_has_a_name_of_its_own_and_a_user_behind_it(house):
    principal = house.principals.of(house.mint(federated_user(ACCOUNT, house.user.id, "bob")).credential)

    assert (principal.type, principal.id) == ("federated-user", f"{ACCOUNT}:bob")
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert (principal.owner, principal.issuer_arn) == (house.user.id, house.user.arn)


@pytest.mark.parametrize(("owner", "kind"), [(None, "user"), (ROOT_OWNER, "root")])
def test_session_token_makes_its_holder_no_other_principal(house, owner, kind):
    owner = owner or house.user.id
    principal = house.principals.of(house.mint(session_of(ACCOUNT, owner)).credential)

    assert (principal.type, principal.owner) == (kind, owner)
    assert principal.session.type == "session-token"


def test_journal_says_who_issued_a_session(house):
    minted = house.mint(scope=Scope(source_identity="ada@example.com", has_mfa=False))

    told = identity_of(house.principals.of(minted.credential), minted.credential.id)

    assert (told.type, told.accessKeyId) == ("AssumedRole", minted.credential.id)
    issuer = told.sessionContext["sessionIssuer"]
    assert (issuer["type"], issuer["principalId"], issuer["userName"]) == ("Role", house.role.id, "deploy")
    assert told.sessionContext["sourceIdentity"] == "ada@example.com"
    assert told.sessionContext["attributes"]["mfaAuthenticated"] == "false"


def test_what_a_session_was_made_with_is_kept(house):
    scope = Scope(
        '{"Version": "2012-10-17"}', ("arn:p",), {"Team": "x"}, ("Team",), "who", "idp", "sub", True
    )

    minted = house.mint(scope=scope)

    kept = session_records.find(house.store.reader, ACCOUNT, minted.credential.id).scope
    # Who is at the start of the chain is found out, and not taken from whoever mints.
    assert kept.origin.startswith(f"user:{ACCOUNT}:")
    assert scope == msgspec.structs.replace(kept, origin="")
    assert session_records.find(house.store.reader, "222222222222", minted.credential.id) is None


def test_session_ends_with_its_time(house):
    minted = house.mint()
    assert house.lets_in(minted)

    house.clock.advance(3600)

    assert not house.lets_in(minted)


@pytest.mark.parametrize("how", ["deleted", "switched off", "expired"])
def test_session_ends_with_the_key_that_it_was_made_with(house, how):
    first = house.mint()
    chained = house.mint(by=first.credential)
    assert house.lets_in(first)
    assert house.lets_in(chained)

    house.write(
        lambda tx: {
            "deleted": lambda: house.issuer.revoke(tx, house.key.id),
            "switched off": lambda: house.issuer.set_status(tx, house.key, INACTIVE),
            "expired": lambda: house.issuer.expire(tx, house.key, 0),
        }[how]()
    )

    assert not house.lets_in(first)
    assert not house.lets_in(chained)


def test_session_ends_with_a_session_in_its_chain_that_is_revoked_but_not_with_one_that_expires(house):
    first = house.mint(life=timedelta(minutes=15))
    second = house.mint(by=first.credential)
    other = house.mint(by=first.credential)

    house.clock.advance(15 * 60)
    assert house.lets_in(second)
    house.write(lambda tx: house.issuer.revoke(tx, first.credential.id))

    assert not house.lets_in(second)
    assert not house.lets_in(other)


def test_session_may_outlive_its_key_where_that_is_set(tmp_path):
    house = House(tmp_path, sessions_outlive_issuer=True)
    minted = house.mint()

    house.write(lambda tx: house.issuer.revoke(tx, house.key.id))

    assert house.lets_in(minted)
    house.write(lambda tx: house.roles.delete(tx, house.role))
    assert not house.lets_in(minted)
    house.store.close()


def test_session_ends_with_its_role_even_if_another_of_its_name_comes_after(house):
    minted = house.mint()
    trusted = Trust(house.role.trust, ())

    house.write(lambda tx: house.roles.delete(tx, house.role))
    house.write(lambda tx: house.roles.create(tx, ACCOUNT, "deploy", "/ops/", trusted, None, 3600))

    assert not house.lets_in(minted)


def test_user_that_has_sessions_only_can_be_deleted_which_ends_them(house):
    mine = house.mint(session_of(ACCOUNT, house.user.id))
    house.write(lambda tx: house.issuer.revoke(tx, house.key.id))

    house.write(lambda tx: house.users.delete(tx, house.user))

    assert not house.lets_in(mine)


def test_session_shows_its_users_new_name_at_once(house):
    minted = house.mint(session_of(ACCOUNT, house.user.id))
    assert house.principals.of(minted.credential).user_name == "ada"

    house.write(lambda tx: house.users.rename(tx, house.user, "eve", "/"))

    assert house.principals.of(minted.credential).user_name == "eve"


def test_chain_of_living_sessions_is_bounded_and_expired_ones_leave_it(house):
    minted = house.mint(life=HOUR)
    for _ in range(MAX_ISSUERS - 1):
        minted = house.mint(by=minted.credential, life=HOUR)
    with pytest.raises(ChainTooLong):
        house.mint(by=minted.credential)

    last = house.mint(by=house.mint(life=2 * HOUR).credential, life=3 * HOUR)
    house.clock.advance(2 * 3600)
    after = house.mint(by=last.credential)

    issuers = session_records.find(house.store.reader, ACCOUNT, after.credential.id).issuers
    assert issuers == (house.key.id, last.credential.id)


def test_token_is_as_long_as_asked_for_and_the_id_carries_the_account(house):
    plain, long = house.mint(), house.mint(shortest_token=1000)

    assert len(plain.session_token.reveal()) == 240
    assert len(long.session_token.reveal()) == 1000
    assert plain.credential.id.startswith("ASIA")


def swept(house) -> int:
    return asyncio.run(sweep(Inline(house.store), house.issuer, house.clock))


def test_session_row_goes_with_its_credential_a_day_after_its_end(house):
    minted = house.mint()
    house.clock.advance(3600 + KEEP_EXPIRED.total_seconds() - 1)
    assert swept(house) == 0

    house.clock.advance(1)

    assert swept(house) == 1
    assert session_records.find(house.store.reader, ACCOUNT, minted.credential.id) is None
