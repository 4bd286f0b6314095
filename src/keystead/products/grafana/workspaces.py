"""Workspaces: create, describe, list, update, delete."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from keystead.gateway.call import Call
from keystead.identity.records import Tag
from keystead.identity.tags import Tags
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import QuotaExceeded
from keystead.products.grafana import records
from keystead.products.grafana.accounts import Accounts
from keystead.products.grafana.arns import WORKSPACE
from keystead.products.grafana.configuration import INITIAL_CONFIGURATION, checked_configuration
from keystead.products.grafana.desk import SETTLING_MS, Desk
from keystead.products.grafana.errors import WORKSPACE_QUOTA, conflict, invalid
from keystead.products.grafana.listing import Listing
from keystead.products.grafana.records import DELETING, Workspace
from keystead.products.grafana.showing import Showing
from keystead.types import grafana as g

_NOT_FACTS = frozenset({"clientToken", "tags", "configuration", "grafanaVersion", "workspaceId"})
_REMOVALS = {
    "removeVpcConfiguration": "vpcConfiguration",
    "removeNetworkAccessConfiguration": "networkAccessControl",
}
_ATTEMPTS = 8


class WorkspaceOperations:
    """The operations on workspaces."""

    def __init__(
        self,
        desk: Desk,
        listing: Listing,
        showing: Showing,
        accounts: Accounts,
        tags: Tags,
        entropy: Entropy,
    ) -> None:
        self._desk = desk
        self._listing = listing
        self._showing = showing
        self._accounts = accounts
        self._tags = tags
        self._entropy = entropy

    @g.CreateWorkspace("write", resource="*")
    def create_workspace(self, call: Call, request: g.CreateWorkspaceRequest) -> g.CreateWorkspaceResponse:
        """Make a workspace; the same client token gives the same one again."""
        now, account = self._desk.now_ms(), call.principal.account
        records.purge(call.tx, account, now)
        client_token, mark = request.get("clientToken") or self._token(), _fingerprint(request)
        made = records.made_by(call.tx, account, call.region, client_token)
        if made is not None:
            if made.fingerprint != mark:
                raise conflict("Duplicate request for workspace", "workspace", made.id)
            return {"workspace": self._showing.description(call.tx, made, now)}
        facts = _facts(request)
        _check(facts)
        limit = self._desk.settings.grafana_workspaces_per_region
        if len(records.listed(call.tx, account, call.region, now)) >= limit:
            raise QuotaExceeded(WORKSPACE_QUOTA, limit, account)
        for _ in range(_ATTEMPTS):
            workspace = Workspace(
                "g-" + self._entropy.token_bytes(5).hex(),
                account,
                call.region,
                self._version(request),
                "CREATING",
                now + SETTLING_MS,
                now,
                now,
                client_token,
                mark,
                checked_configuration(request.get("configuration", INITIAL_CONFIGURATION)),
                facts,
            )
            if records.add(call.tx, workspace):
                tags = [Tag(key, value) for key, value in request.get("tags", {}).items()]
                self._tags.put(call.tx, workspace.id, workspace.id, tags)
                return {"workspace": self._showing.description(call.tx, workspace, now)}
        raise RuntimeError("no free workspace id was drawn")

    @g.DescribeWorkspace("read", resource=WORKSPACE)
    def describe_workspace(
        self, call: Call, request: g.DescribeWorkspaceRequest
    ) -> g.DescribeWorkspaceResponse:
        """Return a workspace."""
        workspace = self._desk.find(call, request["workspaceId"])
        return {"workspace": self._described(call, workspace)}

    @g.ListWorkspaces("read", resource="*")
    def list_workspaces(self, call: Call, request: g.ListWorkspacesRequest) -> g.ListWorkspacesResponse:
        """List the workspaces of this account in this Region."""
        now, account = self._desk.now_ms(), call.principal.account
        found, following = self._listing.page(
            call,
            "",
            request,
            lambda after, limit: records.listed(call.reader, account, call.region, now, after, limit),
            lambda workspace: workspace.id,
        )
        shown = [self._showing.summary(call.reader, workspace, now) for workspace in found]
        return {"workspaces": shown, "nextToken": following}

    @g.UpdateWorkspace("write", resource=WORKSPACE)
    def update_workspace(self, call: Call, request: g.UpdateWorkspaceRequest) -> g.UpdateWorkspaceResponse:
        """Change what is given; what is left out keeps its value."""
        workspace = self._desk.settled(call, request["workspaceId"])
        facts = {**workspace.facts, **_facts(request)}
        for removal, member in _REMOVALS.items():
            if facts.pop(removal, False):
                if member in request:
                    raise invalid(removal, f"{removal} and {member} do not go together.")
                facts.pop(member, None)
        _check(facts)
        changed = self._desk.change(call, workspace, "UPDATING", facts=facts)
        return {"workspace": self._described(call, changed)}

    @g.DeleteWorkspace("write", resource=WORKSPACE)
    def delete_workspace(self, call: Call, request: g.DeleteWorkspaceRequest) -> g.DeleteWorkspaceResponse:
        """Delete a workspace with all that is in it: its credentials are refused from now on."""
        workspace = self._desk.settled(call, request["workspaceId"])
        self._accounts.clear(call.tx, workspace)
        changed = self._desk.change(call, workspace, DELETING)
        shown = self._described(call, changed)
        self._tags.remove(call.tx, workspace.id, list(shown["tags"]))
        return {"workspace": shown}

    def _described(self, call: Call, workspace: Workspace) -> Any:
        return self._showing.description(call.reader, workspace, self._desk.now_ms())

    def _token(self) -> str:
        # A raw client may send no token; then no other request is the same.
        return self._entropy.token_bytes(16).hex()

    def _version(self, request: g.CreateWorkspaceRequest) -> str:
        versions = self._desk.settings.grafana_versions
        version = request.get("grafanaVersion", versions[-1])
        if version not in versions:
            raise invalid("grafanaVersion", f"grafanaVersion must be one of {', '.join(versions)}.")
        return version


def _facts(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _NOT_FACTS}


def _check(facts: Mapping[str, Any]) -> None:
    """Raise the modelled error unless members go together (facts/grafana.md §1.4)."""
    is_customers = facts["permissionType"] == "CUSTOMER_MANAGED"
    if is_customers and not facts.get("workspaceRoleArn"):
        raise invalid(
            "workspaceRoleArn",
            "When the permissionType is CUSTOMER_MANAGED a Workspace Role ARN should be provided.",
        )
    if facts.get("organizationRoleName") and not is_customers:
        raise invalid("organizationRoleName", "An organization role needs permissionType CUSTOMER_MANAGED.")
    if facts["accountAccessType"] == "ORGANIZATION" and not facts.get("workspaceOrganizationalUnits"):
        raise invalid("workspaceOrganizationalUnits", "ORGANIZATION needs organizational units.")
    vpc = facts.get("vpcConfiguration")
    if vpc and any(len(set(ids)) != len(ids) for ids in vpc.values()):
        raise invalid("vpcConfiguration", "vpcConfiguration names something twice.")


def _fingerprint(request: Mapping[str, Any]) -> bytes:
    rest = {name: request[name] for name in sorted(request) if name != "clientToken"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).digest()
