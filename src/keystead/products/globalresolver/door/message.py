"""DNS messages as octets: a question read, an answer written, and an upstream's answer made one for a client.

Follows RFC 1035 §4, RFC 6891 (EDNS), RFC 7871 (client subnet) and RFC 8914 (extended errors). Hand-made because
it is every query's work: reading with a library costs 27 times as much (facts/dns.md §12).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
A, CNAME, SOA, TXT, NULL, AAAA, OPT, ANY = 1, 5, 6, 16, 10, 28, 41, 255
IN = 1
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
DO = 0x8000
ACCESS_TOKEN_OPTION = 65440
"""EDNS option whose data is an access token: "Managing access tokens", in the range for local use of RFC 6891."""
CLIENT_SUBNET_OPTION, EXTENDED_ERROR_OPTION = 8, 15
UDP_SIZE = 1232
LONGEST = 65_535
"""Octets of a message: its length on a stream has two."""
HEADER_OCTETS = 12
_OWNER_IS_QUESTION = b"\xc0\x0c"
_HEADER = struct.Struct("!6H")
_OPTION = struct.Struct("!HH")
_AFTER_ID = struct.Struct("!5H")
_RECORD = struct.Struct("!HHIH")
_TRANSFERS = frozenset({251, 252})
_POINTER, _FARTHEST = 0xC000, 0x3FFF


class Malformed(Exception):
    """A message cannot be taken as a query. `answer` is what is said to it; None is nothing at all."""

    def __init__(self, answer: bytes | None) -> None:
        super().__init__("malformed")
        self.answer = answer


@dataclass(slots=True)
class Query:
    """A question with what its OPT record says. `question` and `options` are octets as they came.

    `labels` are those of the name in lower case; `udp_size` is 0 without an OPT record.
    """

    id: int
    flags: int
    question: bytes
    labels: tuple[bytes, ...]
    type: int
    klass: int
    udp_size: int = 0
    edns_version: int = 0
    wants_dnssec: bool = False
    options: Sequence[tuple[int, bytes]] = ()

    @property
    def has_edns(self) -> bool:
        """Whether the client speaks EDNS."""
        return self.udp_size > 0

    @property
    def name(self) -> bytes:
        """The name in lower case without its final dot; a dot inside a label is escaped."""
        name = b".".join(self.labels)
        if name.count(b".") == max(len(self.labels) - 1, 0):
            return name
        return b".".join([label.replace(b".", b"\\.") for label in self.labels])

    def option(self, code: int) -> list[bytes]:
        """Return the data of every option of a code."""
        return [data for number, data in self.options if number == code]


@dataclass(frozen=True, slots=True)
class Record:
    """One record to answer with; `owner` None is the question's name."""

    type: int
    ttl: int
    data: bytes
    owner: bytes | None = None


def parse_query(wire: bytes) -> Query:
    """Return the query in a message. Raises Malformed for whatever is not exactly one."""
    if len(wire) < HEADER_OCTETS:
        raise Malformed(None)
    message_id, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    if flags & QR:
        raise Malformed(None)
    if flags & 0x7800:
        raise Malformed(_head_only(message_id, flags, NOTIMP))
    if questions != 1 or answers or authorities:
        raise Malformed(_head_only(message_id, flags, FORMERR))
    try:
        labels, at = _question_name(wire)
        kind, klass = struct.unpack_from("!HH", wire, at)
        query = Query(message_id, flags, wire[HEADER_OCTETS : at + 4], labels, kind, klass)
        if additionals:
            _read_additionals(query, wire, at + 4, additionals)
        elif len(wire) != at + 4:
            raise ValueError
    except (IndexError, ValueError, struct.error) as error:
        raise Malformed(_head_only(message_id, flags, FORMERR)) from error
    return query


def _question_name(wire: bytes) -> tuple[tuple[bytes, ...], int]:
    """Return the labels of the question, which may not be compressed, and where the name ends."""
    labels: list[bytes] = []
    lower, at = wire.lower(), HEADER_OCTETS
    while length := wire[at]:
        if length > 63 or at + length - HEADER_OCTETS > 254:
            raise ValueError
        at += 1 + length
        labels.append(lower[at - length : at])
    return tuple(labels), at + 1


def _read_additionals(query: Query, wire: bytes, at: int, count: int) -> None:
    for _ in range(count):
        is_root = wire[at] == 0
        at = _after_name(wire, at)
        kind, size, ttl, length = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        data = wire[at : at + length]
        at += length
        if at > len(wire):
            raise ValueError
        if kind != OPT:
            continue
        if query.has_edns or not is_root:
            raise ValueError
        query.udp_size = max(size, 512)
        query.edns_version = ttl >> 16 & 0xFF
        query.wants_dnssec = bool(ttl & DO)
        query.options = _options(data)
    if at != len(wire):
        raise ValueError


def _options(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at, end = 0, len(data)
    while at < end:
        code, length = _OPTION.unpack_from(data, at)
        at += 4 + length
        if at > end:
            raise ValueError
        found.append((code, data[at - length : at]))
    return found


def _after_name(wire: bytes, at: int) -> int:
    while length := wire[at]:
        if length >= 0xC0:
            return at + 2
        if length > 63:
            raise ValueError
        at += 1 + length
    return at + 1


def _head_only(message_id: int, flags: int, code: int) -> bytes:
    return _HEADER.pack(message_id, QR | flags & 0x7900 | RA | code, 0, 0, 0, 0)


def answer(
    query: Query,
    code: int,
    records: Sequence[Record] = (),
    authority: Sequence[Record] = (),
    *,
    error: tuple[int, str] | None = None,
) -> bytes:
    """Return an answer of our own. `error` is an extended error, said only to who speaks EDNS."""
    flags = QR | RA | query.flags & (RD | CD) | code & 0xF
    head = _HEADER.pack(query.id, flags, 1, len(records), len(authority), int(query.has_edns))
    parts = [head, query.question]
    parts += _records((*records, *authority), HEADER_OCTETS + len(query.question))
    if query.has_edns:
        parts.append(_opt(query.wants_dnssec, code, error))
    return b"".join(parts)


def _records(records: Sequence[Record], at: int) -> list[bytes]:
    """Return records that begin at `at`; an owner is written out once, however many records it has."""
    parts: list[bytes] = []
    places: dict[bytes, int] = {}
    for each in records:
        owner = _OWNER_IS_QUESTION if each.owner is None else each.owner
        place = places.get(owner)
        if place is not None:
            owner = (_POINTER | place).to_bytes(2, "big")
        elif each.owner is not None and at <= _FARTHEST:
            places[owner] = at
        parts.append(owner + _RECORD.pack(each.type, IN, each.ttl, len(each.data)) + each.data)
        at += len(parts[-1])
    return parts


def _opt(wants_dnssec: bool, code: int, error: tuple[int, str] | None) -> bytes:
    options = b""
    if error is not None:
        text = struct.pack("!H", error[0]) + error[1].encode()
        options = struct.pack("!HH", EXTENDED_ERROR_OPTION, len(text)) + text
    ttl = code >> 4 << 24 | (DO if wants_dnssec else 0)
    return b"\0" + _RECORD.pack(OPT, UDP_SIZE, ttl, len(options)) + options


def question_of(name: bytes, kind: int) -> bytes:
    """Return the octets of a question about an uncompressed name."""
    return name + struct.pack("!HH", kind, IN)


def upstream_query(
    question: bytes, *, checking_disabled: bool, wants_dnssec: bool, subnet: bytes | None
) -> bytes:
    """Return a query for an upstream, without its id, which whoever sends it puts in front.

    Its OPT record is made from nothing: no option of a client passes. One that is to be checked asks by AD to be
    told whether it was (RFC 6840 §5.7): what was kept of it answers also who asks for that later.
    """
    options = b"" if subnet is None else struct.pack("!HH", CLIENT_SUBNET_OPTION, len(subnet)) + subnet
    head = _AFTER_ID.pack(RD | (CD if checking_disabled else AD), 1, 0, 0, 1)
    opt = b"\0" + _RECORD.pack(OPT, UDP_SIZE, DO if wants_dnssec else 0, len(options)) + options
    return head + question + opt


def answers_question(wire: bytes, question: bytes) -> bool:
    """Return whether an upstream's message answers this question: its own, in its very letters."""
    if len(wire) < HEADER_OCTETS + len(question):
        return False
    _, flags, questions, _, _, _ = _HEADER.unpack_from(wire)
    return bool(flags & QR) and questions == 1 and wire.startswith(question, HEADER_OCTETS)


def relayed(query: Query, wire: bytes, *, keeps_authentic: bool) -> bytes:
    """Return an upstream's answer as one to `query`. Raises ValueError for one that cannot be read.

    Its OPT record is taken away and one of our own put in its place. AD stays if `keeps_authentic`.
    """
    _, flags, _, answers, authorities, additionals = _HEADER.unpack_from(wire)
    start = HEADER_OCTETS + len(query.question)
    end, others, extended = _without_opt(wire, start, answers + authorities, additionals)
    if extended:
        raise ValueError("an extended code that is the upstream's own business")
    kept = flags & (QR | 0xF | (AD if keeps_authentic else 0)) | RA | query.flags & (RD | CD)
    head = _HEADER.pack(query.id, kept, 1, answers, authorities, others + query.has_edns)
    opt = _opt(query.wants_dnssec, flags & 0xF, None) if query.has_edns else b""
    return head + query.question + wire[start:end] + opt


def _without_opt(wire: bytes, at: int, before: int, additionals: int) -> tuple[int, int, int]:
    """Return where the records end that stay, how many additional ones do, and the extended code.

    The OPT record is the last one at every resolver that we know; what might follow it is dropped with it, so that
    no compressed name points beside its target.
    """
    try:
        for _ in range(before):
            at = _after_record(wire, at)
        for number in range(additionals):
            kind, _, ttl, _ = _RECORD.unpack_from(wire, _after_name(wire, at))
            if kind == OPT:
                return at, number, ttl >> 24
            at = _after_record(wire, at)
    except (IndexError, struct.error) as error:
        raise ValueError("cut short") from error
    return at, additionals, 0


def _after_record(wire: bytes, at: int) -> int:
    at = _after_name(wire, at)
    length = _RECORD.unpack_from(wire, at)[3]
    at += _RECORD.size + length
    if at > len(wire):
        raise ValueError("cut short")
    return at


def record_places(wire: bytes, at: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Yield (type, where its time is, where it ends) of records that begin at `at`. Raises ValueError."""
    try:
        for _ in range(count):
            fields = _after_name(wire, at)
            kind, _, _, length = _RECORD.unpack_from(wire, fields)
            at = fields + _RECORD.size + length
            if at > len(wire):
                raise ValueError("cut short")
            yield kind, fields + 4, at
    except (IndexError, struct.error) as error:
        raise ValueError("cut short") from error


def answer_records(wire: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (type, ttl, data) of each record in a message's answer section. Raises ValueError."""
    try:
        questions, answers = struct.unpack_from("!HH", wire, 4)
        at = HEADER_OCTETS
        for _ in range(questions):
            at = _after_name(wire, at) + 4
        for _ in range(answers):
            fields = _after_name(wire, at)
            kind, _, ttl, length = _RECORD.unpack_from(wire, fields)
            at = fields + _RECORD.size + length
            yield kind, ttl, wire[at - length : at]
    except (IndexError, struct.error) as error:
        raise ValueError("cut short") from error


def code_of(wire: bytes) -> int:
    """Return a message's response code, the four bits of its header."""
    return wire[3] & 0xF


def is_truncated(wire: bytes) -> bool:
    """Return whether a message says that it is not all."""
    return bool(wire[2] & 0x02)


def fitted(query: Query, wire: bytes, *, is_datagram: bool) -> bytes:
    """Return an answer as it fits its way to this client: whole, or without records and marked as cut."""
    longest = min(query.udp_size or 512, UDP_SIZE) if is_datagram else LONGEST
    if len(wire) <= longest:
        return wire
    flags = QR | TC | RA | query.flags & (RD | CD) | code_of(wire)
    head = _HEADER.pack(query.id, flags, 1, 0, 0, int(query.has_edns))
    return head + query.question + (_opt(query.wants_dnssec, 0, None) if query.has_edns else b"")


def is_transfer(kind: int) -> bool:
    """Return whether a type asks for a zone's transfer."""
    return kind in _TRANSFERS
