"""Answers that are longer than a message can be: cut and marked so, and never an exception in a connection."""

import dns.message
import pytest

from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.message import Record
from keystead.products.globalresolver.door.told import Told

QUERY = message.parse_query(dns.message.make_query("www.example.com", "A", use_edns=True).to_wire())
OTHER = b"\x05other\x07example\x00"


def test_owner_is_written_out_once_and_is_read_as_the_same_name():
    records = [Record(message.A, 60, bytes(4), OTHER)] * 3

    answer = message.answer(QUERY, message.NOERROR, records, records[:1])

    assert answer.count(OTHER) == 1
    read = dns.message.from_wire(answer)
    assert [rrset.name.to_text() for rrset in (*read.answer, *read.authority)] == ["other.example."] * 2


@pytest.mark.parametrize(("octets", "is_cut"), [(message.LONGEST, False), (message.LONGEST + 1, True)])
def test_answer_beyond_what_a_stream_can_carry_is_cut(octets, is_cut):
    wire = message.answer(QUERY, message.NOERROR)
    answer = message.fitted(QUERY, wire + bytes(octets - len(wire)), is_datagram=False)

    assert message.is_truncated(answer) == is_cut
    assert len(answer) <= message.LONGEST


@pytest.mark.parametrize(("ttl", "seconds"), [(60, 60), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**32 - 1, 0)])
def test_time_with_its_first_bit_set_is_no_freshness_for_https(ttl, seconds):
    answer = message.answer(QUERY, message.NOERROR, [Record(message.A, ttl, bytes(4))])

    assert Told(answer[2:]).fresh_seconds == seconds
