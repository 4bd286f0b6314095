"""A browser's form on its way in: fields up to the file, then the file as a stream; never the form as a whole.

Follows RFC 7578 (multipart/form-data) and "POST Object" (Amazon S3 API Reference): `file` is the last field, what
comes after it is ignored, and the fields before it are at most 20 KB. Names of fields ignore case. A field that is
given twice is refused: nobody can tell which one its policy meant.
"""

import re
from urllib.parse import unquote

from keystead.access.doors import Message, Receive
from keystead.products.lightsail.door.errors import S3Error, invalid_argument

MAX_FIELDS_BYTES = 20 * 1024
_MAX_AFTER_BYTES = 64 * 1024
"""How much behind the file is read on, so that the connection can be used again."""
_TYPE = re.compile(
    r"multipart/form-data\s*;(?:[^;]*;)*?\s*boundary=(?:\"([^\"\r\n]{1,70})\"|([^\s;,\"]{1,70}))\s*(?:;.*)?",
    re.I,
)
_NAME = re.compile(r";\s*(name|filename|filename\*)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]*))", re.I)
_ENCODED = re.compile(r"utf-8'[^']*'(.*)", re.I)


def boundary_of(content_type: str | None) -> bytes:
    """Return what separates the fields of a form. Raises S3Error for what is none."""
    found = _TYPE.fullmatch((content_type or "").strip())
    if found is None:
        raise S3Error(
            "PreconditionFailed", Condition="Bucket POST must be of the enclosure-type multipart/form-data"
        )
    return (found[1] or found[2]).encode("latin-1")


class Form:
    """One form. `fields` are those before the file, in lower case; `file_name` is what the browser called it."""

    def __init__(self, receive: Receive, boundary: bytes) -> None:
        self._receive = receive
        self._delimiter = b"\r\n--" + boundary
        # The first delimiter may stand at the very beginning, where no line ends before it.
        self._buffer = bytearray(b"\r\n")
        self._has_more = True
        self._left = MAX_FIELDS_BYTES
        self._is_at_end = False
        self.fields: dict[str, str] = {}
        self.file_name = ""

    async def read_fields(self) -> None:
        """Read up to where the file begins. Raises S3Error."""
        await self._until(self._delimiter)
        while True:
            if (await self._until(b"\r\n")).strip(b" \t"):
                # Two hyphens end a form; anything else is none. Either way there is no file.
                raise invalid_argument("POST requires exactly one file upload per request.", "file", "0")
            name, file_name = _named(await self._until(b"\r\n\r\n", begins=b"\r\n"))
            if name == "file":
                self.file_name = file_name
                return
            if name in self.fields:
                raise invalid_argument("POST form fields must not be repeated.", name, "")
            self.fields[name] = _text(await self._until(self._delimiter))

    async def receive(self) -> Message:
        """Give the next bytes of the file, as ASGI gives those of a body. Raises S3Error for a form cut short."""
        while True:
            at = self._buffer.find(self._delimiter)
            if at >= 0:
                data = bytes(self._buffer[:at])
                self._buffer.clear()
                self._is_at_end = True
                await self._read_to_the_end()
                return {"type": "http.request", "body": data, "more_body": False}
            # What might be the beginning of the delimiter waits for what comes next.
            ready = len(self._buffer) - len(self._delimiter) + 1
            if ready > 0:
                data = bytes(self._buffer[:ready])
                del self._buffer[:ready]
                return {"type": "http.request", "body": data, "more_body": True}
            await self._read_on()

    async def _until(self, mark: bytes, begins: bytes = b"") -> bytes:
        """Take what is before a mark, and the mark. `begins` counts as what stood before. Raises S3Error."""
        if begins:
            self._buffer[:0] = begins
            self._left += len(begins)
        start = 0
        while (at := self._buffer.find(mark, start)) < 0:
            start = max(0, len(self._buffer) - len(mark) + 1)
            if len(self._buffer) > self._left:
                raise S3Error("MaxPostPreDataLengthExceeded")
            await self._read_on()
        taken = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        self._left -= at + len(mark)
        if self._left < 0:
            raise S3Error("MaxPostPreDataLengthExceeded")
        return taken

    async def _read_on(self) -> None:
        if not self._has_more:
            raise S3Error("MalformedPOSTRequest")
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise S3Error("IncompleteBody")
        self._buffer += message.get("body", b"")
        self._has_more = bool(message.get("more_body", False))

    async def _read_to_the_end(self) -> None:
        read = 0
        while self._has_more and read < _MAX_AFTER_BYTES:
            message = await self._receive()
            read += len(message.get("body", b""))
            self._has_more = message["type"] == "http.request" and bool(message.get("more_body", False))


def _named(head: bytes) -> tuple[str, str]:
    """Return the name of a field, in lower case, and that of its file. Raises S3Error."""
    for line in _text(head).split("\r\n"):
        title, colon, value = line.partition(":")
        if not colon or title.strip().lower() != "content-disposition":
            continue
        kind, _, _ = value.partition(";")
        found = {match[1].lower(): _unquoted(match) for match in _NAME.finditer(value)}
        if kind.strip().lower() == "form-data" and found.get("name"):
            return found["name"].lower(), _base_name(found)
    raise S3Error("MalformedPOSTRequest")


def _unquoted(match: re.Match[str]) -> str:
    # A backslash is only ever read before a quote: browsers of old send whole Windows paths.
    return match[3] if match[2] is None else match[2].replace('\\"', '"')


def _base_name(found: dict[str, str]) -> str:
    encoded = _ENCODED.fullmatch(found.get("filename*", ""))
    name = found.get("filename", "") if encoded is None else unquote(encoded[1])
    return re.split(r"[/\\]", name)[-1]


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise S3Error("MalformedPOSTRequest") from error
