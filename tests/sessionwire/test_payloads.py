import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.sessionwire import payloads
from keystead.sessionwire.payloads import BadPayload

READERS = [
    payloads.read_acknowledgement,
    payloads.read_handshake_request,
    payloads.read_handshake_response,
    payloads.read_handshake_complete,
    payloads.read_size,
    payloads.read_flag,
    payloads.read_exit_code,
    payloads.read_channel_closed,
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


def test_handshake_request_asks_for_the_session_type_only() -> None:
    asked = payloads.HandshakeRequest(
        "3.3.2000.0", "Port", {"portNumber": "22", "type": "LocalPortForwarding"}
    )

    assert payloads.read_handshake_request(payloads.handshake_request(asked)) == asked
    assert [
        each["ActionType"] for each in json.loads(payloads.handshake_request(asked))["RequestedClientActions"]
    ] == ["SessionType"]


def test_handshake_response_tells_status_and_error_of_each_action() -> None:
    action = b'{"ActionType":"SessionType","ActionStatus":2,"Error":"no"}'
    said = b'{"ClientVersion":"1.2.764.0","ProcessedClientActions":[' + action + b'],"Errors":["bad"]}'

    assert payloads.read_handshake_response(said) == payloads.HandshakeResponse(
        "1.2.764.0", {"SessionType": 2}, ("bad", "no")
    )


def test_version_sent_as_a_number_is_read_as_its_digits() -> None:
    assert payloads.read_handshake_response(b'{"ClientVersion":1.1}').client_version == "1.1"


def test_exit_code_is_the_text_of_the_real_agent() -> None:
    assert payloads.exit_code(3) == b"EXIT_CODE: 3"
    assert payloads.read_exit_code(b"EXIT_CODE: -1") == -1
    assert payloads.read_exit_code(b"42") is None


def test_flags_are_four_bytes_big_endian() -> None:
    assert payloads.flag(payloads.CONNECT_TO_PORT_ERROR) == b"\0\0\0\3"


def test_sizes_stay_within_what_a_terminal_can_have() -> None:
    assert payloads.read_size(b'{"cols":0,"rows":9999999}') == payloads.Size(1, 65535)


def test_end_of_a_channel_is_the_same_read_back() -> None:
    end = payloads.ChannelClosed("ana-0123", "revoked", "dd01e56b-ff48-483e-a508-b5f073f31b16", 1503434274948)

    assert payloads.read_channel_closed(payloads.channel_closed(end)) == end


@pytest.mark.parametrize("read", READERS)
@given(raw=st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_payload_is_read_or_refused(read, raw: bytes) -> None:
    with contextlib.suppress(BadPayload):
        read(raw)


def test_nesting_beyond_reason_is_refused() -> None:
    with pytest.raises(BadPayload):
        payloads.read_object(b"[" * 100_000)
