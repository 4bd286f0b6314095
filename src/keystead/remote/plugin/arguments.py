"""What the aws CLI hands to the plugin: arguments, and since 1.2.497.0 an environment variable.

Follows aws-cli, `customizations/sessionmanager.py`, and aws/session-manager-plugin, `session.go`.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final

from keystead.kernel.secret import Secret
from keystead.sessionwire.payloads import BadPayload, read_object, text

VERSION: Final = "1.2.881.0"
"""Past 1.2.764.0, below which the CLI warns; before the releases that take AWS's addresses only."""
VARIABLE: Final = "AWS_SSM_START_SESSION_RESPONSE"
INSTALLED: Final = (
    "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n"
)
UNKNOWN_OPERATION: Final = (
    "\nUnknown operation {}. \nUse session-manager-plugin --version to check the version.\n\n"
)
_FEWEST: Final = 4


class BadArguments(ValueError):
    """The plugin was called in a way that no CLI calls it; the text says how, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One session to join. `profile` and `endpoint` serve its resumption, and may be empty."""

    session_id: str
    stream_url: str
    token: Secret
    region: str
    profile: str
    endpoint: str
    target: str


def read(arguments: Sequence[str], environment: MutableMapping[str, str]) -> Invocation:
    """Return what to join. Raises BadArguments.

    The variable that held the response is unset: no child needs it.

    `arguments` are: response or variable's name, region, operation, profile, request, endpoint; the last three may
    be left out.
    """
    if len(arguments) < _FEWEST - 1:
        raise BadArguments(UNKNOWN_OPERATION.format(arguments[0]))
    told = arguments[0]
    if told.startswith(VARIABLE):
        told = environment.pop(told, "")
    region, operation, profile, request, endpoint = [*arguments[1:6], "", "", "", ""][:5]
    if operation != "StartSession":
        raise BadArguments("\nThe operation is not supported: only StartSession is.\n")
    try:
        response = read_object(told)
        asked = read_object(request) if request else {}
    except BadPayload:
        raise BadArguments("\nThe session's response cannot be read.\n") from None
    session_id, url = text(response, "SessionId"), text(response, "StreamUrl")
    token = text(response, "TokenValue")
    if not (session_id and url.startswith(("ws://", "wss://")) and token):
        raise BadArguments("\nThe session's response names no stream.\n")
    return Invocation(
        session_id, url, Secret(token.encode()), region, profile, endpoint, text(asked, "Target")
    )
