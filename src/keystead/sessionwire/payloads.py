"""The JSON inside frames: acknowledgements, the handshake, sizes, states and the end of a channel.

Follows aws/session-manager-plugin, `src/message/clientmessage.go`, and amazon-ssm-agent, `agent/session/contracts`.
Readers take what they know and are lenient about the rest; what lacks a member that matters is `BadPayload`.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from keystead.sessionwire.frames import CHANNEL_CLOSED, SCHEMA_VERSION, Frame

SESSION_TYPE: Final = "SessionType"
STANDARD_STREAM: Final = "Standard_Stream"
INTERACTIVE_COMMANDS: Final = "InteractiveCommands"
NON_INTERACTIVE_COMMANDS: Final = "NonInteractiveCommands"
PORT: Final = "Port"

ACTION_OK: Final = 1
ACTION_FAILED: Final = 2
ACTION_UNSUPPORTED: Final = 3

DISCONNECT_TO_PORT: Final = 1
TERMINATE_SESSION: Final = 2
CONNECT_TO_PORT_ERROR: Final = 3

_EXIT_CODE: Final = "EXIT_CODE: "


class BadPayload(ValueError):
    """A payload is not what its type says; the text holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What an acknowledgement acknowledges."""

    type: str
    message_id: str
    sequence: int


def acknowledgement(frame: Frame) -> bytes:
    """Return the payload that acknowledges `frame`."""
    return _json(
        {
            "AcknowledgedMessageType": frame.type,
            "AcknowledgedMessageId": id_text(frame.message_id),
            "AcknowledgedMessageSequenceNumber": frame.sequence,
            "IsSequentialMessage": True,
        }
    )


def read_acknowledgement(payload: bytes) -> Acknowledgement:
    """Return what is acknowledged. Raises BadPayload."""
    found = read_object(payload)
    sequence = found.get("AcknowledgedMessageSequenceNumber")
    if not isinstance(sequence, int) or isinstance(sequence, bool):
        raise BadPayload("an acknowledgement without a sequence number")
    return Acknowledgement(
        text(found, "AcknowledgedMessageType"), text(found, "AcknowledgedMessageId"), sequence
    )


@dataclass(frozen=True, slots=True)
class HandshakeRequest:
    """What a node asks of the client before anything else.

    `session_type` is one of the document types; `properties` those of a document, all texts as a rule.
    `actions` names everything that is asked, for a client that must answer each.
    """

    agent_version: str
    session_type: str
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    actions: Sequence[str] = (SESSION_TYPE,)


def handshake_request(request: HandshakeRequest) -> bytes:
    """Return the payload of a node's first message. It asks for the session type only: peers refuse the rest."""
    parameters = {"SessionType": request.session_type, "Properties": request.properties}
    action = {"ActionType": SESSION_TYPE, "ActionParameters": parameters}
    return _json({"AgentVersion": request.agent_version, "RequestedClientActions": [action]})


def read_handshake_request(payload: bytes) -> HandshakeRequest:
    """Return what the node asks. Raises BadPayload."""
    found = read_object(payload)
    actions = [_mapping(each) for each in _list(found.get("RequestedClientActions"))]
    names = tuple(text(each, "ActionType") for each in actions)
    session_type, properties = "", dict[str, Any]()
    for name, action in zip(names, actions, strict=True):
        if name == SESSION_TYPE:
            parameters = _mapping(action.get("ActionParameters"))
            session_type = text(parameters, "SessionType")
            properties = _mapping(parameters.get("Properties"))
    return HandshakeRequest(text(found, "AgentVersion"), session_type, properties, names)


@dataclass(frozen=True, slots=True)
class HandshakeResponse:
    """A client's answer: its version, and what it says of each action, with the error of one that failed."""

    client_version: str
    statuses: Mapping[str, int]
    errors: Sequence[str] = ()


def handshake_response(response: HandshakeResponse) -> bytes:
    """Return the payload of a client's answer."""
    actions = [
        {"ActionType": name, "ActionStatus": status, "ActionResult": None, "Error": ""}
        for name, status in response.statuses.items()
    ]
    return _json(
        {
            "ClientVersion": response.client_version,
            "ProcessedClientActions": actions,
            "Errors": list(response.errors),
        }
    )


def read_handshake_response(payload: bytes) -> HandshakeResponse:
    """Return the client's answer. Raises BadPayload."""
    found = read_object(payload)
    statuses: dict[str, int] = {}
    errors = [str(each) for each in _list(found.get("Errors"))]
    for each in _list(found.get("ProcessedClientActions")):
        action = _mapping(each)
        status = action.get("ActionStatus")
        statuses[text(action, "ActionType")] = status if isinstance(status, int) else 0
        if message := text(action, "Error"):
            errors.append(message)
    return HandshakeResponse(text(found, "ClientVersion"), statuses, tuple(errors))


def handshake_complete(took_seconds: float, message: str = "") -> bytes:
    """Return the payload that ends a handshake; `message` is shown to the user."""
    return _json({"HandshakeTimeToComplete": int(took_seconds * 1e9), "CustomerMessage": message})


def read_handshake_complete(payload: bytes) -> str:
    """Return the message for the user, often empty. Raises BadPayload."""
    return text(read_object(payload), "CustomerMessage")


@dataclass(frozen=True, slots=True)
class Size:
    """A terminal's size in characters."""

    columns: int
    rows: int


def size(wanted: Size) -> bytes:
    """Return the payload that tells a node the terminal's size."""
    return _json({"cols": wanted.columns, "rows": wanted.rows})


def read_size(payload: bytes) -> Size:
    """Return a terminal's size; each side is from 1 to 65535. Raises BadPayload."""
    found = read_object(payload)
    columns, rows = found.get("cols"), found.get("rows")
    if not isinstance(columns, int) or not isinstance(rows, int):
        raise BadPayload("a size without numbers")
    return Size(min(max(columns, 1), 65535), min(max(rows, 1), 65535))


def flag(value: int) -> bytes:
    """Return the payload of a flag message."""
    return struct.pack(">I", value)


def read_flag(payload: bytes) -> int:
    """Return a flag. Raises BadPayload."""
    if len(payload) != 4:
        raise BadPayload("a flag has four bytes")
    return int.from_bytes(payload, "big")


def exit_code(code: int) -> bytes:
    """Return the payload that tells how a command ended."""
    return f"{_EXIT_CODE}{code}".encode()


def read_exit_code(payload: bytes) -> int | None:
    """Return how a command ended, or None for a text of another form."""
    told = payload.decode("ascii", "replace").strip()
    number = told.removeprefix(_EXIT_CODE.strip()).strip()
    return int(number) if number.lstrip("-").isdigit() and told != number else None


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """The end of a session; `output` is a text for the user, empty when all went well."""

    session_id: str
    output: str
    message_id: str
    created_ms: int


def channel_closed(end: ChannelClosed) -> bytes:
    """Return the payload of a channel's end."""
    return _json(
        {
            "MessageId": end.message_id,
            "CreatedDate": str(end.created_ms),
            "DestinationId": end.session_id,
            "SessionId": end.session_id,
            "MessageType": CHANNEL_CLOSED,
            "SchemaVersion": SCHEMA_VERSION,
            "Output": end.output,
        }
    )


def read_channel_closed(payload: bytes) -> ChannelClosed:
    """Return a channel's end. Raises BadPayload."""
    found = read_object(payload)
    created = text(found, "CreatedDate")
    when = int(created) if created.isascii() and created.isdigit() and len(created) < 20 else 0
    return ChannelClosed(text(found, "SessionId"), text(found, "Output"), text(found, "MessageId"), when)


def session_state(session_id: str, state: str) -> bytes:
    """Return what an agent says of its session: `Connected` or `Terminating`."""
    return _json({"SchemaVersion": SCHEMA_VERSION, "SessionState": state, "SessionId": session_id})


def id_text(message_id: bytes) -> str:
    """Return 16 bytes as a UUID is written."""
    digits = message_id.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def read_object(payload: bytes | str) -> dict[str, Any]:
    """Return a JSON object. Raises BadPayload."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        raise BadPayload("not JSON") from None
    if not isinstance(found, dict):
        raise BadPayload("not a JSON object")
    # JSON keys are texts.
    return cast("dict[str, Any]", found)


def text(found: Mapping[str, Any], name: str) -> str:
    """Return a member's text; a number reads as its digits, as some clients send versions, and nothing as empty.

    Half of a surrogate pair is no text: JSON can hold it, and nothing could write it down.
    """
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    told = str(value)
    return told if told.isascii() or told.isprintable() or _is_text(told) else ""


def _is_text(told: str) -> bool:
    try:
        told.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _list(value: object) -> list[Any]:
    # What is in it is judged by whoever reads it.
    return cast("list[Any]", value) if isinstance(value, list) else []


def _mapping(value: object) -> dict[str, Any]:
    # JSON keys are texts.
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
