"""A request on its way to the upstream and its answer on the way back, in pieces, each side as fast as the other.

Order: a place at the upstream, the body if it is small, the token judged once more, the role's token there, and the
request. A 401 of the upstream is believed only if it does not take our token any more; then the token is replaced
and the request, if its body is still here, sent once more. Nothing else is ever sent twice.
"""

import asyncio

import aiohttp

from keystead.access.doors import RESPOND
from keystead.config.settings import Settings
from keystead.credentials.seal import SealBroken
from keystead.kernel.secret import Secret
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.wire import ClientGone
from keystead.products.grafana.upstream import headers, refusals
from keystead.products.grafana.upstream.landlord import Unwilling
from keystead.products.grafana.upstream.limits import Busy
from keystead.products.grafana.upstream.lodging import Lodgings
from keystead.products.grafana.upstream.query import passed_on
from keystead.products.grafana.upstream.refusals import refuse
from keystead.products.grafana.upstream.site import Errand
from keystead.products.grafana.upstream.uploads import Upload
from keystead.products.grafana.upstream.visits import Visit, Visits
from keystead.products.grafana.upstream.wire import times_of
from keystead.store.interface import Reader

_REDIRECTS = range(300, 400)
_WITHOUT_BODY = (204, 304)


class Proxy:
    """Sends requests on."""

    def __init__(
        self, settings: Settings, reader: Reader, admission: Admission, visits: Visits, lodgings: Lodgings
    ) -> None:
        self._times = times_of(settings)
        self._reader = reader
        self._admission = admission
        self._visits = visits
        self._lodgings = lodgings

    async def forward(self, errand: Errand) -> int:
        """Have the upstream answer a request, and return its status. Raises Refusal, ClientGone.

        An answer that breaks off, at the upstream's end or because the token was revoked, ends the connection.
        """
        upload = Upload(errand.scope, errand.receive)
        upload.check()
        with self._visits.visit(errand.workspace, errand.site.upstream, errand.holder) as visit:
            try:
                await errand.site.slots.take()
                try:
                    return await self._serve(errand, visit, upload)
                finally:
                    errand.site.slots.give_back()
            except Busy:
                refuse(errand.workspace, refusals.BUSY)
            except asyncio.CancelledError:
                if visit.is_cut and not visit.is_answering:
                    visit.task.uncancel()
                    self._refuse_again(errand)
                raise

    async def _serve(self, errand: Errand, visit: Visit, upload: Upload) -> int:
        body = await upload.whole() if upload.is_small else None
        if upload.is_small:
            visit.ear = errand.receive
        answer = await self._answer(errand, visit, upload, body)
        visit.ear = errand.receive
        try:
            await self._give_back(errand, visit, answer)
        finally:
            # What was not read to its end closes the connection with it.
            answer.release()
        return answer.status

    def _refuse_again(self, errand: Errand) -> None:
        """Raise the refusal for what was good when it came, in the words that hold now."""
        self._admission.judge(self._reader, errand.workspace, errand.scope["headers"])
        refuse(errand.workspace, refusals.CHANGED)

    async def _answer(
        self, errand: Errand, visit: Visit, upload: Upload, body: bytes | None
    ) -> aiohttp.ClientResponse:
        line, upstream, role = errand.site.line, errand.site.upstream, errand.holder.role
        try:
            token = await self._lodgings.token(upstream, line, role)
            answer = await self._asked(errand, visit, upload, body, token)
            if answer.status != 401:
                return answer
            other = await self._lodgings.replaced(upstream, line, role, token)
        except (Unwilling, SealBroken):
            refuse(errand.workspace, refusals.UNWILLING)
        if other is None:
            # It is not about our token: a data source behind the upstream, say.
            return answer
        answer.release()
        if not upload.is_small:
            refuse(errand.workspace, refusals.CHANGED)
        answer = await self._asked(errand, visit, upload, body, other)
        if answer.status == 401:
            answer.release()
            refuse(errand.workspace, refusals.UNWILLING)
        return answer

    async def _asked(
        self, errand: Errand, visit: Visit, upload: Upload, body: bytes | None, token: Secret
    ) -> aiohttp.ClientResponse:
        """Return the upstream's answer when its head is here. Raises Refusal, ClientGone."""
        if visit.has_waited and not self._visits.is_good(visit):
            # Revoked while it waited: nothing may start now.
            self._refuse_again(errand)
        scope, workspace, place = errand.scope, errand.workspace, errand.place
        fields = [*headers.forwarded(scope["headers"]), *errand.introduction(), *upload.lengths()]
        query = passed_on(scope["query_string"])
        ask, seconds = errand.site.line.ask, self._times.answer
        try:
            if upload.is_small:
                with self._visits.answering_within(visit, seconds):
                    answer = await ask(scope["method"], place.raw_path, query, fields, token, body)
            else:
                async with asyncio.timeout(seconds) as deadline:
                    sent = upload.stream(deadline, seconds)
                    answer = await ask(scope["method"], place.raw_path, query, fields, token, sent)
        except TimeoutError:
            refuse(workspace, refusals.SLOW)
        except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError):
            refuse(workspace, refusals.UNREACHABLE)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if upload.failure is not None:
                raise upload.failure from error
            refuse(workspace, refusals.BROKEN)
        if answer.status < 200:
            answer.close()
            refuse(workspace, refusals.BROKEN)
        return answer

    async def _give_back(self, errand: Errand, visit: Visit, answer: aiohttp.ClientResponse) -> None:
        """Send an answer on: in one step if all of it is here, else in pieces."""
        fields = self._fields(errand, answer)
        has_body = errand.scope["method"] != "HEAD" and answer.status not in _WITHOUT_BODY
        try:
            first = await self._piece(answer) if has_body else b""
        except TimeoutError:
            refuse(errand.workspace, refusals.SLOW)
        except (aiohttp.ClientError, OSError):
            refuse(errand.workspace, refusals.BROKEN)
        visit.is_answering = True
        ready = errand.scope["extensions"].get(RESPOND)
        if ready is not None and has_body and answer.content.at_eof() and _is_all(answer, first):
            whole = [field for field in fields if field[0] != b"content-length"]
            await ready["respond"](answer.status, whole, first)
            return
        await errand.send({"type": "http.response.start", "status": answer.status, "headers": fields})
        try:
            await self._pour(errand, answer, first)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # Too late to say so: the connection ends, and whoever counts bytes or chunks knows.
            raise ClientGone from error

    async def _pour(self, errand: Errand, answer: aiohttp.ClientResponse, piece: bytes) -> None:
        while piece:
            await errand.send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await self._piece(answer)
        await errand.send({"type": "http.response.body", "body": b""})

    async def _piece(self, answer: aiohttp.ClientResponse) -> bytes:
        """Return what there is of an answer, empty at its end."""
        # What is here already waits for nobody, and needs no clock.
        piece = answer.content.read_nowait()
        if piece or answer.content.at_eof():
            return piece
        async with asyncio.timeout(self._times.idle):
            return await answer.content.readany()

    def _fields(self, errand: Errand, answer: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
        """Return the fields that go back; a redirect leads through this door again, or nowhere."""
        try:
            fields = headers.returned(answer.raw_headers)
        except headers.BadField:
            refuse(errand.workspace, refusals.BROKEN)
        kept: list[tuple[bytes, bytes]] = []
        for name, value in fields:
            if name != b"location":
                kept.append((name, value))
                continue
            below = errand.site.line.address.below(value.decode("latin-1"))
            if below is not None:
                kept.append((name, (errand.place.base + below).encode("latin-1")))
            elif answer.status in _REDIRECTS:
                refuse(errand.workspace, refusals.LEADS_AWAY)
        return kept


def _is_all(answer: aiohttp.ClientResponse, body: bytes) -> bool:
    """Return whether a body is as long as its answer says, where it says so."""
    length = answer.content_length
    return length is None or length == len(body)
