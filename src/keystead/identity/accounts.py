"""Accounts: the tenants. Everything else belongs to exactly one of them."""

from keystead.credentials.seal import AUTHORITY, Seal
from keystead.identity import records
from keystead.identity.records import Account
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.errors import AlreadyExists, NotFound
from keystead.store.interface import Reader, Transaction


class Accounts:
    """Creates accounts with what they need, and names them."""

    def __init__(self, seal: Seal, clock: Clock) -> None:
        self._seal = seal
        self._clock = clock

    def create(self, tx: Transaction, account: str) -> None:
        """Make an account and its sealing key. Raises AlreadyExists."""
        if records.account(tx, account) is not None:
            raise AlreadyExists("account", account)
        records.add_account(tx, account, now_ms(self._clock))
        self._seal.add_key(tx, account, "seal", now_ms(self._clock))

    def create_authority_keys(self, tx: Transaction) -> None:
        """Make the keys that belong to no account: for digests and for pagination markers."""
        self._seal.add_key(tx, AUTHORITY, "digest", now_ms(self._clock))
        self._seal.add_key(tx, AUTHORITY, "marker", now_ms(self._clock))

    def get(self, reader: Reader, account: str) -> Account:
        """Return an account. Raises NotFound."""
        found = records.account(reader, account)
        if found is None:
            raise NotFound("account", account)
        return found

    def set_alias(self, tx: Transaction, account: str, alias: str) -> None:
        """Give an account its alias, in place of the one it had. Raises AlreadyExists: another account has it."""
        owner = records.alias_owner(tx, alias)
        if owner not in (None, account):
            raise AlreadyExists("account alias", alias)
        records.set_alias(tx, account, alias)

    def remove_alias(self, tx: Transaction, account: str, alias: str) -> None:
        """Take an account's alias away. Raises NotFound when it is not the one it has."""
        if self.get(tx, account).alias != alias:
            raise NotFound("account alias", alias)
        records.set_alias(tx, account, None)
