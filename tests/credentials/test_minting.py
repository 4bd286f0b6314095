"""Minting: quotas, bounds of life, replays, and what is kept of a secret."""

import sqlite3
from datetime import timedelta

import pytest
from credential_core import BEARER, KEY_PAIR, KINDS, ONE, OTHER, QUOTA, READABLE, SESSION, Core
from hypothesis import given
from hypothesis import strategies as st

from keystead.credentials import shelf
from keystead.credentials.issue import LifetimeRefused, Replay, ReplayMismatch
from keystead.credentials.kind import Form, Kind, Kinds, Lifetime, Storage
from keystead.credentials.verify import Verified
from keystead.kernel.errors import NotFound, QuotaExceeded, StepRefused
from support.fakes import FixedEntropy

REPLAY = Replay("client-token-1", b"fingerprint")


def test_the_quota_counts_an_owner_of_an_account_whatever_the_state(core):
    first = core.mint()
    core.write(lambda tx: core.issuer.set_status(tx, first.credential, "Inactive"))
    core.write(lambda tx: core.issuer.expire(tx, first.credential, 0))
    for _ in range(QUOTA - 1):
        core.mint()

    with pytest.raises(QuotaExceeded) as refused:
        core.mint()

    assert (refused.value.quota, refused.value.limit, refused.value.owner) == ("KeysPerOwner", QUOTA, "bob")
    core.mint(owner="eve")
    core.mint(account=OTHER)
    core.mint(BEARER)
    core.write(lambda tx: core.issuer.revoke(tx, first.credential.id))
    core.mint()


def test_a_refused_mint_leaves_no_row(core):
    for _ in range(QUOTA):
        core.mint()
    with pytest.raises(QuotaExceeded):
        core.mint()

    assert len(shelf.inventory(core.store.reader)) == QUOTA


@pytest.mark.parametrize(
    "life", [timedelta(minutes=15), timedelta(hours=12), timedelta(hours=1, microseconds=1000)]
)
def test_a_life_within_the_bounds_is_given_exactly(core, life):
    minted = core.mint(SESSION, life=life)

    assert minted.credential.expires_at == core.now_ms() + life // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "life",
    [
        timedelta(minutes=15) - timedelta.resolution,
        timedelta(hours=12) + timedelta.resolution,
        timedelta(),
        -timedelta(1),
    ],
)
def test_a_life_outside_the_bounds_is_refused(core, life):
    with pytest.raises(LifetimeRefused):
        core.mint(SESSION, life=life)


def test_without_a_wish_the_kinds_default_holds(core):
    assert core.mint(SESSION).credential.expires_at == core.now_ms() + 3_600_000
    assert core.mint(KEY_PAIR).credential.expires_at is None


def test_a_kind_with_a_longest_life_is_never_minted_for_ever(tmp_path):
    """No default and a maximum: whoever asks for no particular life must not get an eternal one."""
    bounded = Kind(
        "toy.bounded", Form.KEY_PAIR, Storage.SEALED, KEY_PAIR.new_id, lifetime=Lifetime(maximum=timedelta(1))
    )
    core = Core(tmp_path, [bounded])
    try:
        with pytest.raises(LifetimeRefused):
            core.mint(bounded)
    finally:
        core.close()


def test_expiry_is_judged_at_the_very_millisecond(core):
    minted = core.mint(SESSION, life=timedelta(hours=1))

    core.clock.advance(3599.999)
    assert core.is_good(minted)
    core.clock.advance(0.001)
    assert not core.is_good(minted)


def test_a_client_token_gives_the_same_credential_again(core):
    first = core.mint(READABLE, replay=REPLAY)
    again = core.mint(READABLE, replay=REPLAY)

    assert again.credential == first.credential
    assert again.secret == first.secret
    assert len(shelf.inventory(core.store.reader)) == 1


def test_a_client_token_with_other_parameters_is_refused(core):
    core.mint(READABLE, replay=REPLAY)

    with pytest.raises(ReplayMismatch):
        core.mint(READABLE, replay=Replay(REPLAY.client_token, b"other"))


def test_a_client_token_counts_in_its_account_only(core):
    first = core.mint(READABLE, replay=REPLAY)

    assert core.mint(READABLE, OTHER, replay=REPLAY).credential.id != first.credential.id


@pytest.mark.parametrize("other", [{"owner": "eve"}, {"audience": "elsewhere"}])
def test_a_client_token_never_gives_out_what_somebody_else_minted(core, other):
    core.mint(READABLE, replay=REPLAY)

    with pytest.raises(ReplayMismatch):
        core.mint(READABLE, replay=REPLAY, **other)


def test_a_kind_that_does_not_replay_is_never_given_out_again(core):
    with pytest.raises(ValueError, match="replay"):
        core.mint(KEY_PAIR, replay=REPLAY)


def test_a_revoked_credential_frees_its_client_token(core):
    first = core.mint(READABLE, replay=REPLAY)
    core.write(lambda tx: core.issuer.revoke(tx, first.credential.id))

    assert core.mint(READABLE, replay=REPLAY).credential.id != first.credential.id


def test_an_id_that_is_taken_is_drawn_again(tmp_path):
    """The same bytes are drawn twice: once for the first key, and as the second's first attempt."""
    core = Core(tmp_path, entropy=_Repeating())
    try:
        ids = {core.mint(owner=str(number)).credential.id for number in range(6)}
        assert len(ids) == 6
    finally:
        core.close()


class _Repeating:
    """Entropy that gives each draw of five bytes, the random part of a key id, twice."""

    def __init__(self):
        self._fixed = FixedEntropy("repeating")
        self._last = b""

    def token_bytes(self, count, /):
        if count != 5:
            return self._fixed.token_bytes(count)
        if self._last:
            drawn, self._last = self._last, b""
            return drawn
        self._last = self._fixed.token_bytes(count)
        return self._last


def test_no_secret_of_any_kind_is_in_any_file(core):
    secrets = []
    for kind in KINDS:
        minted = core.mint(kind)
        assert core.is_good(minted)
        secrets.append(minted.secret.reveal())
        if minted.session_token is not None:
            secrets.append(minted.session_token.reveal())

    content = {path.name: path.read_bytes() for path in core.folder.iterdir()}
    assert {"keystead.db", "keystead.db-wal"} <= set(content)
    assert not [name for name, held in content.items() for secret in secrets if secret in held]


@pytest.mark.parametrize(
    ("kind", "sealed", "digested"), [(KEY_PAIR, 1, 0), (SESSION, 1, 1), (BEARER, 0, 1), (READABLE, 1, 1)]
)
def test_only_what_must_be_read_back_is_sealed(core, kind, sealed, digested):
    row = core.row(core.mint(kind))

    assert ((row.sealed is not None), (row.digest is not None)) == (bool(sealed), bool(digested))


def test_a_step_that_the_table_forbids_is_refused(core):
    minted = core.mint()

    with pytest.raises(StepRefused):
        core.write(lambda tx: core.issuer.set_status(tx, minted.credential, "Expired"))


def test_revoking_what_is_not_there_is_refused(core):
    with pytest.raises(NotFound):
        core.write(lambda tx: core.issuer.revoke(tx, "AKIANONE"))


def test_a_mint_that_is_undone_leaves_nothing_that_verifies(core):
    minted = []

    def undone(tx):
        minted.append(core.issuer.mint(tx, KEY_PAIR, account=ONE, owner="bob"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        core.write(undone)

    assert core.show(minted[0]).reason == "unknown"


def test_a_revoke_that_is_undone_leaves_the_credential_good(core):
    minted = core.mint()

    def undone(tx):
        core.issuer.revoke(tx, minted.credential.id)
        raise sqlite3.IntegrityError

    with pytest.raises(sqlite3.IntegrityError):
        core.write(undone)

    assert isinstance(core.show(minted), Verified)


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": Form.KEY_PAIR, "storage": Storage.DIGEST},
        {"form": Form.KEY_PAIR, "storage": Storage.BOTH},
        {"form": Form.SESSION, "storage": Storage.SEALED, "new_session_token": bytes},
        {"form": Form.SESSION, "storage": Storage.BOTH},
        {"form": Form.BEARER, "storage": Storage.SEALED, "bearer_pattern": b"x"},
        {"form": Form.BEARER, "storage": Storage.DIGEST},
        {"form": Form.BEARER, "storage": Storage.DIGEST, "bearer_pattern": b"x", "replays": True},
        {"form": Form.BEARER, "storage": Storage.DIGEST, "bearer_pattern": b"x", "new_session_token": bytes},
        {"form": Form.KEY_PAIR, "storage": Storage.SEALED, "new_session_token": bytes},
        {"form": Form.SESSION, "storage": Storage.BOTH, "new_session_token": bytes, "replays": True},
    ],
)
def test_a_kind_that_could_not_be_verified_as_declared_is_refused(wrong):
    with pytest.raises(ValueError, match=r"toy\.wrong"):
        Kind(name="toy.wrong", new_id=KEY_PAIR.new_id, **wrong)


def test_two_kinds_cannot_share_a_name():
    with pytest.raises(ValueError, match="share a name"):
        Kinds((KEY_PAIR, KEY_PAIR))


@given(st.timedeltas(), st.none() | st.timedeltas(), st.none() | st.timedeltas())
def test_bounds_of_life_are_inclusive(life, minimum, maximum):
    allowed = (minimum is None or minimum <= life) and (maximum is None or life <= maximum)

    assert Lifetime(minimum, maximum).allows(life) == allowed


def test_a_life_is_counted_from_the_very_moment_of_making(core, monkeypatch):
    # Each look at the clock is a second later than the one before.
    looks = iter(range(1, 1000))
    monkeypatch.setattr(core.clock, "epoch", lambda: 1_000_000 + next(looks))

    minted = core.mint(SESSION)

    assert minted.credential.expires_at - minted.credential.created_at == 3_600_000
