"""The token that a role's requests go on with: minted at the upstream on first use, kept sealed, replaced in time.

The row in the database decides: what another node has minted is used, and what is minted here is used by others; it
is opened once and held until it may have changed (`opentokens.py`). A token that is still there and that the
upstream refuses is replaced; the caller says so, and is believed only after the upstream has refused it once more.
"""

import asyncio
import logging
from weakref import WeakValueDictionary

import aiohttp

from keystead.audit.event import note_authority
from keystead.config.settings import Settings
from keystead.credentials.seal import Seal, SealBroken
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.landlord import TOKEN_SECONDS, Landlord, Unwilling, account_name
from keystead.products.grafana.upstream.opentokens import OpenTokens
from keystead.products.grafana.upstream.upstream_records import Lodger, Upstream
from keystead.products.grafana.upstream.wire import Line
from keystead.store.interface import Reader, Store, Transaction

_LOG = logging.getLogger("keystead.grafana")
_FRESH_MS = TOKEN_SECONDS * 1000 // 2
_GOOD_MS = TOKEN_SECONDS * 1000 - 60_000
ADMINISTRATION_SECONDS = 10.0
"""For one call of the upstream's administrator."""


class Lodgings:
    """Finds, mints and replaces the tokens that requests go on with."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: Reader,
        seal: Seal,
        open_tokens: OpenTokens,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._seconds = max(ADMINISTRATION_SECONDS, settings.grafana_upstream_connect_seconds)
        self._store = store
        self._reader = reader
        self._seal = seal
        self._open = open_tokens
        self._clock = clock
        self._entropy = entropy
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def token(self, upstream: Upstream, line: Line, role: str) -> Secret:
        """Return the token of a role. Raises Unwilling when there is none and none can be made, SealBroken."""
        kept = self._open.of(upstream, role, self._now_ms(), _FRESH_MS)
        if kept is None:
            kept = self._kept(upstream, role, _FRESH_MS)
        if kept is not None:
            return kept
        async with self._lock(upstream, role):
            kept = self._kept(upstream, role, _FRESH_MS)
            if kept is not None:
                return kept
            try:
                return await self._mint(upstream, line, role)
            except Unwilling:
                # Better yesterday's token, while it is good, than none.
                kept = self._kept(upstream, role, _GOOD_MS)
                if kept is None:
                    raise
                _LOG.warning("the upstream of %s has minted no new token", upstream.workspace)
                return kept

    async def replaced(self, upstream: Upstream, line: Line, role: str, refused: Secret) -> Secret | None:
        """Return another token than one that the upstream has answered 401 to; None if it takes that one after all.

        A data source behind it answers 401 as well, and Grafana passes that on. Raises Unwilling.
        """
        async with self._lock(upstream, role):
            kept = self._kept(upstream, role, _GOOD_MS)
            if kept is not None and kept != refused:
                return kept
            if kept is not None and await self._is_taken(line, kept):
                return None
            return await self._mint(upstream, line, role)

    async def _is_taken(self, line: Line, token: Secret) -> bool:
        try:
            async with asyncio.timeout(self._seconds):
                answer = await line.ask("GET", b"/api/org", b"", [], token)
                answer.release()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unwilling("the upstream did not say whether it takes a token") from error
        return answer.status != 401

    async def _mint(self, upstream: Upstream, line: Line, role: str) -> Secret:
        admin_token = records.admin_token(self._reader, self._seal, upstream.workspace)
        if admin_token is None:
            raise Unwilling("the upstream's administrator token is gone")
        landlord = Landlord(line, admin_token, self._seconds)
        before = records.lodger_of(self._reader, upstream.workspace, role)
        number = await landlord.house(account_name(upstream.workspace, role), role)
        token_number, token = await landlord.mint(number, self._entropy)
        lodger = Lodger(upstream.workspace, role, number, token_number, self._now_ms())
        if not await self._store.write(lambda tx: self._keep(tx, upstream, lodger, token)):
            await self._undo(landlord, upstream, number, token_number)
            raise Unwilling("the upstream was changed meanwhile")
        if before is not None and before.number == number:
            try:
                await landlord.revoke(number, before.token_number)
            except Unwilling:
                _LOG.warning("an old token of %s stays at its upstream until it expires", upstream.workspace)
        return token

    async def _undo(self, landlord: Landlord, upstream: Upstream, number: int, token_number: int) -> None:
        """Take back what was minted while the operator cleared or changed the upstream."""
        if records.find(self._reader, upstream.workspace) is None:
            await landlord.remove(number)
        else:
            await landlord.revoke(number, token_number)

    def _keep(self, tx: Transaction, upstream: Upstream, lodger: Lodger, token: Secret) -> bool:
        """Write a token down, unless the operator has taken the upstream away or changed it since."""
        present = records.find(tx, upstream.workspace)
        if present is None or present.serial != upstream.serial:
            return False
        records.put_lodger(tx, upstream, lodger, self._seal, token)
        self._open.forget_after(tx, upstream.workspace)
        note_authority(
            tx,
            self._clock.epoch(),
            "MintUpstreamToken",
            workspaceId=lodger.workspace,
            role=lodger.role,
            serviceAccountId=str(lodger.number),
            tokenId=str(lodger.token_number),
        )
        return True

    def _kept(self, upstream: Upstream, role: str, younger_than_ms: int) -> Secret | None:
        lodger = records.lodger_of(self._reader, upstream.workspace, role)
        if lodger is None or not 0 <= self._now_ms() - lodger.minted_at < younger_than_ms:
            return None
        try:
            token = records.token_of(self._reader, self._seal, lodger)
        except SealBroken:
            # Made anew, like any other that is of no use.
            return None
        if token is not None:
            self._open.hold(upstream, lodger, token)
        return token

    def _lock(self, upstream: Upstream, role: str) -> asyncio.Lock:
        return self._locks.setdefault((upstream.workspace, role), asyncio.Lock())

    def _now_ms(self) -> int:
        return int(self._clock.real_epoch() * 1000)
