"""Access keys that the authority itself mints for the first users of an account, and the files that hold them."""

from pathlib import Path

from keystead.app.authority import Authority
from keystead.credentials import shelf
from keystead.credentials.seal import binding
from keystead.credentials.shelf import Credential
from keystead.kernel.files import write_private
from keystead.kernel.secret import Secret
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.store.interface import Reader, Transaction


class NoSuchKey(Exception):
    """The key that a file is to hold is not in the database."""


def mint_key(tx: Transaction, authority: Authority, account: str, owner: str) -> str:
    """Mint an access key and return its id; the account's data key has to be on disk already."""
    kind = authority.kinds[ACCESS_KEY]
    return authority.issuer.mint(tx, kind, account=account, owner=owner).credential.id


def key_of(reader: Reader, account: str, owner: str) -> Credential | None:
    """Return an owner's oldest access key, or None when it has none."""
    held = shelf.of_owner(reader, account, owner, ACCESS_KEY)
    return held[0] if held else None


def write_key(reader: Reader, authority: Authority, account: str, owner: str, path: Path) -> None:
    """Write an owner's oldest key to a file of mode 0600, in the format that AWS clients read.

    Raises NoSuchKey, OSError.
    """
    key = key_of(reader, account, owner)
    shelved = None if key is None else shelf.find(reader, key.id)
    if key is None or shelved is None or shelved.sealed is None:
        raise NoSuchKey(f"the access key for {path} is not in the database")
    secret = authority.seal.open(shelved.sealed, binding(key.id, key.account, key.kind, key.version))
    write_private(path, _profile(key.id, secret))


def _profile(key_id: str, secret: Secret) -> bytes:
    # Revealed into the one file that is there to hold it.
    return b"[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (
        key_id.encode(),
        secret.reveal(),
    )
