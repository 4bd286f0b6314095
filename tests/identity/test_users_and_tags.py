"""Users and their tags: exact quotas, names without regard to case, counters that are right after failures."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keystead
from keystead.credentials.kind import Kinds
from keystead.credentials.rootkey import RootKeys
from keystead.credentials.seal import Seal
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import Verifier
from keystead.identity import records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.principals import ROOT_OWNER, Principals, load
from keystead.identity.quotas import Quotas
from keystead.identity.records import Tag
from keystead.identity.tags import DuplicateTags, ReservedTag, Tags
from keystead.identity.users import Users
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded, StillInUse
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore
from support.fakes import FixedEntropy, TestClock

ONE, OTHER = "111111111111", "222222222222"
USERS, TAGS = 5, 3
LAYERS = ("store", "credentials", "identity")


class Identity:
    """The identity layer over a real database, with small quotas."""

    def __init__(self, folder: Path, users: int = USERS):
        self.store = SQLiteStore(folder)
        source = Path(keystead.__file__).parent
        owners = [Migrations(layer, source / layer / "migrations") for layer in LAYERS]
        self.store.write_now(lambda tx: migrate(tx, owners, 0))
        quotas, epoch = Quotas(users_per_account=users, tags=TAGS), PolicyEpoch()
        seal = Seal(RootKeys({"one": bytes(32)}, FixedEntropy()), FixedEntropy())
        verifier = Verifier(Kinds(()), seal, self.store.reader, TestClock())
        self.principals = Principals(self.store.reader, verifier, epoch)
        self.users = Users(self.principals, quotas, epoch, TestClock(), FixedEntropy())
        self.tagging = Tags(quotas, epoch)
        for account in (ONE, OTHER):
            self.store.write_now(lambda tx, account=account: records.add_account(tx, account, 0))

    @property
    def reader(self):
        return self.store.reader

    def create(self, name, path="/", tags=(), account=ONE):
        def work(tx):
            user = self.users.create(tx, account, name, path)
            self.tagging.put(tx, user.id, user.name, tags)
            return user

        return self.store.write_now(work)

    def delete(self, user):
        self.store.write_now(lambda tx: self.users.delete(tx, user))

    def rename(self, user, name, path="/"):
        return self.store.write_now(lambda tx: self.users.rename(tx, user, name, path))

    def tag(self, user, *tags):
        self.store.write_now(lambda tx: self.tagging.put(tx, user.id, user.name, tags))

    def tags(self, user):
        return records.tags(self.reader, user.id)

    def counted(self, account=ONE):
        """Return the account's counter beside how many users there are."""
        rows = self.reader.one("SELECT count(*) FROM iam_user WHERE account = ?", (account,))
        return records.account(self.reader, account).users, rows[0]

    def give_key(self, user):
        self.store.write_now(
            lambda tx: tx.run(
                "INSERT INTO data_key (number, account, purpose, root_key, wrapped, created_at)"
                " VALUES (1, ?, 'seal', '', x'', 0)",
                (ONE,),
            )
        )
        self.store.write_now(
            lambda tx: tx.run(
                "INSERT INTO credential (id, kind, account, owner, audience, status, created_at, version, data_key)"
                " VALUES ('AKIA', 'toy', ?, ?, '', 'Active', 0, 1, 1)",
                (ONE, user.id),
            )
        )


@pytest.fixture
def identity(tmp_path):
    identity = Identity(tmp_path)
    yield identity
    identity.store.close()


def test_the_quota_of_users_is_exact_and_each_accounts_own(identity):
    made = [identity.create(f"user{number}") for number in range(USERS)]

    with pytest.raises(QuotaExceeded) as refused:
        identity.create("one-more")

    assert (refused.value.quota, refused.value.limit) == ("UsersPerAccount", USERS)
    assert identity.counted() == (USERS, USERS)
    identity.create("elsewhere", account=OTHER)
    identity.delete(made[0])
    identity.create("one-more")
    assert identity.counted() == (USERS, USERS)


@pytest.mark.parametrize("again", ["Bob", "bob", "BOB", "bOB"])
def test_a_name_is_taken_in_whatever_case(identity, again):
    identity.create("Bob")

    with pytest.raises(AlreadyExists):
        identity.create(again)

    assert identity.users.get(identity.reader, ONE, again).name == "Bob"
    assert identity.counted() == (1, 1)


def test_the_same_name_is_free_in_another_account_and_found_in_its_own_only(identity):
    mine, theirs = identity.create("bob"), identity.create("bob", account=OTHER)

    assert mine.id != theirs.id
    assert identity.users.get(identity.reader, ONE, "bob") == mine
    assert records.user_by_id(identity.reader, OTHER, mine.id) is None
    assert load(identity.reader, OTHER, mine.id) is None


@pytest.mark.parametrize(
    ("tags", "refusal"),
    [
        ([Tag("Team", "a"), Tag("team", "b")], DuplicateTags),
        ([Tag("aws:x", "a")], ReservedTag),
        ([Tag("AWS:x", "a")], ReservedTag),
        ([Tag(f"t{number}", "") for number in range(TAGS + 1)], QuotaExceeded),
    ],
)
def test_a_create_refused_for_its_tags_leaves_neither_user_nor_tag_nor_count(identity, tags, refusal):
    with pytest.raises(refusal):
        identity.create("bob", tags=tags)

    assert identity.counted() == (0, 0)
    assert identity.reader.one("SELECT count(*) FROM tag") == (0,)
    with pytest.raises(NotFound):
        identity.users.get(identity.reader, ONE, "bob")


def test_renaming_keeps_the_id_and_the_tags_and_frees_the_old_name(identity):
    bob = identity.create("bob", tags=[Tag("team", "a")])

    renamed = identity.rename(bob, "Robert", "/staff/")

    assert (renamed.id, renamed.created_at) == (bob.id, bob.created_at)
    assert renamed.arn == f"arn:aws:iam::{ONE}:user/staff/Robert"
    assert identity.users.get(identity.reader, ONE, "robert") == renamed
    assert identity.tags(renamed) == [Tag("team", "a")]
    with pytest.raises(NotFound):
        identity.users.get(identity.reader, ONE, "bob")
    assert identity.create("bob").id != bob.id


def test_a_name_can_change_its_case_but_not_become_anothers(identity):
    bob, _ = identity.create("bob"), identity.create("eve")

    assert identity.rename(bob, "BOB").name == "BOB"
    with pytest.raises(AlreadyExists):
        identity.rename(bob, "Eve")


def test_a_user_that_holds_a_credential_cannot_go(identity):
    bob = identity.create("bob")
    identity.give_key(bob)

    with pytest.raises(StillInUse, match="must remove referenced objects first"):
        identity.delete(bob)

    assert identity.counted() == (1, 1)


def test_deleting_takes_the_tags_along(identity):
    identity.delete(identity.create("bob", tags=[Tag("team", "a")]))

    assert identity.reader.one("SELECT count(*) FROM tag") == (0,)
    assert identity.counted() == (0, 0)


def test_a_tag_is_replaced_in_its_place_without_regard_to_case(identity):
    bob = identity.create("bob", tags=[Tag("Team", "a"), Tag("stage", "x")])

    identity.tag(bob, Tag("TEAM", "b"))

    assert identity.tags(bob) == [Tag("TEAM", "b"), Tag("stage", "x")]


def test_the_quota_of_tags_counts_keys_and_a_refused_call_changes_none(identity):
    bob = identity.create("bob", tags=[Tag(f"t{number}", "") for number in range(TAGS)])

    identity.tag(bob, Tag("T0", "replaced"))
    with pytest.raises(QuotaExceeded):
        identity.tag(bob, Tag("t1", "changed"), Tag("new", ""))

    assert identity.tags(bob) == [Tag("T0", "replaced"), Tag("t1", ""), Tag("t2", "")]


def test_untagging_ignores_case_and_what_is_not_there(identity):
    bob = identity.create("bob", tags=[Tag("Team", "a"), Tag("stage", "x")])

    identity.store.write_now(lambda tx: identity.tagging.remove(tx, bob.id, ["TEAM", "absent"]))

    assert identity.tags(bob) == [Tag("stage", "x")]


def _credential(owner, account=ONE):
    return Credential("AKIA", "toy", account, owner, "", "Active", 0, None, 1)


def test_a_principal_that_is_held_follows_every_change_of_its_user(identity):
    bob = identity.create("bob")
    assert identity.principals.of(_credential(bob.id)).arn == f"arn:aws:iam::{ONE}:user/bob"

    renamed = identity.rename(bob, "robert", "/staff/")
    assert identity.principals.of(_credential(bob.id)).arn == f"arn:aws:iam::{ONE}:user/staff/robert"
    identity.delete(renamed)

    assert identity.principals.of(_credential(bob.id)) is None


def test_the_root_of_an_account_exists_with_its_account_only(identity):
    root = identity.principals.of(_credential(ROOT_OWNER))

    assert (root.type, root.id, root.arn, root.user_name) == ("root", ONE, f"arn:aws:iam::{ONE}:root", "")
    assert identity.principals.of(_credential(ROOT_OWNER, "333333333333")) is None


def test_a_user_called_root_is_not_the_root(identity):
    user = identity.create("root")

    assert load(identity.reader, ONE, user.id).type == "user"
    assert user.id != ROOT_OWNER


names = st.text("abcXYZ0189+=,.@_-", min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["create", "rename", "delete"]), names, names), max_size=25))
def test_the_counter_and_the_names_are_right_after_any_sequence(tmp_path_factory, steps):
    identity = Identity(tmp_path_factory.mktemp("identity"))
    held: dict[str, str] = {}
    try:
        for step, name, new in steps:
            key, new_key = name.lower(), new.lower()
            try:
                if step == "create":
                    identity.create(name)
                    assert key not in held
                    assert len(held) < USERS
                    held[key] = name
                else:
                    user = identity.users.get(identity.reader, ONE, name)
                    assert user.name == held[key]
                    identity.delete(user) if step == "delete" else identity.rename(user, new)
                    del held[key]
                    if step == "rename":
                        held[new_key] = new
            except NotFound:
                assert key not in held
            except AlreadyExists:
                assert (key if step == "create" else new_key) in held
            except QuotaExceeded:
                assert len(held) == USERS
        assert identity.counted() == (len(held), len(held))
        listed, position = records.users_from(identity.reader, ONE, "", 100, "/")
        assert [user.name for user in listed] == [held[key] for key in sorted(held)]
        assert position is None
    finally:
        identity.store.close()
