"""The credential core over a real database and fakes of time and randomness, with one kind of each form."""

import base64
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import keystead.credentials
from keystead.credentials import shelf
from keystead.credentials.issue import Issuer, Minted
from keystead.credentials.kind import Form, Kind, Kinds, Lifetime, Quota, Storage
from keystead.credentials.rootkey import RootKeyFile
from keystead.credentials.seal import AUTHORITY, Seal
from keystead.credentials.usage import Usage
from keystead.credentials.verify import KeyMaterial, NotMine, Refused, Verified, Verifier
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import access_key_id, unique_id
from keystead.kernel.secret import Secret
from keystead.store import interface
from keystead.store.interface import Job, Result
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore
from support.fakes import FixedEntropy, TestClock

FOLDER = Path(keystead.credentials.__file__).parent / "migrations"
STORE = Migrations("store", Path(interface.__file__).parent / "migrations")
ONE, OTHER = "111111111111", "222222222222"
QUOTA = 3
WRONG = Secret(b"wrong" * 8)


def _bearer(entropy: Entropy) -> bytes:
    return b"toy_" + base64.b32encode(entropy.token_bytes(20)).lower()


def _token(entropy: Entropy) -> bytes:
    return base64.b64encode(entropy.token_bytes(60))


KEY_PAIR = Kind(
    name="toy.key",
    form=Form.KEY_PAIR,
    storage=Storage.SEALED,
    new_id=lambda account, entropy: access_key_id("AKIA", account, entropy),
    quota=Quota("KeysPerOwner", QUOTA),
)
SESSION = Kind(
    name="toy.session",
    form=Form.SESSION,
    storage=Storage.BOTH,
    new_id=lambda account, entropy: access_key_id("ASIA", account, entropy),
    new_session_token=_token,
    lifetime=Lifetime(timedelta(minutes=15), timedelta(hours=12), timedelta(hours=1)),
)
BEARER = Kind(
    name="toy.bearer",
    form=Form.BEARER,
    storage=Storage.DIGEST,
    new_id=lambda account, entropy: unique_id("toy-", entropy),
    new_secret=_bearer,
    bearer_pattern=rb"toy_[a-z2-7]{32}",
    quota=Quota("TokensPerOwner", QUOTA),
)
READABLE = Kind(
    name="toy.readable",
    form=Form.BEARER,
    storage=Storage.BOTH,
    new_id=lambda account, entropy: unique_id("see-", entropy),
    new_secret=_bearer,
    bearer_pattern=rb"toy_[a-z2-7]{32}",
    replays=True,
)
KINDS = (KEY_PAIR, SESSION, BEARER, READABLE)


class InlineStore:
    """The core's store for tests without a loop: every write is its own commit, at once."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self.reader = store.reader

    async def write(self, job: Job[Result]) -> Result:
        return self._store.write_now(job)


@dataclass
class Prover:
    """A signer that holds `secret`; counts how often its proof was asked for, and with what."""

    secret: Secret
    asked: int = 0
    made_up: int = 0

    def __call__(self, material: KeyMaterial) -> bool:
        self.asked += 1
        self.made_up += material.version == 0
        return material.secret == self.secret


class Core:
    """An issuer and a verifier over one data directory."""

    def __init__(self, folder: Path, kinds: Iterable[Kind] = KINDS, entropy: Entropy | None = None) -> None:
        self.folder = folder
        self._is_closed = False
        self.clock = TestClock()
        self.entropy = entropy or FixedEntropy(str(random.random()))
        self.store = SQLiteStore(folder)
        self.inline: Any = InlineStore(self.store)
        self.store.write_now(lambda tx: migrate(tx, [STORE, Migrations("credentials", FOLDER)], 0))
        self.root_keys = RootKeyFile(folder / "root.key", self.entropy)
        is_new = not self.root_keys.exists()
        if is_new:
            self.root_keys.create()
        self.seal = Seal(self.root_keys.load(), self.entropy)
        self.seal.load(self.store.reader)
        if is_new:
            self.write(self._make_keys)
        self.kinds = Kinds(tuple(kinds))
        self.verifier = Verifier(self.kinds, self.seal, self.store.reader, self.clock)
        self.issuer = Issuer(self.kinds, self.seal, self.verifier, self.clock, self.entropy)
        self.usage = Usage(self.clock)

    def write(self, job: Job[Result]) -> Result:
        return self.store.write_now(job)

    def mint(self, kind: Kind = KEY_PAIR, account: str = ONE, owner: str = "bob", **more: Any) -> Minted:
        return self.write(lambda tx: self.issuer.mint(tx, kind, account=account, owner=owner, **more))

    def show(
        self,
        minted: Minted,
        *,
        kind: str | None = None,
        audience: str | None = None,
        prover: Prover | None = None,
    ) -> NotMine | Refused | Verified:
        """Present a credential as its holder does, at a door for its kind and audience unless told otherwise."""
        credential = minted.credential
        accepts = {kind or credential.kind: credential.audience if audience is None else audience}
        if self.kinds[credential.kind].form is Form.BEARER:
            return self.verifier.verify_bearer(minted.secret, accepts=accepts)
        prover = prover or Prover(minted.secret)
        return self.verifier.verify_key(credential.id, minted.session_token, prover, accepts=accepts)

    def is_good(self, minted: Minted) -> bool:
        return isinstance(self.show(minted), Verified)

    def now_ms(self) -> int:
        return int(self.clock.epoch() * 1000)

    def row(self, minted: Minted) -> shelf.Shelved | None:
        return shelf.find(self.store.reader, minted.credential.id)

    def reopened(self, kinds: Iterable[Kind] = KINDS) -> "Core":
        """Return a core over the same directory, as after a restart: with nothing held in memory."""
        self.close()
        again = Core(self.folder, kinds, self.entropy)
        again.clock.movable = self.clock.movable
        return again

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.store.close()

    def _make_keys(self, tx: Any) -> None:
        for account, purpose in (
            (AUTHORITY, "digest"),
            (AUTHORITY, "marker"),
            (ONE, "seal"),
            (OTHER, "seal"),
        ):
            self.seal.add_key(tx, account, purpose, 0)
