"""Tokens that open one channel, once, within a minute: `stream-token` of DESIGN rule 1. Kept as digests only."""

import base64
from typing import Final

from keystead.credentials.seal import Seal
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.products.ssm import session_records as records
from keystead.products.ssm.session_records import ChannelToken, Purpose
from keystead.store.interface import Transaction

TOKEN_BYTES: Final = 48
"""64 characters, well within the 300 that clients take."""
LIFE_MS: Final = 60_000


class ChannelTokens:
    """Mints tokens and takes them back."""

    def __init__(self, seal: Seal, clock: Clock, entropy: Entropy) -> None:
        self._seal = seal
        self._clock = clock
        self._entropy = entropy

    def mint(self, tx: Transaction, purpose: Purpose, subject: str, account: str) -> Secret:
        """Return a token for one channel of `subject`, a session or a node."""
        token = Secret(base64.urlsafe_b64encode(self._entropy.token_bytes(TOKEN_BYTES)))
        expires = now_ms(self._clock) + LIFE_MS
        records.add_token(tx, self._seal.digest(token), ChannelToken(purpose, subject, account, expires))
        return token

    def take(self, tx: Transaction, presented: Secret, subject: str) -> ChannelToken | None:
        """Return whom the token lets in, and use it up; None if it is not for `subject`, or too late."""
        found = records.use_token(tx, self._seal.digest(presented))
        if found is None or found.subject != subject or found.expires_at <= now_ms(self._clock):
            return None
        return found
