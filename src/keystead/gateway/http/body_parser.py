"""A parser for the body of a message whose head another parser has read."""

from typing import Protocol

import httptools


class _Taker(Protocol):
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...
    def stop_reading(self) -> None: ...


def body_parser(taker: _Taker, framing: bytes) -> httptools.HttpRequestParser:
    """Return a parser that reads one body by the header field `framing`, and has nothing read after it."""
    parser = httptools.HttpRequestParser(_BodyOnly(taker))
    parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n\r\n" % framing)
    return parser


class _BodyOnly:
    """The callbacks of a parser that is given a head of our own and the client's body."""

    def __init__(self, taker: _Taker) -> None:
        self._taker = taker
        self.on_body = taker.on_body

    def on_message_complete(self) -> None:
        self._taker.on_message_complete()
        self._taker.stop_reading()
