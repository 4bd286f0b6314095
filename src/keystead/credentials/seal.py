"""Seals secrets so that they can be opened again, and digests them so that they cannot.

AES-256-GCM under a data key per account, with the row's identity as associated data, so that a sealed secret
moved to another row does not open (NIST SP 800-38D; facts/iam.md §16). Digests are HMAC-SHA256 under a key of
their own. Data keys rest wrapped by the root key.
"""

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keystead.credentials import keyring
from keystead.credentials.rootkey import RootKeys
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.store.interface import Reader, Transaction

AUTHORITY = "*"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed secret does not open: its row was changed, or belongs to other data."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret at rest, and the number of the data key that opens it."""

    data_key: int
    box: bytes


def binding(credential_id: str, account: str, kind: str, version: int) -> bytes:
    """Return what a sealed secret is tied to: the identity of its row."""
    return f"{credential_id}|{account}|{kind}|{version}".encode()


class Seal:
    """The opened data keys of this authority. Held in memory only, and never shown."""

    def __init__(self, root_keys: RootKeys, entropy: Entropy) -> None:
        self._root_keys = root_keys
        self._entropy = entropy
        self._boxes: dict[int, AESGCM] = {}
        self._current: dict[str, int] = {}
        self._digest_key = (0, b"")
        self.marker_key = b""

    def load(self, reader: Reader) -> None:
        """Open every data key. Raises RootKeyUnusable when the root key is not the one they were wrapped with."""
        for key in keyring.all_keys(reader):
            plain = self._root_keys.unwrap(key.root_key, key.wrapped, key.binding)
            self._admit(key.number, key.account, key.purpose, plain)

    def use(self, root_keys: RootKeys) -> None:
        """Wrap with another ring from now on."""
        self._root_keys = root_keys

    def add_key(self, tx: Transaction, account: str, purpose: keyring.Purpose, now_ms: int) -> int:
        """Make a data key, which becomes the current one of its account and purpose once committed."""
        plain = self._entropy.token_bytes(_KEY_BYTES)
        root_key, wrapped = self._root_keys.wrap(plain, keyring.binding_of(account, purpose))
        number = keyring.add(tx, account, purpose, root_key, wrapped, now_ms)
        tx.after_commit(lambda: self._admit(number, account, purpose, plain))
        return number

    def rewrap(self, tx: Transaction) -> None:
        """Put every data key under the current root key."""
        for key in keyring.all_keys(tx):
            if key.root_key != self._root_keys.current:
                plain = self._root_keys.unwrap(key.root_key, key.wrapped, key.binding)
                keyring.rewrap(tx, key.number, *self._root_keys.wrap(plain, key.binding))

    def current_key(self, account: str) -> int:
        """Return the number of the data key that seals new secrets of an account."""
        return self._current[account]

    def close(self, account: str, secret: Secret, bound_to: bytes) -> Sealed:
        """Seal a secret of an account."""
        number = self._current[account]
        nonce = self._entropy.token_bytes(_NONCE_BYTES)
        # Revealed to be encrypted.
        return Sealed(number, nonce + self._boxes[number].encrypt(nonce, secret.reveal(), bound_to))

    def open(self, sealed: Sealed, bound_to: bytes) -> Secret:
        """Open a sealed secret. Raises SealBroken unless row and data key are the ones it was sealed with."""
        try:
            box = self._boxes[sealed.data_key]
            return Secret(box.decrypt(sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:], bound_to))
        except (KeyError, ValueError, InvalidTag) as error:
            # ValueError: the box is too short to hold a nonce.
            raise SealBroken("a sealed secret does not open") from error

    def digest(self, secret: Secret) -> bytes:
        """Return the digest by which a bearer secret is found: 32 bytes. Raises SealBroken without a key for it."""
        if not self._digest_key[1]:
            raise SealBroken("there is no key to digest with")
        # Revealed to be hashed under a key.
        return hmac.digest(self._digest_key[1], secret.reveal(), hashlib.sha256)

    @property
    def digest_key_number(self) -> int:
        """The number of the data key under which digests are made."""
        return self._digest_key[0]

    def _admit(self, number: int, account: str, purpose: str, plain: bytes) -> None:
        match purpose:
            case "seal":
                self._boxes[number] = AESGCM(plain)
                self._current[account] = max(number, self._current.get(account, 0))
            case "digest":
                self._digest_key = (number, plain)
            case _:
                self.marker_key = plain
