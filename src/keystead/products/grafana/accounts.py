"""Service accounts, tokens and API keys: the one store that the AWS operations and the door's API both change.

Follows facts/grafana.md §2: an AWS call and a call at the door on the same thing cannot be told apart afterwards.
"""

import itertools
from dataclasses import replace
from datetime import timedelta

from keystead.config.settings import Settings
from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import Kind
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded
from keystead.kernel.secret import Secret
from keystead.products.grafana import account_records as rows
from keystead.products.grafana import records, star_records
from keystead.products.grafana.account_records import APIKey, ServiceAccount, Token
from keystead.products.grafana.kinds import API_KEY, SERVICE_ACCOUNT_TOKEN
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.tokenform import new_api_key
from keystead.store.interface import Transaction

ACCOUNT_QUOTA = "ServiceAccountsPerWorkspace"
# Users and service accounts share one series in Grafana, whose first user is its administrator.
_FIRST_ACCOUNT = 2
_NEW_LOGINS_FROM = 11


class Accounts:
    """Makes, changes and removes what can be presented at a workspace's door."""

    def __init__(self, settings: Settings, issuer: Issuer, clock: Clock, token: Kind, key: Kind) -> None:
        self._settings = settings
        self._issuer = issuer
        self._clock = clock
        self._token = token
        self._key = key

    def create(
        self, tx: Transaction, workspace: Workspace, name: str, role: str, *, is_disabled: bool = False
    ) -> ServiceAccount:
        """Make a service account. Raises QuotaExceeded, AlreadyExists when its login is taken."""
        limit = self._settings.grafana_accounts_per_workspace
        if rows.count_accounts(tx, workspace.id) >= limit:
            raise QuotaExceeded(ACCOUNT_QUOTA, limit, workspace.id)
        now, number = now_ms(self._clock), records.next_number(tx, workspace.id, "person", _FIRST_ACCOUNT)
        made = ServiceAccount(
            workspace.id, number, login_of(workspace, name), name, role, is_disabled, now, now
        )
        if not rows.add_account(tx, made):
            raise AlreadyExists("serviceAccount", name)
        return made

    def change(
        self,
        tx: Transaction,
        account: ServiceAccount,
        *,
        name: str | None = None,
        role: str | None = None,
        is_disabled: bool | None = None,
    ) -> ServiceAccount:
        """Change what is given of a service account; its login stays. The next request is judged by it."""
        after = replace(
            account,
            name=account.name if name is None else name,
            role=account.role if role is None else role,
            is_disabled=account.is_disabled if is_disabled is None else is_disabled,
            updated_at=now_ms(self._clock),
        )
        rows.change_account(tx, after)
        return after

    def remove(self, tx: Transaction, workspace: str, number: int) -> None:
        """Delete a service account and revoke its tokens. Raises NotFound."""
        account = rows.get_account(tx, workspace, number)
        for token in rows.tokens(tx, workspace, account.id):
            self._forget(tx, token)
        star_records.remove_of_account(tx, workspace, account.id)
        rows.remove_account(tx, workspace, account.id)

    def mint(
        self, tx: Transaction, workspace: Workspace, account: int, name: str, life: timedelta | None
    ) -> tuple[Token, Secret]:
        """Make a token that lives for `life`, or for ever, and return it with its text.

        Raises NotFound for the account, AlreadyExists for the name in this workspace, QuotaExceeded.
        """
        holder = rows.get_account(tx, workspace.id, account)
        namesake = rows.token_named(tx, workspace.id, name)
        if namesake is not None:
            if shelf.find(tx, namesake.credential) is not None:
                raise AlreadyExists("serviceAccountToken", name)
            # An operator revoked the credential: of the token only its row is left.
            rows.remove_token(tx, workspace.id, namesake.id)
        minted = self._issuer.mint(
            tx,
            self._token,
            account=workspace.account,
            owner=workspace.id,
            audience=workspace.id,
            life=life,
        )
        number = records.next_number(tx, workspace.id, "token")
        token = Token(workspace.id, number, holder.id, name, minted.credential.id)
        rows.add_token(tx, token)
        return token, minted.secret

    def revoke(self, tx: Transaction, workspace: str, account: int, number: int) -> None:
        """Delete a token: the next request with it is refused. Raises NotFound."""
        rows.get_account(tx, workspace, account)
        token = rows.find_token(tx, workspace, account, number)
        if token is None:
            raise NotFound("serviceAccountToken", str(number))
        self._forget(tx, token)

    def mint_key(
        self, tx: Transaction, workspace: Workspace, name: str, role: str, life: timedelta | None
    ) -> tuple[APIKey, Secret]:
        """Make an API key of this role that lives for `life`, or for ever. Raises AlreadyExists, QuotaExceeded."""
        namesake = rows.find_key(tx, workspace.id, name)
        if namesake is not None:
            if shelf.find(tx, namesake.credential) is not None:
                raise AlreadyExists("apiKey", name)
            rows.remove_key(tx, workspace.id, name)

        def text(entropy: Entropy) -> bytes:
            return new_api_key(entropy, name)

        # The key's text carries its name, which no declaration can know.
        named = replace(self._key, new_secret=text)
        minted = self._issuer.mint(
            tx, named, account=workspace.account, owner=workspace.id, audience=workspace.id, life=life
        )
        key = APIKey(workspace.id, name, role, minted.credential.id)
        rows.add_key(tx, key)
        return key, minted.secret

    def revoke_key(self, tx: Transaction, workspace: str, name: str) -> None:
        """Delete an API key. Raises NotFound."""
        key = rows.find_key(tx, workspace, name)
        if key is None:
            raise NotFound("apiKey", name)
        if shelf.find(tx, key.credential) is not None:
            self._issuer.revoke(tx, key.credential)
        rows.remove_key(tx, workspace, name)

    def migrate_keys(self, tx: Transaction, workspace: Workspace) -> list[Token]:
        """Make each API key a token of a service account of its own, with the key's role. Raises QuotaExceeded.

        The credentials stay as they are: whoever holds a key notices nothing.
        """
        moved: list[Token] = []
        for key in rows.keys(tx, workspace.id):
            rows.remove_key(tx, workspace.id, key.name)
            if shelf.find(tx, key.credential) is None:
                continue
            account = self._create_named(tx, workspace, f"sa-autogen-1-{key.name}", key.role)
            names = (f"{key.name} {count}" if count > 1 else key.name for count in itertools.count(1))
            name = next(each for each in names if rows.token_named(tx, workspace.id, each) is None)
            number = records.next_number(tx, workspace.id, "token")
            token = Token(workspace.id, number, account.id, name, key.credential)
            rows.add_token(tx, token)
            moved.append(token)
        return moved

    def _create_named(self, tx: Transaction, workspace: Workspace, name: str, role: str) -> ServiceAccount:
        """Make a service account of this name, or of one like it if its login is taken. Raises QuotaExceeded."""
        for count in itertools.count(1):
            try:
                return self.create(tx, workspace, f"{name} {count}" if count > 1 else name, role)
            except AlreadyExists:
                continue
        raise RuntimeError("no login was free")

    def clear(self, tx: Transaction, workspace: Workspace) -> None:
        """Revoke every credential of a workspace and delete all that is in it."""
        for kind in (SERVICE_ACCOUNT_TOKEN, API_KEY):
            for credential in shelf.of_owner(tx, workspace.account, workspace.id, kind):
                self._issuer.revoke(tx, credential.id)
        records.clear(tx, workspace.id)

    def _forget(self, tx: Transaction, token: Token) -> None:
        if shelf.find(tx, token.credential) is not None:
            self._issuer.revoke(tx, token.credential)
        rows.remove_token(tx, token.workspace, token.id)


def login_of(workspace: Workspace, name: str) -> str:
    """Return the login that a name makes: two names that differ in case or spaces only make the same."""
    prefix = "sa-1-" if workspace.major >= _NEW_LOGINS_FROM else "sa-"
    return prefix + name.lower().replace(" ", "-")
