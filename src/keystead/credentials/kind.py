"""`Kind`: what a sort of credential is, said as data.

A product declares its kinds; the core mints, verifies, expires and sweeps all of them alike. If a kind cannot
be said here, that is a design discussion, not a subclass (DESIGN §3).
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from keystead.kernel.entropy import Entropy
from keystead.kernel.lifecycle import Lifecycle

ACTIVE = "Active"
INACTIVE = "Inactive"
SWITCHABLE = Lifecycle({ACTIVE: frozenset({INACTIVE}), INACTIVE: frozenset({ACTIVE})})
"""The states of a credential that can be switched off and on again. Expiry is a time, not a state."""


KEEP_EXPIRED = timedelta(days=90)
"""How long an expired credential stays listed, so that its holder finds out why it stopped working."""


class Form(Enum):
    """What a holder shows: the secret itself, a signature made with it, or that and a session token."""

    BEARER = "bearer"
    KEY_PAIR = "key pair"
    SESSION = "key pair and session token"


class Storage(Enum):
    """How the secret rests. A key pair must be sealed, because checking an HMAC needs the key itself."""

    DIGEST = "digest"
    SEALED = "sealed"
    BOTH = "sealed and digest"

    @property
    def is_sealed(self) -> bool:
        """Whether the secret can be opened again."""
        return self is not Storage.DIGEST

    @property
    def is_digested(self) -> bool:
        """Whether the secret can be found by its digest."""
        return self is not Storage.SEALED


@dataclass(frozen=True, slots=True)
class Quota:
    """How many an owner may hold, whatever their state. `name` is AWS's name of the quota."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The bounds of a credential's life, and what it gets when nobody asks; None is for ever."""

    minimum: timedelta | None = None
    maximum: timedelta | None = None
    default: timedelta | None = None

    def allows(self, life: timedelta) -> bool:
        """Return whether `life` is within the bounds."""
        too_short = self.minimum is not None and life < self.minimum
        too_long = self.maximum is not None and life > self.maximum
        return not too_short and not too_long


def base64_secret(entropy: Entropy) -> bytes:
    """Return 40 characters, standard base64 of 30 random bytes: the form of an AWS secret access key."""
    return base64.b64encode(entropy.token_bytes(30))


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of credential.

    `name` is unique and stands in every row: `product.noun`. `new_id` and `new_secret` draw the public id (for
    an account) and the secret. A bearer's secret is the whole text that its holder shows, and `bearer_pattern`
    is what such a text looks like. A session has a session token beside its secret, found by digest.
    `replays` lets the same client token give the same credential again, which needs a sealed secret. An expired
    one is deleted once `keep_expired` is over.
    """

    name: str
    form: Form
    storage: Storage
    new_id: Callable[[str, Entropy], str]
    new_secret: Callable[[Entropy], bytes] = base64_secret
    new_session_token: Callable[[Entropy], bytes] | None = None
    bearer_pattern: bytes | None = None
    quota: Quota | None = None
    lifetime: Lifetime = Lifetime()
    states: Lifecycle = SWITCHABLE
    replays: bool = False
    keep_expired: timedelta = KEEP_EXPIRED

    def __post_init__(self) -> None:
        has_token = self.new_session_token is not None
        needed = {
            Form.BEARER: (self.storage.is_digested, self.bearer_pattern is not None, not has_token),
            Form.KEY_PAIR: (self.storage is Storage.SEALED, not has_token),
            Form.SESSION: (self.storage is Storage.BOTH, has_token),
        }
        if not all(needed[self.form]):
            raise ValueError(f"{self.name}: a {self.form.value} cannot be verified as declared")
        if self.replays and (not self.storage.is_sealed or has_token):
            # Of a session token only the digest is kept, so that a session cannot be given out again either.
            raise ValueError(f"{self.name}: a digest cannot be given out again")


class Kinds:
    """Every kind that the running products declare, by name."""

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self._by_name = {kind.name: kind for kind in kinds}
        if len(self._by_name) != len(kinds):
            raise ValueError("two kinds share a name")

    def __getitem__(self, name: str) -> Kind:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_name.values())
