"""The door's ASGI application: reads the head, finds out who asks, has it answered, and sends that.

The order is fixed: signature, bucket and permission, header validity, conditions, body (facts of S3's errors). No
byte of a body is read for a caller who may not. What cannot be answered otherwise is `InternalError`, without
anything of our insides.
"""

import base64
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from keystead.access.doors import RESPOND, Describe, HTTPRequest, Message, Receive, Send, request_of
from keystead.access.refusals import answer as answer_of
from keystead.access.sigv4 import Malformed, Reason, Refused
from keystead.audit.event import Event
from keystead.audit.journal import Journal
from keystead.credentials.usage import Usage
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import StoreUnavailable
from keystead.kernel.ids import IdBytes
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.accesslog import AccessLines, Ended
from keystead.products.lightsail.door.answer import Answer, Header
from keystead.products.lightsail.door.cors import cors_headers, preflight
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.owners import require_expected_owner
from keystead.products.lightsail.door.request import Hosts, S3Request, read_request
from keystead.products.lightsail.door.retelling import Asked, Retelling
from keystead.products.lightsail.door.routes import V2_UNSIGNED, route
from keystead.products.lightsail.door.scribe import Scribe
from keystead.products.lightsail.door.visit import Guards, Visit
from keystead.products.lightsail.door.visitor import Visitor, Visitors
from keystead.products.lightsail.door.xml import error_document
from keystead.protocol import WireResponse
from keystead.store.recent import Recent

_LOG = logging.getLogger("keystead.s3")

Operation = Callable[[Visit], Coroutine[Any, Any, Answer]]
READS = ("Get", "Head", "List")
_BUCKETS_KEPT = 1024
_AT_ONCE = frozenset({"GetObject", "ListObjects", "ListObjectsV2"})
"""Reads that wait for nothing, and are asked for most."""
_BODILESS = (204, 304)
_FOUND = "s3_answer"
"""Under this name a scope's state holds an answer that was found at once and has yet to be sent."""


class S3Door:
    """Answers every request that reaches the door."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        hosts: Hosts,
        visitors: Visitors,
        guards: Guards,
        usage: Usage,
        journal: Journal,
        scribe: Scribe,
        lines: AccessLines,
        entropy: Entropy,
    ) -> None:
        self._operations = operations
        self._hosts = hosts
        self._visitors = visitors
        self._guards = guards
        self._buckets: Recent[Bucket | None] = Recent(guards.reader, _BUCKETS_KEPT)
        self._usage = usage
        self._journal = journal
        self._scribe = scribe
        self._lines = lines
        self._ids = IdBytes(entropy, 8 + 36)
        self._retelling = Retelling(visitors, guards.reader)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer: Answer | None = scope["state"].pop(_FOUND, None)
        if answer is None:
            turn = self._begin(scope["method"])
            try:
                answer = await self._answer(turn, self._read(turn, request_of(scope), receive))
            except Exception as error:  # Whatever went wrong, the caller gets an answer in S3's own form.
                answer = self._refuse(turn, error)
            self._conclude(turn, answer)
        await _send(scope, send, answer)

    def at_once(self, request: HTTPRequest, describe: Describe) -> WireResponse | None:
        """Answer a read that waits for nothing. What does not go out in one piece is left to `__call__`, found."""
        if request.method != "GET":
            return None
        turn = self._begin("GET")
        told = self._told_again(turn, request)
        if told is not None:
            return told
        try:
            asked = self._read(turn, request, _receive_nothing)
            if asked.operation not in _AT_ONCE:
                return None
            answer = _without_waiting(self._answer(turn, asked))
            if turn.asked is not None:
                self._retelling.keep(turn.asked, answer, turn.bucket, asked.operation)
        except Exception as error:  # As in `__call__`.
            answer = self._refuse(turn, error)
        self._conclude(turn, answer)
        if answer.stream is not None or answer.status in _BODILESS:
            describe()["state"][_FOUND] = answer
            return None
        return WireResponse(answer.status, answer.headers, answer.body)

    def _told_again(self, turn: "_Turn", request: HTTPRequest) -> WireResponse | None:
        """Return what a bucket's key was answered before. Who asks is kept in `turn`; others refuse."""
        try:
            found = self._retelling.asked(request)
        except (Refused, StoreUnavailable):
            return None
        if found is None:
            return None
        turn.visitor, turn.asked = visitor, asked = found
        told = self._retelling.find(asked)
        if told is None or visitor.credential is None:
            return None
        self._usage.touch(visitor.credential.id, "s3", told.bucket.region, request.source_address)

        def event() -> Event:
            asked_for = self._read(turn, request, _receive_nothing)
            return self._scribe.succeeded(Visit(asked_for, visitor, told.bucket, self._guards), is_read=True)

        self._journal.observe_read(event)
        return WireResponse(200, [*told.headers, *_ids(turn)], told.body)

    def _begin(self, method: str) -> "_Turn":
        drawn = self._ids.next()
        request_id, host_id = drawn[:8].hex().upper(), base64.b64encode(drawn[8:]).decode()
        return _Turn(method, request_id, host_id, self._guards.clock.monotonic())

    def _read(self, turn: "_Turn", whole: HTTPRequest, receive: Receive) -> S3Request:
        request = turn.request = read_request(whole, receive, self._hosts.bucket, turn.request_id)
        try:
            request.operation = route(request)
        except S3Error as error:
            turn.unroutable = error
        return request

    async def _answer(self, turn: "_Turn", request: S3Request) -> Answer:
        turn.bucket = self._bucket(request.bucket) if request.bucket else None
        if request.operation == "Preflight":
            return preflight(request, turn.bucket)
        visitor = turn.visitor or self._visitors.identify(request)
        if request.operation == "PostObject" and not visitor.is_anonymous:
            # A form brings its signature in its body, and is not signed a second time.
            raise Malformed(Reason.MORE_THAN_ONE_MECHANISM)
        _require_meant(request, visitor)
        if turn.unroutable is not None:
            # Said after the signature, which is wrong for a request that was changed on its way.
            raise S3Error("AccessDenied") if visitor.is_anonymous else turn.unroutable
        visit = turn.visit = Visit(request, visitor, turn.bucket, self._guards)
        require_expected_owner(request, turn.bucket)
        operation = self._operations.get(request.operation)
        if operation is None:
            # Told to those only who are somebody here. Clients with a bucket's key go on after this answer.
            raise S3Error("AccessDenied" if visitor.is_anonymous else "NotImplemented")
        answer = await operation(visit)
        self._note(visit)
        return answer

    def _conclude(self, turn: "_Turn", answer: Answer) -> None:
        """Put the headers on an answer that every answer has, and the request into its bucket's log."""
        answer.headers += _ids(turn)
        answer.headers += cors_headers(turn.request, turn.bucket)
        if turn.request is not None and turn.bucket is not None and turn.bucket.access_log is not None:
            visitor = None if turn.visit is None else turn.visit.visitor
            seconds = self._guards.clock.monotonic() - turn.began
            ended = Ended(answer, turn.code, turn.host_id, seconds)
            self._lines.note(turn.bucket, turn.request, visitor, ended)

    def _bucket(self, name: str) -> Bucket | None:
        return self._buckets.get(name, lambda: bucket_records.by_name(self._guards.reader, name))

    def _note(self, visit: Visit) -> None:
        credential = visit.visitor.credential
        if credential is not None:
            region = visit.found.region if visit.found is not None else visit.visitor.region
            self._usage.touch(credential.id, "s3", region, visit.request.source_address)
        if visit.request.operation.startswith(READS):
            self._journal.observe_read(lambda: self._scribe.succeeded(visit, is_read=True))

    def _refuse(self, turn: "_Turn", error: Exception) -> Answer:
        request = turn.request
        told, reason = _told(turn, error)
        turn.code = told.code
        if request is not None:
            key_id = told.members.get("AWSAccessKeyId", "")
            self._journal.observe(self._scribe.refused(request, turn.visit, told.code, reason, key_id))
        resource = "" if request is None else request.resource
        document = error_document(told, resource, turn.request_id, turn.host_id)
        headers: list[Header] = [(b"content-type", b"application/xml"), *told.headers]
        return Answer(told.status, headers, b"" if turn.method == "HEAD" else document)


class _Turn:
    """What is known of a request so far."""

    __slots__ = (
        "asked",
        "began",
        "bucket",
        "code",
        "host_id",
        "method",
        "request",
        "request_id",
        "unroutable",
        "visit",
        "visitor",
    )

    def __init__(self, method: str, request_id: str, host_id: str, began: float) -> None:
        self.method = method
        self.request_id = request_id
        self.host_id = host_id
        self.began = began
        self.code = ""
        self.request: S3Request | None = None
        self.unroutable: S3Error | None = None
        self.bucket: Bucket | None = None
        self.visit: Visit | None = None
        self.visitor: Visitor | None = None
        self.asked: Asked | None = None


def _ids(turn: _Turn) -> Sequence[Header]:
    return (b"x-amz-request-id", turn.request_id.encode()), (b"x-amz-id-2", turn.host_id.encode())


async def _receive_nothing() -> Message:
    """Receive the body of a request that is read without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _without_waiting(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the answer of an operation that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    work.close()
    raise RuntimeError("an operation waits that was to be answered at once")


def _require_meant(request: S3Request, visitor: Visitor) -> None:
    """Refuse what the signature does not cover although it decides what is done."""
    if visitor.signature_version == "AWS" and not V2_UNSIGNED.isdisjoint(request.query):
        raise Refused(Reason.SIGNATURE_MISMATCH)


def _told(turn: _Turn, error: Exception) -> tuple[S3Error, str]:
    """Return what a caller is told about a failure, and what the journal keeps."""
    match error:
        case S3Error():
            return error, error.code
        case Refused():
            told = answer_of(error, "s3")
            return _as_error(told.code, told.status, told.message, told.members), error.reason
        case StoreUnavailable():
            return S3Error("ServiceUnavailable"), "store-unavailable"
        case _:
            _LOG.error("request %s failed", turn.request_id, exc_info=error)
            return S3Error("InternalError"), "broken"


def _as_error(code: str, status: int, message: str, members: Sequence[tuple[str, str]]) -> S3Error:
    error = S3Error("AccessDenied", message, status=status)
    error.code, error.members = code, dict(members)
    return error


async def _send(scope: Message, send: Send, answer: Answer) -> None:
    if answer.stream is None and answer.length is None:
        answer.length = len(answer.body)
    is_head = scope["method"] == "HEAD"
    if answer.stream is None and not (is_head and answer.length) and answer.status not in _BODILESS:
        # `respond` writes a small answer in one piece, and counts it itself.
        await scope["extensions"][RESPOND]["respond"](answer.status, answer.headers, answer.body)
        return
    if answer.status not in _BODILESS:
        answer.headers.append((b"content-length", b"%d" % (answer.length or 0)))
    try:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if answer.stream is not None and not is_head:
            async for piece in answer.stream.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        if answer.stream is not None:
            await answer.stream.close()
