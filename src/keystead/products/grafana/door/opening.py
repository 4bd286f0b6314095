"""Which workspace a request is for, and whether its door is open to anybody."""

from keystead.products.grafana import records
from keystead.products.grafana.door.asking import Refusal
from keystead.products.grafana.door.memory import Held, Memory
from keystead.products.grafana.records import DELETING, Workspace
from keystead.store.interface import Reader


def open_workspace(reader: Reader, workspace_id: str) -> Workspace:
    """Return a workspace whose door is open. Raises Refusal 404, and 403 where the network may not come in."""
    workspace = records.find(reader, workspace_id)
    if workspace is None or workspace.status == DELETING:
        raise Refusal(404, "Not found")
    if workspace.facts.get("networkAccessControl") is not None:
        # Prefix lists and VPC endpoints mean nothing here, so that nobody can be said to be in one.
        raise Refusal(403, "Forbidden")
    return workspace


def held_workspace(memory: Memory, reader: Reader, workspace_id: str) -> Held:
    """Return what is held of a workspace whose door is open, from now on if nothing was. Raises Refusal."""
    return memory.of(workspace_id) or memory.hold(open_workspace(reader, workspace_id))
