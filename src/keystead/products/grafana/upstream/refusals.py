"""What the door says when its upstream does not: Grafana's form of an error, and nothing of where that is."""

from typing import NoReturn

from keystead.products.grafana.door.asking import Refusal, is_structured
from keystead.products.grafana.records import Workspace

UNREACHABLE = (502, "upstream.unreachable", "The upstream Grafana cannot be reached")
BROKEN = (502, "upstream.broken", "The upstream Grafana did not answer as HTTP asks")
LEADS_AWAY = (502, "upstream.redirects", "The upstream Grafana redirects to another address")
UNWILLING = (502, "upstream.unwilling", "The upstream Grafana does not take this server's service account")
SLOW = (504, "upstream.timeout", "The upstream Grafana did not answer in time")
BUSY = (503, "upstream.busy", "The upstream Grafana has as many requests as it may; try again")
CHANGED = (503, "upstream.changed", "The upstream Grafana was changed meanwhile; try again")
LOOP = (508, "upstream.loop", "The upstream Grafana leads back to this workspace")
Said = tuple[int, str, str]


def refuse(workspace: Workspace, said: Said) -> NoReturn:
    """Raise Refusal: `message` alone before Grafana 10, an object with a `messageId` from then on."""
    status, message_id, message = said
    if not is_structured(workspace):
        raise Refusal(status, message)
    raise Refusal(status, message, statusCode=status, messageId=message_id, traceID="")
