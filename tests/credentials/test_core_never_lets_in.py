"""The core's promise, under any sequence of steps: a credential verifies exactly while it is good.

A model beside the core says what must hold. Every step shows every credential, so held entries are always there
to go stale.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
from credential_core import KINDS, ONE, OTHER, QUOTA, SESSION, WRONG, Core, Prover
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from keystead.credentials.issue import Minted
from keystead.credentials.kind import ACTIVE, INACTIVE, KEEP_EXPIRED, Form, Kind
from keystead.credentials.rekey import rekey
from keystead.credentials.sweep import sweep
from keystead.credentials.verify import NotMine, Refused, Verified
from keystead.kernel.errors import QuotaExceeded
from keystead.kernel.secret import Secret


@dataclass
class Known:
    """What the model knows of a credential."""

    minted: Minted
    kind: Kind
    status: str = ACTIVE
    expires_at: int | None = None
    is_revoked: bool = False

    def refusal(self, now_ms: int) -> str | None:
        if self.is_revoked:
            return "unknown"
        if self.status != ACTIVE:
            return "inactive"
        return "expired" if self.expires_at is not None and now_ms >= self.expires_at else None


class CoreMachine(RuleBasedStateMachine):
    credentials = Bundle("credentials")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.core = Core(Path(self.folder.name))
        self.every: list[Known] = []

    def teardown(self):
        self.core.close()
        self.folder.cleanup()

    @rule(
        target=credentials,
        kind=st.sampled_from(KINDS),
        account=st.sampled_from([ONE, OTHER]),
        owner=st.sampled_from(["bob", "eve"]),
        audience=st.sampled_from(["", "a", "b"]),
    )
    def mint(self, kind, account, owner, audience):
        held = sum(
            not known.is_revoked
            and known.kind is kind
            and (known.minted.credential.account, known.minted.credential.owner) == (account, owner)
            for known in self.every
        )
        try:
            minted = self.core.mint(kind, account, owner, audience=audience)
        except QuotaExceeded:
            assert kind.quota is not None
            assert held == QUOTA
            return None
        assert kind.quota is None or held < QUOTA
        assert minted.credential.status == ACTIVE
        known = Known(minted, kind, expires_at=minted.credential.expires_at)
        self.every.append(known)
        return known

    @rule(known=credentials, status=st.sampled_from([ACTIVE, INACTIVE]))
    def switch(self, known, status):
        row = self._row(known)
        if row is not None:
            self.core.write(lambda tx: self.core.issuer.set_status(tx, row.credential, status))
            known.status = status

    @rule(known=credentials, seconds=st.none() | st.integers(-10, 10_000))
    def expire(self, known, seconds):
        row = self._row(known)
        if row is not None:
            at_ms = None if seconds is None else self.core.now_ms() + seconds * 1000
            self.core.write(lambda tx: self.core.issuer.expire(tx, row.credential, at_ms))
            known.expires_at = at_ms

    @rule(known=consumes(credentials))
    def revoke(self, known):
        if self._row(known) is not None:
            self.core.write(lambda tx: self.core.issuer.revoke(tx, known.minted.credential.id))
            known.is_revoked = True

    @rule(seconds=st.sampled_from([0.001, 1, 900, 3599.999, 3600, KEEP_EXPIRED.total_seconds()]))
    def advance(self, seconds):
        self.core.clock.advance(seconds)

    @rule()
    def sweep(self):
        asyncio.run(sweep(self.core.inline, self.core.issuer, self.core.clock))
        limit = self.core.now_ms() - int(KEEP_EXPIRED.total_seconds() * 1000)
        for known in self.every:
            if known.expires_at is not None and known.expires_at <= limit:
                known.is_revoked = True

    @rule()
    def rotate_the_keys(self):
        asyncio.run(rekey(self.core.inline, self.core.seal, self.core.root_keys, self.core.clock))

    @rule()
    def restart(self):
        self.core = self.core.reopened()

    @rule(known=credentials, data=st.data())
    def show_it_wrongly(self, known, data):
        if known is None:
            return
        minted, shown = known.minted, self.core.show
        other_audience = data.draw(st.sampled_from(["", "a", "b", "c"]))
        if other_audience != minted.credential.audience:
            assert not isinstance(shown(minted, audience=other_audience), Verified)
        other_kind = data.draw(st.sampled_from([kind for kind in KINDS if kind is not known.kind]))
        assert not isinstance(shown(minted, kind=other_kind.name), Verified)
        if known.kind.form is Form.BEARER:
            altered = Secret(minted.secret.reveal()[:-1] + b"=")
            assert isinstance(shown(Minted(minted.credential, altered)), NotMine | Refused)
        else:
            assert not isinstance(shown(minted, prover=Prover(WRONG)), Verified)
            token = None if known.kind is SESSION else WRONG
            assert not isinstance(shown(Minted(minted.credential, minted.secret, token)), Verified)
            wrong_token = Minted(minted.credential, minted.secret, WRONG)
            assert not isinstance(shown(wrong_token), Verified)

    @invariant()
    def every_credential_verifies_exactly_while_it_is_good(self):
        for known in self.every:
            expected = known.refusal(self.core.now_ms())
            outcome = self.core.show(known.minted)
            if expected is None:
                assert isinstance(outcome, Verified)
                assert outcome.credential.id == known.minted.credential.id
            else:
                assert isinstance(outcome, Refused)
                assert outcome.reason == expected

    @invariant()
    def what_is_good_is_still_good_inside_a_transaction(self):
        for known in self.every:
            good = self.core.verifier.still_good(self.core.store.reader, known.minted.credential)
            assert good == (known.refusal(self.core.now_ms()) is None)

    def _row(self, known):
        return None if known is None or known.is_revoked else self.core.row(known.minted)


CoreMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestCoreNeverLetsIn = CoreMachine.TestCase
