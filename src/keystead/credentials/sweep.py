"""Deletes what has expired. Nothing depends on it: expiry is judged at every use."""

from datetime import timedelta

from keystead.audit.event import authority_event, encode
from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.kernel.clock import Clock, now_ms
from keystead.store.interface import Store, Transaction

SWEEP_SECONDS = 300.0
KEEP_EXPIRED = timedelta(days=90)
"""How long an expired credential stays listed, so that its holder finds out why it stopped working."""
_AT_ONCE = 200


async def sweep(store: Store, issuer: Issuer, clock: Clock) -> int:
    """Delete credentials that expired longer than `KEEP_EXPIRED` ago and return how many, in portions."""

    def portion(tx: Transaction) -> int:
        gone = shelf.expired(tx, now_ms(clock) - int(KEEP_EXPIRED.total_seconds() * 1000), _AT_ONCE)
        for credential in gone:
            issuer.revoke(tx, credential.id)
            tx.note(encode(authority_event(clock.real_epoch(), "SweepCredential", id=credential.id)))
        return len(gone)

    total = 0
    while count := await store.write(portion):
        total += count
    return total
