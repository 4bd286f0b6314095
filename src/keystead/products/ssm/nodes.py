"""Operations on nodes: who is there, and taking one away.

Follows the AWS Systems Manager API reference, "DescribeInstanceInformation". Whether a node is there is its door's
to know: what it asked last, and whether its control channel is open.
"""

from typing import Any, Final, Protocol, cast

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.gateway.call import Call
from keystead.identity import role_records
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import node_records as records
from keystead.products.ssm import tag_records
from keystead.products.ssm.activations import PASSED_TO
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.passing import RolePassing
from keystead.products.ssm.registration import NODE_SESSION
from keystead.products.ssm.tag_records import Place
from keystead.products.ssm.times import as_datetime
from keystead.products.ssm.trust import trusts_service
from keystead.store.interface import Transaction
from keystead.types import ssm

PING_MS: Final = 5 * 60_000
MISSED_MS: Final = 2 * PING_MS
"""UNCONFIRMED: after how long AWS says ConnectionLost. Two pings that did not come, of one each five minutes."""


class Channels(Protocol):
    """What is asked of the door: which nodes are connected, and that one is none any more."""

    def is_connected(self, node: str) -> bool:
        """Return whether a node's control channel is open."""
        ...

    def drop_node(self, node: str) -> None:
        """Close a node's control channel."""
        ...


class Nodes:
    """The operations on managed instances."""

    def __init__(
        self, channels: Channels, passing: RolePassing, listing: Listing, issuer: Issuer, clock: Clock
    ) -> None:
        self._channels = channels
        self._issuer = issuer
        self._passing = passing
        self._listing = listing
        self._clock = clock

    @ssm.DescribeInstanceInformation("read", resource="*")
    def describe_instance_information(
        self, call: Call, request: ssm.DescribeInstanceInformationRequest
    ) -> ssm.DescribeInstanceInformationResult:
        """List nodes that match every filter."""
        account, region = call.principal.account, call.region
        wanted = {each["key"]: each["valueSet"] for each in request.get("InstanceInformationFilterList", [])}
        filters: dict[str, list[str]] = dict(wanted)
        filters |= {each["Key"]: each["Values"] for each in request.get("Filters", [])}
        rows = [
            node
            for node in records.listed(call.reader, account, region)
            if all(self._matches(call, node, key, values) for key, values in filters.items())
        ]
        page = self._listing.page(f"Nodes|{account}|{region}", request, rows, lambda row: row.id)
        response: ssm.DescribeInstanceInformationResult = {
            # Members of the model; what an agent said of itself was taken by name.
            "InstanceInformationList": [
                cast(ssm.InstanceInformation, self._shown(node)) for node in page.rows
            ]
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    @ssm.DeregisterManagedInstance("write", resource="managed-instance/{InstanceId}")
    def deregister_managed_instance(
        self, call: Call, request: ssm.DeregisterManagedInstanceRequest
    ) -> ssm.DeregisterManagedInstanceResult:
        """End a node's registration: its keys and channels end too."""
        account, region, node = call.principal.account, call.region, request["InstanceId"]
        self._revoke_keys(call.tx, records.find(call.tx, account, region, node))
        if not records.deregister(call.tx, account, region, node, now_ms(self._clock)):
            raise ssm.InvalidInstanceId(f"Node {node} is not registered.")
        tag_records.remove_all(call.tx, Place(account, region, "ManagedInstance", node))
        call.tx.after_commit(lambda: self._channels.drop_node(node))
        return {}

    @ssm.UpdateManagedInstanceRole("write", resource="managed-instance/{InstanceId}")
    def update_managed_instance_role(
        self, call: Call, request: ssm.UpdateManagedInstanceRoleRequest
    ) -> ssm.UpdateManagedInstanceRoleResult:
        """Change the role whose keys a node gets."""
        account, region, node_id = call.principal.account, call.region, request["InstanceId"]
        role = request["IamRole"].rpartition("/")[2]
        self._passing.require(call, role, PASSED_TO)
        found = records.find(call.reader, account, region, node_id)
        if found is None or not found.is_registered:
            raise ssm.InvalidInstanceId(f"Node {node_id} is not registered.")
        passed = role_records.role_named(call.reader, account, role)
        if passed is None or not trusts_service(passed.trust, PASSED_TO):
            raise ssm.InvalidInstanceId(f"Role {role} does not exist, or does not trust {PASSED_TO}.")
        self._revoke_keys(call.tx, found)
        records.set_role(call.tx, node_id, role)
        return {}

    def _revoke_keys(self, tx: Transaction, node: Node | None) -> None:
        """End the keys that a node was given of its role."""
        role = None if node is None else role_records.role_named(tx, node.account, node.iam_role)
        if node is None or role is None:
            return
        for key in shelf.of_owner(tx, node.account, f"{role.id}:{node.id}", NODE_SESSION.name):
            self._issuer.revoke(tx, key.id)

    def _ping(self, node: Node) -> str:
        is_fresh = node.pinged_at is not None and now_ms(self._clock) - node.pinged_at < MISSED_MS
        return "Online" if is_fresh or self._channels.is_connected(node.id) else "ConnectionLost"

    def _shown(self, node: Node) -> dict[str, Any]:
        told: dict[str, Any] = {
            "InstanceId": node.id,
            "PingStatus": self._ping(node),
            "LastPingDateTime": as_datetime(node.pinged_at or node.registered_at),
            "ActivationId": node.activation,
            "IamRole": node.iam_role,
            "RegistrationDate": as_datetime(node.registered_at),
            "ResourceType": "ManagedInstance",
        }
        if node.name:
            told["Name"] = node.name
        said = (
            "AgentVersion",
            "PlatformType",
            "PlatformName",
            "PlatformVersion",
            "ComputerName",
            "IPAddress",
        )
        return told | {name: node.told[name] for name in said if node.told.get(name)}

    def _matches(self, call: Call, node: Node, key: str, values: list[str]) -> bool:
        if key.startswith("tag:"):
            place = Place(node.account, node.region, "ManagedInstance", node.id)
            return tag_records.tags(call.reader, place).get(key.removeprefix("tag:")) in values
        member = _FILTERS.get(key)
        if member is None:
            raise ssm.InvalidFilterKey(f"{key} is not a filter of nodes.")
        return self._shown(node).get(member) in values


_FILTERS: Final = {
    "InstanceIds": "InstanceId",
    "AgentVersion": "AgentVersion",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "ResourceType": "ResourceType",
}
