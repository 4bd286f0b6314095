"""The root key: a ring of keys in one file, of which the first seals and the others only still open.

The file holds a line per key, `id base64`. It is readable by its owner alone, is never in the database, and may
lie outside the data directory: on another disk, or where systemd puts credentials.
"""

import base64
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keystead.kernel.entropy import Entropy
from keystead.kernel.files import write_private

_KEY_BYTES = 32
_NONCE_BYTES = 12


class RootKeyUnusable(Exception):
    """The root key cannot be read, is open to others, or is not the one that this data was sealed with."""


class RootKeys:
    """The keys of a ring, ready to wrap and unwrap data keys."""

    def __init__(self, keys: dict[str, bytes], entropy: Entropy) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._entropy = entropy
        self.current = next(iter(keys))

    def wrap(self, data_key: bytes, binding: bytes) -> tuple[str, bytes]:
        """Return (root key id, wrapped key) under the current root key; `binding` must be shown again."""
        nonce = self._entropy.token_bytes(_NONCE_BYTES)
        return self.current, nonce + self._keys[self.current].encrypt(nonce, data_key, binding)

    def unwrap(self, root_key: str, wrapped: bytes, binding: bytes) -> bytes:
        """Return a wrapped data key. Raises RootKeyUnusable when this ring cannot open it."""
        try:
            key = self._keys[root_key]
            return key.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], binding)
        except (KeyError, InvalidTag) as error:
            raise RootKeyUnusable(f"root key {root_key} of this data is not in the root key file") from error


class RootKeyFile:
    """The file that holds the ring."""

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self._path = path
        self._entropy = entropy

    def exists(self) -> bool:
        """Return whether there is such a file."""
        return self._path.exists()

    def create(self) -> None:
        """Make a ring of one new key. Raises FileExistsError rather than replace a ring."""
        if self._path.exists():
            raise FileExistsError(self._path)
        write_private(self._path, self._new_line())

    def load(self) -> RootKeys:
        """Return the ring. Raises RootKeyUnusable for a missing, readable-by-others or broken file."""
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
            lines = self._path.read_text("ascii").splitlines()
            keys = {key_id: base64.b64decode(key) for key_id, key in (line.split(" ") for line in lines)}
        except (OSError, ValueError) as error:
            raise RootKeyUnusable(f"the root key file {self._path} cannot be read") from error
        if mode & 0o077:
            raise RootKeyUnusable(f"{self._path} is open to others: chmod 600 {self._path}")
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise RootKeyUnusable(f"{self._path} does not hold root keys")
        return RootKeys(keys, self._entropy)

    def add(self) -> None:
        """Put a new key in front; the old ones still open what they sealed."""
        write_private(self._path, self._new_line() + self._path.read_bytes())

    def retire_all_but_first(self) -> None:
        """Drop every key but the current one; whoever calls this knows that nothing needs them."""
        write_private(self._path, self._path.read_bytes().splitlines(keepends=True)[0])

    def _new_line(self) -> bytes:
        key_id = self._entropy.token_bytes(4).hex().encode()
        return key_id + b" " + base64.b64encode(self._entropy.token_bytes(_KEY_BYTES)) + b"\n"
