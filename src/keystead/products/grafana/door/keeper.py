"""What the door needs of the store of service accounts, which it does not know: doors never mint by themselves."""

from datetime import timedelta
from typing import Protocol

from keystead.kernel.secret import Secret
from keystead.products.grafana.account_records import APIKey, ServiceAccount, Token
from keystead.products.grafana.records import Workspace
from keystead.store.interface import Transaction


class AccountKeeper(Protocol):
    """Changes service accounts, tokens and API keys, for the AWS operations and the door alike (`accounts.py`)."""

    def create(
        self, tx: Transaction, workspace: Workspace, name: str, role: str, *, is_disabled: bool = False
    ) -> ServiceAccount:
        """Make a service account. Raises QuotaExceeded, AlreadyExists."""
        ...

    def change(
        self,
        tx: Transaction,
        account: ServiceAccount,
        *,
        name: str | None = None,
        role: str | None = None,
        is_disabled: bool | None = None,
    ) -> ServiceAccount:
        """Change what is given of a service account."""
        ...

    def remove(self, tx: Transaction, workspace: str, number: int) -> None:
        """Delete a service account and its tokens. Raises NotFound."""
        ...

    def mint(
        self, tx: Transaction, workspace: Workspace, account: int, name: str, life: timedelta | None
    ) -> tuple[Token, Secret]:
        """Make a token. Raises NotFound, AlreadyExists, QuotaExceeded."""
        ...

    def revoke(self, tx: Transaction, workspace: str, account: int, number: int) -> None:
        """Delete a token. Raises NotFound."""
        ...

    def mint_key(
        self, tx: Transaction, workspace: Workspace, name: str, role: str, life: timedelta | None
    ) -> tuple[APIKey, Secret]:
        """Make an API key. Raises AlreadyExists, QuotaExceeded."""
        ...

    def revoke_key(self, tx: Transaction, workspace: str, name: str) -> None:
        """Delete an API key. Raises NotFound."""
        ...

    def migrate_keys(self, tx: Transaction, workspace: Workspace) -> list[Token]:
        """Make each API key a token of a service account of its own. Raises QuotaExceeded."""
        ...
