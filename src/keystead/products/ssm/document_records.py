"""The rows of documents, their versions and with whom they are shared: their only SQL."""

from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_DOCUMENT = (
    "account, region, name, type, target_type, display_name, created_at, default_version, latest_version"
)
_VERSION = "account, region, name, version, version_name, format, content, created_at"


@dataclass(frozen=True, slots=True)
class Document:
    """A document of an account in a region. `created_at` is in epoch milliseconds."""

    account: str
    region: str
    name: str
    type: str
    target_type: str
    display_name: str
    created_at: int
    default_version: int
    latest_version: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version, with its text as it was given. `format` is JSON or YAML."""

    account: str
    region: str
    name: str
    version: int
    version_name: str
    format: str
    content: str
    created_at: int


def find(reader: Reader, account: str, region: str, name: str) -> Document | None:
    """Return a document."""
    row = reader.one(
        f"SELECT {_DOCUMENT} FROM ssm_document WHERE account = ? AND region = ? AND name = ?",
        (account, region, name),
    )
    return None if row is None else Document(*row)


def listed(reader: Reader, account: str, region: str) -> list[Document]:
    """Return all documents, by name; an account has at most 500."""
    rows = reader.all(
        f"SELECT {_DOCUMENT} FROM ssm_document WHERE account = ? AND region = ? ORDER BY name",
        (account, region),
    )
    return [Document(*row) for row in rows]


def of_type(reader: Reader, account: str, region: str, type_: str) -> list[Document]:
    """Return the documents of one type, by name."""
    rows = reader.all(
        f"SELECT {_DOCUMENT} FROM ssm_document WHERE account = ? AND region = ? AND type = ? ORDER BY name",
        (account, region, type_),
    )
    return [Document(*row) for row in rows]


def version(reader: Reader, account: str, region: str, name: str, number: int) -> Version | None:
    """Return one version of a document."""
    row = reader.one(
        f"SELECT {_VERSION} FROM ssm_document_version"
        " WHERE account = ? AND region = ? AND name = ? AND version = ?",
        (account, region, name, number),
    )
    return None if row is None else Version(*row)


def versions(reader: Reader, account: str, region: str, name: str) -> list[Version]:
    """Return every version of a document, the oldest first."""
    rows = reader.all(
        f"SELECT {_VERSION} FROM ssm_document_version"
        " WHERE account = ? AND region = ? AND name = ? ORDER BY version",
        (account, region, name),
    )
    return [Version(*row) for row in rows]


def add(tx: Transaction, document: Document) -> bool:
    """Keep a new document. False when its name is taken."""
    changed = tx.run(
        f"INSERT INTO ssm_document ({_DOCUMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account, region, name) DO NOTHING",
        (
            document.account,
            document.region,
            document.name,
            document.type,
            document.target_type,
            document.display_name,
            document.created_at,
            document.default_version,
            document.latest_version,
        ),
    )
    return changed == 1


def add_version(tx: Transaction, added: Version) -> None:
    """Keep a new version, which is the latest from now on."""
    tx.run(
        f"INSERT INTO ssm_document_version ({_VERSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            added.account,
            added.region,
            added.name,
            added.version,
            added.version_name,
            added.format,
            added.content,
            added.created_at,
        ),
    )
    tx.run(
        "UPDATE ssm_document SET latest_version = ? WHERE account = ? AND region = ? AND name = ?",
        (added.version, added.account, added.region, added.name),
    )


def set_default(tx: Transaction, document: Document, number: int) -> None:
    """Make a version the one that is meant when none is named."""
    tx.run(
        "UPDATE ssm_document SET default_version = ? WHERE account = ? AND region = ? AND name = ?",
        (number, document.account, document.region, document.name),
    )


def remove_version(tx: Transaction, gone: Version) -> None:
    """Delete one version."""
    tx.run(
        "DELETE FROM ssm_document_version WHERE account = ? AND region = ? AND name = ? AND version = ?",
        (gone.account, gone.region, gone.name, gone.version),
    )


def remove(tx: Transaction, document: Document) -> None:
    """Delete a document with all of its versions and shares."""
    whose = (document.account, document.region, document.name)
    tx.run("DELETE FROM ssm_document_share WHERE account = ? AND region = ? AND name = ?", whose)
    tx.run("DELETE FROM ssm_document_version WHERE account = ? AND region = ? AND name = ?", whose)
    tx.run("DELETE FROM ssm_document WHERE account = ? AND region = ? AND name = ?", whose)


def shares(reader: Reader, document: Document) -> list[str]:
    """Return the accounts that a document is shared with, `all` for everybody."""
    rows = reader.all(
        "SELECT shared_with FROM ssm_document_share"
        " WHERE account = ? AND region = ? AND name = ? ORDER BY shared_with",
        (document.account, document.region, document.name),
    )
    return [row[0] for row in rows]


def share(tx: Transaction, document: Document, account: str) -> None:
    """Share a document with an account; again is no error."""
    tx.run(
        "INSERT INTO ssm_document_share (account, region, name, shared_with) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, region, name, shared_with) DO NOTHING",
        (document.account, document.region, document.name, account),
    )


def unshare(tx: Transaction, document: Document, account: str) -> None:
    """Take a share back; none is no error."""
    tx.run(
        "DELETE FROM ssm_document_share WHERE account = ? AND region = ? AND name = ? AND shared_with = ?",
        (document.account, document.region, document.name, account),
    )
