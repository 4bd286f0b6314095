"""What speaks to upstreams in this process: a site for each, made on first use and given up when it has changed."""

import asyncio
import logging

import msgspec

from keystead.access.doors import Message, Receive, Send
from keystead.audit.event import note_authority
from keystead.config.settings import Settings
from keystead.credentials.seal import Seal
from keystead.identity.epoch import PolicyEpoch
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.asking import Holder
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.upstream import refusals
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.landlord import Landlord, Unwilling
from keystead.products.grafana.upstream.limits import Slots
from keystead.products.grafana.upstream.live import Live
from keystead.products.grafana.upstream.lodging import Lodgings
from keystead.products.grafana.upstream.moving import leave
from keystead.products.grafana.upstream.opentokens import OpenTokens
from keystead.products.grafana.upstream.proxy import Proxy
from keystead.products.grafana.upstream.refusals import refuse
from keystead.products.grafana.upstream.site import Errand, Place, Site, hops_of
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.products.grafana.upstream.visits import Visits
from keystead.products.grafana.upstream.wire import Line, times_of
from keystead.store.interface import Reader, Store, Transaction

_LOG = logging.getLogger("keystead.grafana")
_HEALTH_SECONDS = 1.0
_NOBODY = Secret(b"-")


class House:
    """The sites of this process, and what is done at them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: Reader,
        seal: Seal,
        admission: Admission,
        visits: Visits,
        epoch: PolicyEpoch,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._settings = settings
        self._times = times_of(settings)
        self._store = store
        self._reader = reader
        self._seal = seal
        self._clock = clock
        self._open_tokens = OpenTokens(epoch)
        lodgings = Lodgings(settings, store, reader, seal, self._open_tokens, clock, entropy)
        self._proxy = Proxy(settings, reader, admission, visits, lodgings)
        self._live = Live(settings, reader, admission, visits, lodgings)
        self._sites: dict[str, Site] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def errand(
        self,
        scope: Message,
        receive: Receive,
        send: Send,
        upstream: Upstream,
        workspace: Workspace,
        holder: Holder,
        asked: tuple[bytes, tuple[bytes, ...], str],
    ) -> Errand:
        """Return a request for an upstream. Raises Refusal 508 when it has been here before."""
        errand = Errand(
            scope, receive, send, self._site(upstream), Place(*asked), workspace, holder, hops_of(scope)
        )
        if errand.goes_in_circles:
            refuse(workspace, refusals.LOOP)
        return errand

    async def forward(self, errand: Errand) -> int:
        """Send a request on and its answer back; return the status. Raises Refusal, ClientGone."""
        return await self._proxy.forward(errand)

    async def relay(self, errand: Errand) -> None:
        """Join a client's socket with one at the upstream. Raises Refusal."""
        await self._live.relay(errand)

    async def health(self, upstream: Upstream) -> tuple[int, bytes]:
        """Return what an upstream says of its health, as a status and JSON; asked once a second at most.

        Nobody has to show a token for it, so nobody can have the upstream asked more often.
        """
        site = self._site(upstream)
        if site.health_until > self._clock.monotonic():
            return site.health
        async with site.health_lock:
            if site.health_until <= self._clock.monotonic():
                site.health = await self._asked_health(site)
                site.health_until = self._clock.monotonic() + _HEALTH_SECONDS
        return site.health

    async def tidy(self) -> None:
        """Take leave of the upstreams of workspaces that were deleted."""
        for upstream in records.orphaned(self._reader):
            left = await leave(self._reader, self._seal, upstream, self._times)
            if left:
                _LOG.warning("accounts of %s are still at its upstream: %s", upstream.workspace, left[0])

            def forget(tx: Transaction, upstream: Upstream = upstream) -> None:
                records.drop(tx, upstream.workspace)
                self._open_tokens.forget_after(tx, upstream.workspace)
                note_authority(tx, self._clock.epoch(), "ForgetUpstream", workspaceId=upstream.workspace)

            await self._store.write(forget)

    async def close(self) -> None:
        """End every connection."""
        sites, self._sites = list(self._sites.values()), {}
        await asyncio.gather(*(site.line.close() for site in sites), *self._closing, return_exceptions=True)

    async def _asked_health(self, site: Site) -> tuple[int, bytes]:
        landlord = Landlord(site.line, _NOBODY, self._times.connect)
        try:
            found = await landlord.health()
        except Unwilling:
            status, message_id, message = refusals.UNREACHABLE
            told = {"statusCode": status, "messageId": message_id, "message": message}
            return status, msgspec.json.encode(told)
        # Its words, of which clients need the version; nothing else that an upstream may put there.
        told = {name: str(found.get(name, "")) for name in ("commit", "database", "version")}
        return 200 if told["database"] == "ok" else 503, msgspec.json.encode(told)

    def _site(self, upstream: Upstream) -> Site:
        site = self._sites.get(upstream.workspace)
        if site is not None and site.upstream.serial == upstream.serial:
            return site
        if site is not None:
            closing = asyncio.create_task(site.line.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        settings = self._settings
        slots = Slots(
            settings.grafana_upstream_connections, settings.grafana_upstream_sockets, self._times.connect
        )
        made = Site(upstream, Line(upstream.url, upstream.ca, self._times), slots, asyncio.Lock())
        self._sites[upstream.workspace] = made
        return made
