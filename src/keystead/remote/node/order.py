"""What the authority orders a node to start: the session document, already filled in, and whose session it is.

Follows amazon-ssm-agent, `agent/session/contracts/mgsinteractor.go`: an `interactive_shell` message whose payload
holds a JSON text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from keystead.sessionwire import payloads
from keystead.sessionwire.payloads import BadPayload, read_object, text


@dataclass(frozen=True, slots=True)
class Order:
    """One session to start. `properties` are the document's; `run_as` beats what the document and the node say."""

    session_id: str
    session_type: str
    properties: Mapping[str, Any]
    run_as: str
    owner: str
    idle_seconds: float
    most_seconds: float

    @property
    def is_forwarding(self) -> bool:
        """Whether the session is for one port with many streams, not for raw bytes."""
        return text(self.properties, "type") == "LocalPortForwarding"

    def command(self, platform: str = "linux") -> str:
        """Return the command of a session of commands, empty if there is none."""
        of_platform = _mapping(self.properties.get(platform))
        commands: Any = of_platform.get("commands", self.properties.get("commands", ""))
        if isinstance(commands, list):
            return "\n".join(
                str(each) for each in cast("list[Any]", commands)
            )  # Texts, by the document's schema.
        return str(commands)

    @property
    def separates_errors(self) -> bool:
        """Whether standard error travels apart from standard output: said of the platform, or of the whole."""
        of_platform = _mapping(self.properties.get("linux"))
        return any(_is_true(each.get("separateOutputStream")) for each in (of_platform, self.properties))


def read_order(payload: bytes) -> Order:
    """Return the order in a control channel's message. Raises BadPayload."""
    content = read_object(text(read_object(payload), "Content"))
    document = _mapping(content.get("DocumentContent"))
    session_id = text(content, "SessionId")
    if not session_id or not session_id.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise BadPayload("an order without a session")
    inputs = _mapping(document.get("inputs"))
    run_as = text(content, "RunAsUser")
    if not run_as and _is_true(inputs.get("runAsEnabled")):
        run_as = text(inputs, "runAsDefaultUser")
    return Order(
        session_id=session_id,
        session_type=text(document, "sessionType") or payloads.STANDARD_STREAM,
        properties=_mapping(document.get("properties")),
        run_as=run_as,
        owner=text(content, "SessionOwner"),
        idle_seconds=_minutes(inputs, "idleSessionTimeout", 20) * 60,
        most_seconds=_minutes(inputs, "maxSessionDuration", 24 * 60) * 60,
    )


def _minutes(inputs: Mapping[str, Any], name: str, otherwise: int) -> int:
    told = text(inputs, name)
    return int(told) if told.isascii() and told.isdigit() and 0 < len(told) < 6 else otherwise


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _mapping(value: object) -> dict[str, Any]:
    # JSON keys are texts.
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
