"""ListNodes: the nodes of the account in this Region, as the console's node views ask for them.

Follows the AWS Systems Manager API reference, "ListNodes". An organization's nodes are not here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, cast

from keystead.gateway.call import Call
from keystead.products.ssm import node_records as records
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

_SAID: Final = {
    "AgentType": "AgentName",
    "AgentVersion": "AgentVersion",
    "ComputerName": "ComputerName",
    "IpAddress": "IPAddress",
    "PlatformName": "PlatformName",
    "PlatformType": "PlatformType",
    "PlatformVersion": "PlatformVersion",
    "AvailabilityZone": "AvailabilityZone",
}
"""What is shown of a node that its agent said of itself, by the agent's name for it."""
_TESTS: Final[Mapping[str, Callable[[str, Sequence[str]], bool]]] = {
    "Equal": lambda value, wanted: value in wanted,
    "NotEqual": lambda value, wanted: value not in wanted,
    "BeginWith": lambda value, wanted: value.startswith(tuple(wanted)),
}


class Channels(Protocol):
    """What is asked of the door."""

    def is_connected(self, node: str) -> bool:
        """Return whether a node's control channel is open."""
        ...


class NodeList:
    """The one operation."""

    def __init__(self, channels: Channels, listing: Listing) -> None:
        self._channels = channels
        self._listing = listing

    @ssm.ListNodes("read", resource="*")
    def list_nodes(self, call: Call, request: ssm.ListNodesRequest) -> ssm.ListNodesResult:
        """List nodes that match every filter."""
        if "SyncName" in request:
            raise ssm.ResourceDataSyncNotFoundException(
                "There is no resource data sync of that name.", SyncName=request["SyncName"]
            )
        account, region = call.principal.account, call.region
        tests = [_test(one) for one in request.get("Filters", [])]
        rows = [
            node
            for node in records.listed(call.reader, account, region)
            if all(test(self._asked(node)) for test in tests)
        ]
        page = self._listing.page(f"NodeList|{account}|{region}", request, rows, lambda row: row.id)
        response: ssm.ListNodesResult = {"Nodes": [self._shown(node) for node in page.rows]}
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    def _asked(self, node: Node) -> dict[str, str]:
        """Return what filters may ask of a node, by key."""
        own = {"InstanceId": node.id, "Region": node.region, "AccountId": node.account}
        return self._instance(node) | own

    def _instance(self, node: Node) -> dict[str, str]:
        said = {shown: str(node.told[name]) for shown, name in _SAID.items() if node.told.get(name)}
        named = {"Name": node.name} if node.name else {}
        return {
            **said,
            **named,
            "InstanceStatus": "Active" if self._channels.is_connected(node.id) else "Inactive",
            "ManagedStatus": "Managed",
            "ResourceType": "ManagedInstance",
            "SourceType": "AWS::SSM::ManagedInstance",
            "SourceId": node.id,
        }

    def _shown(self, node: Node) -> ssm.Node:
        told: dict[str, Any] = {
            "CaptureTime": as_datetime(node.pinged_at or node.registered_at),
            "Id": node.id,
            "Owner": {"AccountId": node.account},
            "Region": node.region,
            "NodeType": {"Instance": self._instance(node)},
        }
        # Members of the model; what an agent said of itself was taken by name.
        return cast(ssm.Node, told)


def _test(one: ssm.NodeFilter) -> Callable[[Mapping[str, str]], bool]:
    """Return what a filter asks of a node. One on an organization matches nothing: there is none."""
    key, wanted, test = one["Key"], one["Values"], _TESTS[one.get("Type", "Equal")]
    if key == "ManagedStatus" and "All" in wanted:
        return lambda asked: "InstanceId" in asked
    return lambda asked: test(asked.get(key, ""), wanted)
