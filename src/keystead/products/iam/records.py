"""The rows of service-specific credentials and of the credential report: their only SQL."""

from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_SERVICE_CREDENTIAL = "id, account, owner, service, user_name, created_at"


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """What a service-specific credential shows. `user_name` is its user name at the service, or its alias."""

    id: str
    account: str
    owner: str
    service: str
    user_name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Report:
    """A credential report. `generated_at` is in epoch milliseconds, `content` is CSV."""

    generated_at: int
    content: str


def service_credential(reader: Reader, account: str, credential_id: str) -> ServiceCredential | None:
    """Return the service-specific credential with this id."""
    row = reader.one(
        f"SELECT {_SERVICE_CREDENTIAL} FROM iam_service_credential WHERE id = ? AND account = ?",
        (credential_id, account),
    )
    return None if row is None else ServiceCredential(*row)


def service_credentials(
    reader: Reader, account: str, owner: str, after: int, limit: int
) -> list[tuple[int, ServiceCredential]]:
    """Return (row number, credential) in order of creation, from above row `after`; an empty owner is any."""
    rows = reader.all(
        f"SELECT row, {_SERVICE_CREDENTIAL} FROM iam_service_credential"
        " WHERE account = ? AND (? = '' OR owner = ?) AND row > ? ORDER BY row LIMIT ?",
        (account, owner, owner, after, limit),
    )
    return [(row[0], ServiceCredential(*row[1:])) for row in rows]


def has_service_credentials(reader: Reader, account: str, owner: str) -> bool:
    """Return whether a user has a service-specific credential, in whatever state."""
    return None is not reader.one(
        "SELECT 1 FROM iam_service_credential WHERE account = ? AND owner = ? LIMIT 1", (account, owner)
    )


def is_taken(reader: Reader, account: str, service: str, user_name: str) -> bool:
    """Return whether a user name at a service, or an alias, is in use."""
    return None is not reader.one(
        "SELECT 1 FROM iam_service_credential WHERE account = ? AND service = ? AND user_name = ?",
        (account, service, user_name),
    )


def add_service_credential(tx: Transaction, added: ServiceCredential) -> None:
    """Keep a new service-specific credential."""
    tx.run(
        f"INSERT INTO iam_service_credential ({_SERVICE_CREDENTIAL}) VALUES (?, ?, ?, ?, ?, ?)",
        (added.id, added.account, added.owner, added.service, added.user_name, added.created_at),
    )


def remove_service_credential(tx: Transaction, credential_id: str) -> None:
    """Delete what a service-specific credential shows."""
    tx.run("DELETE FROM iam_service_credential WHERE id = ?", (credential_id,))


def report(reader: Reader, account: str) -> Report | None:
    """Return an account's last credential report."""
    row = reader.one("SELECT generated_at, content FROM iam_credential_report WHERE account = ?", (account,))
    return None if row is None else Report(*row)


def keep_report(tx: Transaction, account: str, made: Report) -> None:
    """Keep an account's credential report, in place of the one before."""
    tx.run(
        "INSERT INTO iam_credential_report (account, generated_at, content) VALUES (?, ?, ?)"
        " ON CONFLICT (account) DO UPDATE SET generated_at = excluded.generated_at, content = excluded.content",
        (account, made.generated_at, made.content),
    )
