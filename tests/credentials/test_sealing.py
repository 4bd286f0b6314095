"""Secrets at rest: tied to their row, their account and the root key; rotated without losing one."""

import asyncio
import contextlib
import stat

import pytest
from credential_core import KEY_PAIR, KINDS, ONE, OTHER, SESSION, Core

from keystead.credentials import keyring
from keystead.credentials.rekey import rekey
from keystead.credentials.rootkey import RootKeyFile, RootKeyUnusable
from keystead.credentials.seal import Seal, SealBroken, Sealed, binding
from keystead.credentials.verify import Verified
from keystead.kernel.secret import Secret
from support.fakes import FixedEntropy

SWAP = "UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE id = ?) WHERE id = ?"


def _rekey(core):
    return asyncio.run(rekey(core.inline, core.seal, core.root_keys, core.clock))


@pytest.mark.parametrize(("other_account", "kind"), [(ONE, KEY_PAIR), (OTHER, KEY_PAIR), (ONE, SESSION)])
def test_a_secret_moved_to_another_row_does_not_open(core, other_account, kind):
    mine, theirs = core.mint(), core.mint(kind, other_account, "eve")
    core.write(lambda tx: tx.run(SWAP, (mine.credential.id, theirs.credential.id)))

    with pytest.raises(SealBroken):
        core.show(theirs)
    assert isinstance(core.show(mine), Verified)


@pytest.mark.parametrize(
    ("column", "value"),
    [("account", OTHER), ("kind", "toy.session"), ("version", 2), ("id", "AKIAAAAAAAAAAAAAAAAA")],
)
def test_a_row_whose_identity_was_changed_does_not_open(core, column, value):
    minted = core.mint()
    core.write(
        lambda tx: tx.run(f"UPDATE credential SET {column} = ? WHERE id = ?", (value, minted.credential.id))
    )
    key_id = value if column == "id" else minted.credential.id

    with pytest.raises(SealBroken):
        core.verifier.verify_key(
            key_id, None, lambda material: True, accepts={"toy.key": "", "toy.session": ""}
        )


def test_every_changed_byte_of_a_sealed_secret_is_noticed(core):
    bound_to = binding("AKIA", ONE, "toy.key", 1)
    sealed = core.seal.close(ONE, Secret(b"secret"), bound_to)

    for position in range(len(sealed.box)):
        box = bytearray(sealed.box)
        box[position] ^= 1
        with pytest.raises(SealBroken):
            core.seal.open(Sealed(sealed.data_key, bytes(box)), bound_to)
    for box in (b"", sealed.box[:11], sealed.box[:-1], sealed.box[:20]):
        with pytest.raises(SealBroken):
            core.seal.open(Sealed(sealed.data_key, box), bound_to)


def test_equal_secrets_are_sealed_differently(core):
    bound_to = binding("AKIA", ONE, "toy.key", 1)

    assert core.seal.close(ONE, Secret(b"x"), bound_to) != core.seal.close(ONE, Secret(b"x"), bound_to)


def test_the_wrong_root_key_is_refused(core, tmp_path):
    other = RootKeyFile(tmp_path / "other.key", FixedEntropy("other"))
    other.create()

    with pytest.raises(RootKeyUnusable, match="not in the root key file"):
        Seal(other.load(), FixedEntropy()).load(core.store.reader)


def test_a_data_key_moved_to_another_account_does_not_unwrap(core):
    core.write(
        lambda tx: tx.run("UPDATE data_key SET account = ? WHERE account = ?", ("333333333333", OTHER))
    )

    with pytest.raises(RootKeyUnusable):
        Seal(core.root_keys.load(), FixedEntropy()).load(core.store.reader)


def test_nothing_is_digested_without_a_digest_key(core):
    """An authority without its keys must not find bearer tokens under the empty key."""
    keyless = Seal(core.root_keys.load(), FixedEntropy())

    with pytest.raises(SealBroken):
        keyless.digest(Secret(b"token"))


def test_rekeying_keeps_everything_good_before_and_after_a_restart(core):
    minted = [
        core.mint(kind, account, f"{number}")
        for number in range(3)
        for kind in KINDS
        for account in (ONE, OTHER)
    ]
    before = {key.number: key.wrapped for key in keyring.all_keys(core.store.reader)}
    old_root = core.root_keys.load().current

    done = _rekey(core)

    sealed = [each for each in minted if core.row(each).sealed is not None]
    assert (done.accounts, done.secrets) == (2, len(sealed))
    assert all(core.is_good(each) for each in minted)
    after = keyring.all_keys(core.store.reader)
    assert all(key.root_key != old_root for key in after)
    assert not {key.wrapped for key in after} & set(before.values())
    assert len(after) == len(before)
    core = core.reopened()
    try:
        assert all(core.is_good(each) for each in minted)
        assert core.is_good(core.mint(owner="new"))
    finally:
        core.close()


def test_after_a_rekey_the_old_root_key_opens_nothing(core, tmp_path):
    core.mint()
    old = (tmp_path / "root.key").read_bytes()
    _rekey(core)
    (tmp_path / "old.key").write_bytes(old)
    (tmp_path / "old.key").chmod(0o600)

    with pytest.raises(RootKeyUnusable):
        Seal(RootKeyFile(tmp_path / "old.key", FixedEntropy()).load(), FixedEntropy()).load(core.store.reader)


class _Killed(BaseException):
    """Stands for the end of the process."""


class _KilledAt:
    """A store whose process ends instead of doing its write number `at`."""

    def __init__(self, core, at):
        self.reader = core.inline.reader
        self._inline, self._left = core.inline, at

    async def write(self, job):
        self._left -= 1
        if self._left < 0:
            raise _Killed
        return await self._inline.write(job)


@pytest.mark.parametrize("at", range(12))
def test_a_rekey_that_was_killed_at_any_step_loses_nothing_and_can_be_repeated(tmp_path, at):
    core = Core(tmp_path, entropy=FixedEntropy())
    minted = [core.mint(kind, account) for kind in KINDS for account in (ONE, OTHER)]
    with contextlib.suppress(_Killed):
        asyncio.run(rekey(_KilledAt(core, at), core.seal, core.root_keys, core.clock))

    core = core.reopened()
    assert all(core.is_good(each) for each in minted)
    _rekey(core)
    core = core.reopened()
    try:
        assert all(core.is_good(each) for each in minted)
        assert len((tmp_path / "root.key").read_bytes().splitlines()) == 1
    finally:
        core.close()


def test_what_is_minted_during_a_rekey_stays_good(core):
    """Mints come between all steps, as they do in a serving authority."""
    minted = []

    class Busy:
        reader = core.inline.reader

        async def write(self, job):
            minted.append(core.mint(SESSION, ONE))
            result = await core.inline.write(job)
            minted.append(core.mint(SESSION, OTHER))
            return result

    asyncio.run(rekey(Busy(), core.seal, core.root_keys, core.clock))

    core = core.reopened()
    try:
        assert len(minted) > 10
        assert all(core.is_good(each) for each in minted)
    finally:
        core.close()


def test_a_new_ring_is_its_owners_alone_and_never_replaces_another(tmp_path):
    file = RootKeyFile(tmp_path / "root.key", FixedEntropy())

    file.create()

    assert stat.S_IMODE((tmp_path / "root.key").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        file.create()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_root_key_that_others_may_touch_is_refused(tmp_path, mode):
    file = RootKeyFile(tmp_path / "root.key", FixedEntropy())
    file.create()
    (tmp_path / "root.key").chmod(mode)

    with pytest.raises(RootKeyUnusable, match="chmod 600"):
        file.load()


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"only-an-id\n", b"id AAAA\n", b"id !!!\n", b"a b c\n", b"\xff\xfe", b"id \xc3\xa9\n"],
)
def test_a_broken_root_key_file_is_refused(tmp_path, content):
    path = tmp_path / "root.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(RootKeyUnusable):
        RootKeyFile(path, FixedEntropy()).load()


def test_a_missing_root_key_file_is_refused(tmp_path):
    with pytest.raises(RootKeyUnusable):
        RootKeyFile(tmp_path / "root.key", FixedEntropy()).load()
