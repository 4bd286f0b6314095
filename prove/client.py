"""A small, fast client: one connection, signed IAM and STS calls, the answer as status and text.

boto3 spends a millisecond on itself per call; to have a commit under way at any moment takes less. What the
client signs is held equal to botocore's by `tests/bench`.
"""

import asyncio
import contextlib
import re
from dataclasses import dataclass

from bench.requests import Key, Signer, form

ANSWER_SECONDS = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.I)
_LOST = (OSError, EOFError)


class Lost(Exception):
    """The connection ended before the answer: what was asked for may or may not have been done."""


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    text: str

    @property
    def code(self) -> str:
        """The error code, or nothing."""
        return self.element("Code")

    def element(self, name: str) -> str:
        """Return the text of the first element of this name, or nothing."""
        found = re.search(f"<{name}>([^<]*)</{name}>", self.text)
        return found[1] if found else ""

    def elements(self, name: str) -> list[str]:
        """Return the texts of all elements of this name."""
        return re.findall(f"<{name}>([^<]*)</{name}>", self.text)


class Connection:
    """One connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        """Connect. Raises Lost."""
        try:
            return cls(*await asyncio.open_connection(host, port))
        except OSError as error:
            raise Lost("no connection") from error

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer. Raises Lost; TimeoutError for a server that does not answer."""
        head, body = await self.exchange(request)
        return Answer(int(head[9:12]), body.decode())

    async def exchange(self, *request: bytes) -> tuple[bytes, bytes]:
        """Send a request, piece by piece, and return head and body of its answer. Raises as `ask` does."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                for piece in request:
                    self._writer.write(piece)
                head = await self._reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await self._reader.readexactly(int(length[1])) if length else b""
        except TimeoutError:
            raise
        except _LOST as error:
            raise Lost("the connection ended before the answer") from error
        return head, body

    async def close(self) -> None:
        """End the connection, whether or not the other end still is there."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class Caller:
    """Signs with one key for one host. Made anew every few minutes, because the date is signed too."""

    def __init__(self, key: Key, host: str) -> None:
        self.key = key
        self.host = host
        self._signers: dict[str, Signer] = {}

    def request(self, service: str, action: str, **parameters: str) -> bytes:
        """Return a signed request."""
        signer = self._signers.get(service)
        if signer is None:
            signer = self._signers[service] = Signer(self.key, service, self.host)
        return signer.request(form(service, action, **parameters))

    async def iam(self, connection: Connection, action: str, **parameters: str) -> Answer:
        """Ask IAM for something."""
        return await connection.ask(self.request("iam", action, **parameters))

    async def whoami(self, connection: Connection) -> Answer:
        """Ask STS who this key is."""
        return await connection.ask(self.request("sts", "GetCallerIdentity"))


def made_key(answer: Answer) -> Key:
    """Return the key in an answer to CreateAccessKey."""
    return Key(answer.element("AccessKeyId"), answer.element("SecretAccessKey"))
