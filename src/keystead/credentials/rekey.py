"""Rotates the root key and the sealing keys while the authority serves; safe to kill at any point.

Order: a new root key is added to the ring file; every data key is wrapped anew; each account gets a new data
key; every secret is sealed under it, a portion to a commit; data keys that nothing needs go; last, the old root
keys leave the file. A kill leaves more keys than needed and nothing that cannot be opened; run it again.
"""

from dataclasses import dataclass

from keystead.credentials import kept, keyring, shelf
from keystead.credentials.rootkey import RootKeyFile
from keystead.credentials.seal import Seal, binding
from keystead.kernel.clock import Clock, now_ms
from keystead.store.interface import Store, Transaction

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What a rotation did."""

    accounts: int
    secrets: int


async def rekey(store: Store, seal: Seal, file: RootKeyFile, clock: Clock) -> Rekeyed:
    """Rotate everything once. Raises RootKeyUnusable when the ring cannot be read or replaced."""
    file.add()
    seal.use(file.load())
    await store.write(seal.rewrap)
    accounts = sorted({key.account for key in keyring.all_keys(store.reader) if key.purpose == "seal"})
    secrets = 0
    for account in accounts:
        number = await store.write(lambda tx, account=account: _new_key(tx, seal, account, clock))
        while count := await store.write(lambda tx, account=account: _reseal(tx, seal, account)):
            secrets += count
        await store.write(lambda tx, number=number, account=account: keyring.drop_unused(tx, number, account))
    file.retire_all_but_first()
    return Rekeyed(len(accounts), secrets)


def _new_key(tx: Transaction, seal: Seal, account: str, clock: Clock) -> int:
    return seal.add_key(tx, account, "seal", now_ms(clock))


def _reseal(tx: Transaction, seal: Seal, account: str) -> int:
    portion = shelf.sealed_with_others(tx, account, seal.current_key(account), _AT_ONCE)
    for shelved in portion:
        credential = shelved.credential
        if shelved.sealed is not None:
            bound_to = binding(credential.id, credential.account, credential.kind, credential.version)
            secret = seal.open(shelved.sealed, bound_to)
            shelf.set_sealed(tx, credential.id, seal.close(account, secret, bound_to))
    return len(portion) or kept.reseal(tx, seal, account, _AT_ONCE)
