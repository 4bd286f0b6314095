"""The documents that are there in every account, owned by Amazon: what Session Manager's clients name.

Follows the AWS Systems Manager User Guide, "Session document schema"; contents as the facts of the slice have them.
"""

from collections.abc import Mapping
from typing import Any, Final

PREFERENCES: Final = "SSM-SessionManagerRunShell"
PORT_FORWARDING: Final = "AWS-StartPortForwardingSession"
OWNER: Final = "Amazon"
CREATED_AT: Final = 1_546_300_800_000
"""UNCONFIRMED: when AWS made them. Epoch milliseconds; the same in every authority."""
_PORT: Final = (
    "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
)


def _parameter(description: str, default: str | None = None, pattern: str | None = None) -> dict[str, str]:
    told = {"type": "String", "description": description}
    if default is not None:
        told["default"] = default
    if pattern is not None:
        told["allowedPattern"] = pattern
    return told


def _document(description: str, session_type: str, **rest: Any) -> dict[str, Any]:
    return {"schemaVersion": "1.0", "description": description, "sessionType": session_type, **rest}


_FORWARD: Final = {
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}",
}
_PORTS: Final = {
    "portNumber": _parameter("The port on the node.", "80", _PORT),
    "localPortNumber": _parameter("The port on your machine; 0 draws a free one.", "0", _PORT),
}
_COMMAND: Final = {"linux": {"commands": "{{ command }}", "runAsElevated": False}}

DOCUMENTS: Final[Mapping[str, dict[str, Any]]] = {
    PORT_FORWARDING: _document(
        "Forward a local port to a port of the node", "Port", parameters=_PORTS, properties=_FORWARD
    ),
    "AWS-StartPortForwardingSessionToRemoteHost": _document(
        "Forward a local port to a port of a host that the node reaches",
        "Port",
        parameters={
            **_PORTS,
            "host": _parameter("The host.", None, r"^[^,$^&\(\)!;'\"<>\\`{}\[\]\|#=]{3,}$"),
        },
        properties={**_FORWARD, "host": "{{ host }}"},
    ),
    "AWS-StartSSHSession": _document(
        "Carry SSH to the node",
        "Port",
        parameters={"portNumber": _parameter("The port of the SSH server.", "22", _PORT)},
        properties={"portNumber": "{{ portNumber }}"},
    ),
    "AWS-StartInteractiveCommand": _document(
        "Run a command with a terminal",
        "InteractiveCommands",
        parameters={"command": _parameter("The command.")},
        properties=_COMMAND,
    ),
    "AWS-StartNonInteractiveCommand": _document(
        "Run a command without a terminal",
        "NonInteractiveCommands",
        parameters={"command": _parameter("The command.")},
        properties=_COMMAND,
    ),
}

SHELL: Final = _document("A shell on the node", "Standard_Stream", inputs={})
"""What a session runs when the account has no preferences of its own."""
