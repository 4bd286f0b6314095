"""Secrets that the authority has to show somewhere else: sealed like credentials, and rotated with them.

They are not ours to judge: nobody is let in by one, so they stand on no shelf and in no inventory. Whoever keeps
one names it so that nobody else's is meant, `product.what/whose`.
"""

from keystead.credentials import kept_records
from keystead.credentials.seal import Seal
from keystead.kernel.secret import Secret
from keystead.store.interface import Reader, Transaction


def keep(tx: Transaction, seal: Seal, name: str, account: str, secret: Secret) -> None:
    """Keep a secret under a name, sealed with the account's data key; one of this name is replaced."""
    kept_records.put(tx, name, account, seal.close(account, secret, _binding(name, account)))


def shown(reader: Reader, seal: Seal, name: str) -> Secret | None:
    """Return a kept secret, None when there is none. Raises SealBroken."""
    found = kept_records.find(reader, name)
    if found is None:
        return None
    account, sealed = found
    return seal.open(sealed, _binding(name, account))


def drop(tx: Transaction, name: str) -> None:
    """Forget a secret, if it is there."""
    kept_records.drop(tx, name)


def reseal(tx: Transaction, seal: Seal, account: str, limit: int) -> int:
    """Seal some of an account's secrets under its current data key, and return how many; 0 when none is left."""
    names = kept_records.sealed_with_others(tx, account, seal.current_key(account), limit)
    for name in names:
        secret = shown(tx, seal, name)
        if secret is not None:
            keep(tx, seal, name, account, secret)
    return len(names)


def _binding(name: str, account: str) -> bytes:
    return f"kept|{name}|{account}".encode()
