"""Routes that only some versions of Grafana have."""

from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.routes import Handle

WITH_KEYS = range(11)
"""The major versions that have API keys."""
MIGRATING = range(9, 10)
"""The major version in which API keys become tokens of service accounts."""


def only_in(majors: range, handle: Handle) -> Handle:
    """Return a handler for these major versions; in others the path is not there."""

    def answer(ask: Ask) -> Answer:
        if ask.workspace.major not in majors:
            raise Refusal(404, "Not found")
        return handle(ask)

    return answer
