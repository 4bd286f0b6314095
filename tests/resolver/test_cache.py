"""Answers of upstreams that are kept: for how long, as what, and how many."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from keystead.products.globalresolver.door import cache, message
from keystead.products.globalresolver.door.cache import AnswerCache, lifetime

SOA = "ns.test. root.test. 1 7200 3600 1209600 {minimum}"


def _question(name, kind):
    return dns.message.make_query(name, kind, use_edns=False).to_wire()[message.HEADER_OCTETS :]


def response(name="www.test", kind="A", *, records=(), authority=(), rcode=dns.rcode.NOERROR, flags=0):
    """Return an upstream's answer: records and authority are (name, TTL, type, value)."""
    made = dns.message.make_response(dns.message.make_query(name, kind, use_edns=True))
    made.set_rcode(rcode)
    made.flags |= flags
    made.answer = [
        dns.rrset.from_text(owner, ttl, "IN", rtype, value) for owner, ttl, rtype, value in records
    ]
    made.authority = [
        dns.rrset.from_text(owner, ttl, "IN", rtype, value) for owner, ttl, rtype, value in authority
    ]
    return made.to_wire()


def soa(ttl=900, minimum=60):
    return ("test.", ttl, "SOA", SOA.format(minimum=minimum))


A_RECORD = ("www.test.", 300, "A", "192.0.2.1")


class Upstreams:
    """Told what to answer; counts what it is asked."""

    def __init__(self, answer=None):
        self.answer = answer
        self.asked = []
        self.waiting = []

    def send(self, rest, question, told):
        self.asked.append(rest)
        if self.answer is None:
            self.waiting.append(told)
        else:
            told(self.answer)


class Time:
    now = 1000.0

    def monotonic(self):
        return self.now


def rest_of(name="www.test", kind="A", *, cd=False, do=False, subnet=None):
    return message.upstream_query(_question(name, kind), checking_disabled=cd, wants_dnssec=do, subnet=subnet)


@pytest.fixture
def time():
    return Time()


def made(upstreams, time, *, keeps=True):
    return AnswerCache(lambda: upstreams, time.monotonic, keeps=keeps)


def ask(kept, rest, name="www.test", kind="A"):
    told = []
    kept.send(rest, _question(name, kind), told.append)
    return told


def ttls(reading):
    parsed = dns.message.from_wire(reading.wire)
    return [rrset.ttl for rrset in [*parsed.answer, *parsed.authority, *parsed.additional]]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(records=[A_RECORD]), 300),
        (response(records=[A_RECORD, ("www.test.", 20, "TXT", '"of a shorter time"')]), 20),
        (response(records=[A_RECORD], authority=[("test.", 30, "NS", "ns.test.")]), 30),
        (response(rcode=dns.rcode.NXDOMAIN, authority=[soa(900, 60)]), 60),
        (response(rcode=dns.rcode.NXDOMAIN, authority=[soa(15, 60)]), 15),
        (response(authority=[soa(900, 45)]), 45),
        (response(records=[("www.test.", 300, "CNAME", "other.test.")], authority=[soa(900, 45)]), 45),
        (response(records=[("www.test.", 400_000, "A", "192.0.2.1")]), 86_400),
        (response(records=[("www.test.", 0, "A", "192.0.2.1")]), None),
        (response(rcode=dns.rcode.NXDOMAIN), None),
        (response(rcode=dns.rcode.NXDOMAIN, records=[("www.test.", 300, "CNAME", "other.test.")]), None),
        (response(), None),
        (response(records=[("www.test.", 300, "CNAME", "other.test.")]), None),
        (response(authority=[("test.", 300, "NS", "ns.test.")]), None),
        (response(rcode=dns.rcode.SERVFAIL, authority=[soa()]), None),
        (response(rcode=dns.rcode.REFUSED), None),
        (response(rcode=dns.rcode.BADVERS, records=[A_RECORD]), None),
        (response(records=[A_RECORD], flags=dns.flags.TC), None),
        (response(records=[A_RECORD])[:-20], None),
    ],
    # Messages have ids by chance: by them each process of a run would call the cases something else.
    ids=lambda value: "answer" if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_answer_is_kept_no_longer_than_the_least_of_its_times_and_a_failure_not_at_all(answer, expected):
    found = lifetime(answer, _question("www.test", "A"))

    assert expected == (None if found is None else found[0])


def test_times_are_counted_down_until_the_answer_ends(time):
    upstreams = Upstreams(response(records=[A_RECORD], authority=[("test.", 500, "NS", "ns.test.")]))
    kept = made(upstreams, time)
    ask(kept, rest_of())

    shown = []
    for time.now in (1000.0, 1000.9, 1001.0, 1299.9):
        shown.append(ttls(kept.reading(rest_of())))
    time.now = 1300.0

    assert shown == [[300, 500], [300, 500], [299, 499], [1, 201]]
    assert kept.reading(rest_of()) is None


def test_reading_says_until_when_it_reads_so(time):
    kept = made(Upstreams(response(records=[A_RECORD])), time)
    ask(kept, rest_of())
    time.now = 1007.25

    assert kept.reading(rest_of()).until == 1008.0


def test_what_differs_for_an_upstream_is_kept_apart(time):
    kept = made(Upstreams(response(records=[A_RECORD])), time)
    ask(kept, rest_of())
    others = [
        rest_of("WWW.test"),
        rest_of(kind="AAAA"),
        rest_of(cd=True),
        rest_of(do=True),
        rest_of(subnet=b"\0\1\x18\0\xc0\0\2"),
    ]

    assert kept.reading(rest_of()) is not None
    assert [kept.reading(other) for other in others] == [None] * len(others)


def test_question_in_flight_is_asked_once_and_all_who_wait_are_told(time):
    upstreams = Upstreams()
    kept = made(upstreams, time)

    told = [ask(kept, rest_of()) for _ in range(5)]
    other = ask(kept, rest_of("other.test"), "other.test")
    upstreams.waiting[0](None)

    assert len(upstreams.asked) == 2
    assert (told, other) == ([[None]] * 5, [])
    ask(kept, rest_of())
    assert len(upstreams.asked) == 3


def test_question_that_could_not_be_sent_holds_nobody_up(time):
    class Broken(Upstreams):
        def send(self, rest, question, told):
            raise RuntimeError

    kept = made(Broken(), time)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            ask(kept, rest_of())


def test_switched_off_nothing_is_kept(time):
    upstreams = Upstreams(response(records=[A_RECORD]))
    kept = made(upstreams, time, keeps=False)

    assert ask(kept, rest_of()) == [upstreams.answer]
    assert kept.reading(rest_of()) is None


def test_oldest_makes_room_in_number_and_in_octets(time, monkeypatch):
    kept = made(Upstreams(response(records=[A_RECORD])), time)
    monkeypatch.setattr(cache, "MOST_ANSWERS", 2)
    for name in ("aaa.test", "bbb.test", "ccc.test"):
        ask(kept, rest_of(name), name)
    by_number = [kept.reading(rest_of(name)) is not None for name in ("aaa.test", "bbb.test", "ccc.test")]

    monkeypatch.setattr(cache, "MOST_OCTETS", 150)
    ask(kept, rest_of("ddd.test"), "ddd.test")
    by_octets = [kept.reading(rest_of(name)) is not None for name in ("bbb.test", "ccc.test", "ddd.test")]

    assert by_number == [False, True, True]
    assert by_octets == [False, False, True]


def test_ask_gives_what_is_kept_without_an_upstream(time):
    upstreams = Upstreams(response(records=[A_RECORD]))
    kept = made(upstreams, time)

    async def twice():
        return [await kept.ask(rest_of(), _question("www.test", "A")) for _ in range(2)]

    assert asyncio.run(twice()) == [upstreams.answer] * 2
    assert len(upstreams.asked) == 1
