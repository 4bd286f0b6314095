"""An answer as it is told, and what the log and HTTP say of it: worked out once, however often it is told."""

import socket
from functools import lru_cache

from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.names import code_text, type_text

_GOOD = (message.NOERROR, message.NXDOMAIN)
_NO_ID = b"\0\0"
_NO_TIME = 1 << 31
"""From here on a time counts as none (RFC 2181 §8)."""
FOR_EVER = float("inf")


class Told:
    """An answer without its id, and until when it reads like this (monotonic seconds)."""

    __slots__ = ("_fresh_seconds", "_words", "rest", "until")

    def __init__(self, rest: bytes, until: float = FOR_EVER) -> None:
        self.rest = rest
        self.until = until
        self._words = ""
        self._fresh_seconds: int | None = None

    @property
    def code(self) -> int:
        """The response code, the four bits of the header."""
        return self.rest[1] & 0xF

    @property
    def words(self) -> str:
        """What the query log says of it: the code, whether that is good, and the records."""
        # The log's thread may come here at the same time as another: both work out the same.
        if not self._words:
            code, records = self.code, _answers(self.rest)
            status = '"Success","status_id":1' if code in _GOOD else '"Failure","status_id":2'
            self._words = f'"rcode":"{_code(code)}","rcode_id":{code},"status":{status},"answers":[{records}]'
        return self._words

    @property
    def fresh_seconds(self) -> int:
        """For how long a client's own cache may keep it: the least of its records' times, 0 for not at all."""
        if self._fresh_seconds is None:
            self._fresh_seconds = _fresh_seconds(self.code, self.rest)
        return self._fresh_seconds


def _fresh_seconds(code: int, rest: bytes) -> int:
    if code not in _GOOD:
        return 0
    try:
        times = [ttl for _, ttl, _ in message.answer_records(_NO_ID + rest)]
        return min((0 if ttl >= _NO_TIME else ttl for ttl in times), default=0)
    except ValueError:
        return 0


def _answers(rest: bytes) -> str:
    try:
        return ",".join(
            [
                f'{{"rdata":"{_shown(kind, data)}","type":"{record_type(kind)}","class":"IN","ttl":{ttl}}}'
                for kind, ttl, data in message.answer_records(_NO_ID + rest)
            ]
        )
    except ValueError:
        return ""


def _shown(kind: int, data: bytes) -> str:
    """Return a record's value: an address as one, others as hexadecimal, since their names may be compressed."""
    if kind == message.A and len(data) == 4:
        return socket.inet_ntop(socket.AF_INET, data)
    if kind == message.AAAA and len(data) == 16:
        return socket.inet_ntop(socket.AF_INET6, data)
    return data.hex()


# Numbers of DNS are few, and looking a name up costs more than the rest of a line.
record_type = lru_cache(maxsize=512)(type_text)
_code = lru_cache(maxsize=64)(code_text)
