"""Deletes what has expired. Nothing depends on it: expiry is judged at every use."""

from keystead.audit.event import note_authority
from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import Kind
from keystead.kernel.clock import Clock, now_ms
from keystead.store.interface import Store, Transaction

SWEEP_SECONDS = 300.0
_AT_ONCE = 200


async def sweep(store: Store, issuer: Issuer, clock: Clock) -> int:
    """Delete credentials that expired longer ago than their kind keeps them; return how many, in portions."""
    return sum([await _sweep_kind(store, issuer, clock, kind) for kind in issuer.kinds])


async def _sweep_kind(store: Store, issuer: Issuer, clock: Clock, kind: Kind) -> int:
    before = now_ms(clock) - int(kind.keep_expired.total_seconds() * 1000)

    def portion(tx: Transaction) -> int:
        gone = shelf.expired(tx, kind.name, before, _AT_ONCE)
        for credential in gone:
            issuer.revoke(tx, credential.id)
            note_authority(tx, clock.real_epoch(), "SweepCredential", id=credential.id)
        return len(gone)

    total = 0
    # Looked at before: most kinds have nothing to sweep, and a commit costs a sync of the disk.
    while shelf.expired(store.reader, kind.name, before, 1):
        total += await store.write(portion)
    return total
