"""The rows of service accounts, their tokens, and API keys; the rest is the credential core's."""

from dataclasses import dataclass

from keystead.kernel.errors import NotFound
from keystead.products.grafana import acl_records
from keystead.store.interface import Reader, Row, Transaction

_ACCOUNT = "workspace, id, login, name, role, is_disabled, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account. `role` is VIEWER, EDITOR or ADMIN; times are epoch milliseconds."""

    workspace: str
    id: int
    login: str
    name: str
    role: str
    is_disabled: bool
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Token:
    """A service account's token: its number and name here, and the id of its credential."""

    workspace: str
    id: int
    service_account: int
    name: str
    credential: str


@dataclass(frozen=True, slots=True)
class APIKey:
    """An API key, which acts with a role of its own."""

    workspace: str
    name: str
    role: str
    credential: str


def _account(row: Row) -> ServiceAccount:
    workspace, number, login, name, role, is_disabled, created_at, updated_at = row
    return ServiceAccount(workspace, number, login, name, role, bool(is_disabled), created_at, updated_at)


def find_account(reader: Reader, workspace: str, number: int) -> ServiceAccount | None:
    """Return a service account of a workspace."""
    row = reader.one(
        f"SELECT {_ACCOUNT} FROM grafana_service_account WHERE workspace = ? AND id = ?", (workspace, number)
    )
    return None if row is None else _account(row)


def get_account(reader: Reader, workspace: str, number: int) -> ServiceAccount:
    """Return a service account of a workspace. Raises NotFound."""
    found = find_account(reader, workspace, number)
    if found is None:
        raise NotFound("serviceAccount", str(number))
    return found


def accounts(reader: Reader, workspace: str, after: str = "", limit: int = 1_000_000) -> list[ServiceAccount]:
    """Return a workspace's service accounts by login, from above `after`."""
    rows = reader.all(
        f"SELECT {_ACCOUNT} FROM grafana_service_account WHERE workspace = ? AND login > ?"
        " ORDER BY login LIMIT ?",
        (workspace, after, limit),
    )
    return [_account(row) for row in rows]


def count_accounts(reader: Reader, workspace: str) -> int:
    """Return how many service accounts a workspace has."""
    row = reader.one("SELECT count(*) FROM grafana_service_account WHERE workspace = ?", (workspace,))
    return 0 if row is None else row[0]


def add_account(tx: Transaction, account: ServiceAccount) -> bool:
    """Keep a new service account. False when its login is taken."""
    return (
        tx.run(
            f"INSERT INTO grafana_service_account ({_ACCOUNT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (workspace, login) DO NOTHING",
            (
                account.workspace,
                account.id,
                account.login,
                account.name,
                account.role,
                int(account.is_disabled),
                account.created_at,
                account.updated_at,
            ),
        )
        == 1
    )


def change_account(tx: Transaction, account: ServiceAccount) -> None:
    """Write down name, role and whether an account is disabled."""
    tx.run(
        "UPDATE grafana_service_account SET name = ?, role = ?, is_disabled = ?, updated_at = ?"
        " WHERE workspace = ? AND id = ?",
        (
            account.name,
            account.role,
            int(account.is_disabled),
            account.updated_at,
            account.workspace,
            account.id,
        ),
    )


def remove_account(tx: Transaction, workspace: str, number: int) -> None:
    """Delete a service account; its tokens are its owner's to delete first."""
    acl_records.remove_person(tx, workspace, number)
    tx.run("DELETE FROM grafana_service_account WHERE workspace = ? AND id = ?", (workspace, number))


def tokens(
    reader: Reader, workspace: str, account: int, after: str = "", limit: int = 1_000_000
) -> list[Token]:
    """Return an account's tokens by name, from above `after`."""
    rows = reader.all(
        "SELECT workspace, id, service_account, name, credential FROM grafana_token"
        " WHERE workspace = ? AND service_account = ? AND name > ? ORDER BY name LIMIT ?",
        (workspace, account, after, limit),
    )
    return [Token(*row) for row in rows]


def find_token(reader: Reader, workspace: str, account: int, number: int) -> Token | None:
    """Return a token of a service account."""
    row = reader.one(
        "SELECT workspace, id, service_account, name, credential FROM grafana_token"
        " WHERE workspace = ? AND service_account = ? AND id = ?",
        (workspace, account, number),
    )
    return None if row is None else Token(*row)


def token_named(reader: Reader, workspace: str, name: str) -> Token | None:
    """Return the token of this name, of whichever account: names are unique in a workspace."""
    row = reader.one(
        "SELECT workspace, id, service_account, name, credential FROM grafana_token"
        " WHERE workspace = ? AND name = ?",
        (workspace, name),
    )
    return None if row is None else Token(*row)


def token_of(reader: Reader, workspace: str, credential: str) -> Token | None:
    """Return the token that a credential of this workspace is."""
    row = reader.one(
        "SELECT workspace, id, service_account, name, credential FROM grafana_token"
        " WHERE credential = ? AND workspace = ?",
        (credential, workspace),
    )
    return None if row is None else Token(*row)


def add_token(tx: Transaction, token: Token) -> None:
    """Keep a new token; its name was looked for before, in the same transaction."""
    tx.run(
        "INSERT INTO grafana_token (workspace, id, service_account, name, credential) VALUES (?, ?, ?, ?, ?)",
        (token.workspace, token.id, token.service_account, token.name, token.credential),
    )


def remove_token(tx: Transaction, workspace: str, number: int) -> None:
    """Delete a token's row."""
    tx.run("DELETE FROM grafana_token WHERE workspace = ? AND id = ?", (workspace, number))


def keys(reader: Reader, workspace: str) -> list[APIKey]:
    """Return a workspace's API keys by name."""
    rows = reader.all(
        "SELECT workspace, name, role, credential FROM grafana_api_key WHERE workspace = ? ORDER BY name",
        (workspace,),
    )
    return [APIKey(*row) for row in rows]


def find_key(reader: Reader, workspace: str, name: str) -> APIKey | None:
    """Return the API key of this name."""
    row = reader.one(
        "SELECT workspace, name, role, credential FROM grafana_api_key WHERE workspace = ? AND name = ?",
        (workspace, name),
    )
    return None if row is None else APIKey(*row)


def key_of(reader: Reader, workspace: str, credential: str) -> APIKey | None:
    """Return the API key that a credential of this workspace is."""
    row = reader.one(
        "SELECT workspace, name, role, credential FROM grafana_api_key"
        " WHERE credential = ? AND workspace = ?",
        (credential, workspace),
    )
    return None if row is None else APIKey(*row)


def add_key(tx: Transaction, key: APIKey) -> None:
    """Keep a new API key; its name was looked for before, in the same transaction."""
    tx.run(
        "INSERT INTO grafana_api_key (workspace, name, role, credential) VALUES (?, ?, ?, ?)",
        (key.workspace, key.name, key.role, key.credential),
    )


def remove_key(tx: Transaction, workspace: str, name: str) -> None:
    """Delete an API key's row."""
    tx.run("DELETE FROM grafana_api_key WHERE workspace = ? AND name = ?", (workspace, name))
