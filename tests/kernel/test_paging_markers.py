"""Pagination markers: opaque, authenticated, good for one listing only."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keystead.kernel.errors import InvalidMarker
from keystead.kernel.paging import Markers

text = st.text(st.characters(exclude_categories=["Cs"]))
MARKERS = Markers(lambda: b"k" * 32)


@given(text, text)
def test_a_marker_opens_to_its_position_in_its_listing(binding, position):
    marker = MARKERS.seal(binding, position)

    assert marker.isascii()
    assert MARKERS.open(binding, marker) == position


@given(text, text, text)
def test_a_marker_is_refused_in_another_listing(binding, other, position):
    assume(binding != other)
    assume("\0" not in binding + other)

    with pytest.raises(InvalidMarker):
        MARKERS.open(other, MARKERS.seal(binding, position))


@given(text, text)
def test_a_marker_of_another_authority_is_refused(binding, position):
    marker = Markers(lambda: b"other").seal(binding, position)

    with pytest.raises(InvalidMarker):
        MARKERS.open(binding, marker)


@given(text, st.binary())
def test_made_up_markers_are_refused(binding, content):
    with pytest.raises(InvalidMarker):
        MARKERS.open(binding, base64.urlsafe_b64encode(content).decode())


@given(st.text())
def test_garbage_is_refused_and_never_breaks(garbage):
    with pytest.raises(InvalidMarker):
        MARKERS.open("listing", garbage)


@given(text, st.integers(0, 7), st.data())
def test_every_changed_bit_of_a_marker_is_noticed(position, bit, data):
    raw = bytearray(base64.urlsafe_b64decode(MARKERS.seal("listing", position)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << bit

    with pytest.raises(InvalidMarker):
        MARKERS.open("listing", base64.urlsafe_b64encode(bytes(raw)).decode())


def test_no_marker_is_the_start():
    assert MARKERS.open("listing", None) == ""


@given(st.lists(st.integers(), unique=True, max_size=40), st.integers(1, 10))
def test_walking_pages_shows_every_row_once_in_order(numbers, limit):
    rows, seen, marker = sorted(numbers), [], None
    while True:
        after = MARKERS.open("listing", marker)
        rest = [row for row in rows if after == "" or row > int(after)]
        page = MARKERS.page("listing", rest[: limit + 1], limit, str)
        assert len(page.rows) <= limit
        seen += page.rows
        marker = page.marker
        if marker is None:
            break

    assert seen == rows
