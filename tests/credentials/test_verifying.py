"""Verifying: who is refused and why, with equal work for every key, and held entries that never go stale."""

import asyncio

import pytest
from credential_core import BEARER, KEY_PAIR, ONE, READABLE, SESSION, WRONG, Core, Prover

from keystead.credentials import verify
from keystead.credentials.issue import Minted
from keystead.credentials.kind import Form, Kind, Storage
from keystead.credentials.verify import NotMine, Refused, Verified
from keystead.kernel.secret import Secret
from support.fakes import FixedEntropy


def _revoke(core, minted):
    core.write(lambda tx: core.issuer.revoke(tx, minted.credential.id))


def _switch_off(core, minted):
    core.write(lambda tx: core.issuer.set_status(tx, minted.credential, "Inactive"))


def _expire(core, minted):
    core.write(lambda tx: core.issuer.expire(tx, minted.credential, core.now_ms()))


SPOILT = {"unknown": _revoke, "inactive": _switch_off, "expired": _expire}


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("reason", SPOILT)
@pytest.mark.parametrize("kind", [KEY_PAIR, SESSION, BEARER, READABLE], ids=lambda kind: kind.name)
def test_what_is_no_longer_good_is_refused_from_the_next_use(core, kind, reason, is_held):
    minted = core.mint(kind)
    if is_held:
        assert core.is_good(minted)

    SPOILT[reason](core, minted)

    assert core.show(minted).reason == reason


def test_the_proof_is_asked_for_exactly_once_whatever_the_key(core):
    def asked(minted, **how):
        prover = Prover(minted.secret)
        core.show(minted, prover=prover, **how)
        return prover.asked, prover.made_up

    good, session = core.mint(), core.mint(SESSION)
    assert asked(good) == (1, 0)
    assert asked(session) == (1, 0)
    assert asked(good, audience="other") == (1, 1)
    assert asked(good, kind="toy.session") == (1, 1)
    assert asked(Minted(session.credential, session.secret, None)) == (1, 1)
    assert asked(Minted(session.credential, session.secret, WRONG)) == (1, 1)
    assert asked(Minted(good.credential, good.secret, WRONG)) == (1, 1)
    for spoil in SPOILT.values():
        spoilt = core.mint(owner=spoil.__name__)
        spoil(core, spoilt)
        assert asked(spoilt) == (1, 1)


def test_made_up_material_never_verifies_even_when_its_proof_says_yes(core):
    minted = core.mint()
    _revoke(core, minted)

    outcome = core.verifier.verify_key(
        minted.credential.id, None, lambda material: True, accepts={"toy.key": ""}
    )

    assert outcome == Refused("unknown")


def test_a_wrong_proof_is_refused_and_names_the_credential(core):
    minted = core.mint()

    assert core.show(minted, prover=Prover(WRONG)) == Refused("proof", minted.credential)


@pytest.mark.parametrize(("token", "reason"), [(None, "token-missing"), (WRONG, "token-wrong")])
def test_a_session_without_its_own_token_is_refused(core, token, reason):
    minted = core.mint(SESSION)

    assert core.show(Minted(minted.credential, minted.secret, token)).reason == reason


def test_the_token_of_another_session_is_refused(core):
    one, other = core.mint(SESSION), core.mint(SESSION)

    assert core.show(Minted(one.credential, one.secret, other.session_token)).reason == "token-wrong"


def test_a_token_with_a_long_term_key_is_refused(core):
    minted = core.mint()

    assert core.show(Minted(minted.credential, minted.secret, WRONG)).reason == "token-unexpected"


def test_a_door_that_accepts_nothing_lets_nobody_in(core):
    minted, bearer = core.mint(), core.mint(BEARER)

    outcome = core.verifier.verify_key(minted.credential.id, None, Prover(minted.secret), accepts={})
    assert outcome.reason == "wrong-kind"
    assert core.verifier.verify_bearer(bearer.secret, accepts={}) == NotMine()


def test_text_of_another_form_is_for_the_next_scheme(core):
    for text in (
        b"",
        b"toy_",
        b"Bearer x",
        b"toy_" + b"a" * 33,
        b"toy_" + b"A" * 32,
        b"toy_" + b"a" * 32 + b"\n",
    ):
        assert core.verifier.verify_bearer(Secret(text), accepts={"toy.bearer": ""}) == NotMine()


def test_a_well_formed_token_that_was_never_minted_is_refused(core):
    assert core.verifier.verify_bearer(Secret(b"toy_" + b"a" * 32), accepts={"toy.bearer": ""}) == Refused(
        "unknown"
    )


def test_a_key_pairs_secret_opens_nothing_as_a_bearer_token(core):
    minted = core.mint()

    assert core.verifier.verify_bearer(minted.secret, accepts={"toy.key": "", "toy.bearer": ""}) == NotMine()


def test_a_bearer_credential_is_no_key_pair(core):
    """READABLE is sealed too, so that its secret could sign; it must not."""
    minted = core.mint(READABLE)

    outcome = core.verifier.verify_key(
        minted.credential.id, None, Prover(minted.secret), accepts={"toy.readable": ""}
    )

    assert outcome == Refused("unknown")


def test_a_session_token_alone_is_no_bearer_token(tmp_path):
    """A door that takes a bearer kind and a session kind, whose token happens to look like the bearer's."""
    session = Kind(
        name="toy.session",
        form=Form.SESSION,
        storage=Storage.BOTH,
        new_id=SESSION.new_id,
        new_session_token=BEARER.new_secret,
    )
    core = Core(tmp_path, [session, BEARER])
    try:
        minted = core.mint(session)
        outcome = core.verifier.verify_bearer(
            minted.session_token, accepts={"toy.session": "", "toy.bearer": ""}
        )
        assert isinstance(outcome, Refused)
    finally:
        core.close()


def test_a_kind_that_is_no_longer_served_is_unknown(core):
    minted, bearer = core.mint(), core.mint(BEARER)
    core = core.reopened([SESSION])
    try:
        outcome = core.verifier.verify_key(
            minted.credential.id, None, Prover(minted.secret), accepts={"toy.key": ""}
        )
        assert outcome == Refused("unknown")
        assert core.verifier.verify_bearer(bearer.secret, accepts={"toy.bearer": ""}) == NotMine()
    finally:
        core.close()


def test_what_is_held_stays_bounded_and_everything_goes_on_verifying(core, monkeypatch):
    monkeypatch.setattr(verify, "MAX_HELD", 5)
    minted = [core.mint(kind, owner=str(number)) for number in range(20) for kind in (BEARER, SESSION)]

    for _ in range(3):
        assert all(core.is_good(each) for each in minted)

    assert len(core.verifier._held) <= 5
    assert len(core.verifier._id_by_digest) <= 5


def test_no_entry_read_before_a_revoke_is_held_after_its_commit(tmp_path):
    """Held entries are asked for on the loop all the time while revokes commit on the writer's thread."""

    async def body():
        core = Core(tmp_path, entropy=FixedEntropy())
        every = [core.mint(owner=str(number)) for number in range(60)]
        core.store.start()
        is_over = False

        async def keep_asking():
            while not is_over:
                for minted in every:
                    core.show(minted)
                await asyncio.sleep(0)

        async def revoke(minted):
            await core.store.write(lambda tx: core.issuer.revoke(tx, minted.credential.id))
            return core.show(minted)

        asking = asyncio.create_task(keep_asking())
        outcomes = await asyncio.gather(*(revoke(minted) for minted in every))
        later = [core.show(minted) for minted in every]
        is_over = True
        await asking
        await core.store.stop()
        return outcomes + later

    assert set(asyncio.run(body())) == {Refused("unknown")}


@pytest.mark.parametrize("reason", SPOILT)
def test_what_is_no_longer_good_cannot_be_committed_with(core, reason):
    minted = core.mint()
    seen = core.show(minted)
    assert isinstance(seen, Verified)

    SPOILT[reason](core, minted)

    assert not core.write(lambda tx: core.verifier.still_good(tx, seen.credential))


def test_a_revoke_earlier_in_the_same_commit_is_seen(core):
    minted = core.mint()

    def both(tx):
        core.issuer.revoke(tx, minted.credential.id)
        return core.verifier.still_good(tx, minted.credential)

    assert core.write(both) is False


def test_the_account_is_the_rows_and_not_the_ids(core):
    """A key id spells an account; what counts is the record that was verified."""
    minted = core.mint(account=ONE)

    assert core.show(minted).credential.account == ONE
