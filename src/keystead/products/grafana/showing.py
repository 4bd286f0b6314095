"""How a workspace is shown: WorkspaceDescription and WorkspaceSummary.

Follows facts/grafana.md §1.3. An endpoint has no scheme: clients write `https://` before it.
"""

from typing import Any

from keystead.config.places import Addresses
from keystead.config.settings import Settings
from keystead.identity import records as identity_records
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.times import as_datetime
from keystead.store.interface import Reader

HOST_LABEL = "grafana-workspace"
_LOCAL = "localhost"
# The names of the answer, and what CreateWorkspace calls them.
_DESCRIBED = {
    "name": "workspaceName",
    "description": "workspaceDescription",
    "accountAccessType": "accountAccessType",
    "organizationRoleName": "organizationRoleName",
    "organizationalUnits": "workspaceOrganizationalUnits",
    "notificationDestinations": "workspaceNotificationDestinations",
    "permissionType": "permissionType",
    "stackSetName": "stackSetName",
    "workspaceRoleArn": "workspaceRoleArn",
    "licenseType": "licenseType",
    "grafanaToken": "grafanaToken",
    "vpcConfiguration": "vpcConfiguration",
    "networkAccessControl": "networkAccessControl",
    "ipAddressType": "ipAddressType",
    "kmsKeyId": "kmsKeyId",
}
_SUMMARISED = ("name", "description", "notificationDestinations", "licenseType", "grafanaToken")


class Showing:
    """Shows workspaces of this authority."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._settings = settings
        self._addresses = addresses

    def endpoint(self, workspace: Workspace) -> str:
        """Return where the workspace's door is: by a path, or by a name of its own where there is a domain."""
        address = self._addresses.public("https")
        if self._settings.domain == _LOCAL:
            return f"{address}/_ws/{workspace.id}"
        host = f"{workspace.id}.{HOST_LABEL}.{workspace.region}.{self._settings.domain}"
        port = address.rpartition(":")[2]
        return host if port == "443" else f"{host}:{port}"

    # The model has a shape of these members for each operation.
    def description(self, reader: Reader, workspace: Workspace, now_ms: int) -> Any:
        """Return a WorkspaceDescription."""
        optional = {name: workspace.facts.get(member) for name, member in _DESCRIBED.items()}
        return {
            **self._common(reader, workspace, now_ms),
            **optional,
            "dataSources": workspace.facts.get("workspaceDataSources", []),
        }

    def summary(self, reader: Reader, workspace: Workspace, now_ms: int) -> Any:
        """Return a WorkspaceSummary."""
        optional = {name: workspace.facts.get(_DESCRIBED[name]) for name in _SUMMARISED}
        return {**self._common(reader, workspace, now_ms), **optional}

    def _common(self, reader: Reader, workspace: Workspace, now_ms: int) -> dict[str, Any]:
        tags = {tag.key: tag.value for tag in identity_records.tags(reader, workspace.id)}
        return {
            "id": workspace.id,
            "created": as_datetime(workspace.created_at),
            "modified": as_datetime(workspace.modified_at),
            "endpoint": self.endpoint(workspace),
            "grafanaVersion": workspace.version,
            "status": workspace.status_at(now_ms),
            "authentication": {
                "providers": workspace.facts["authenticationProviders"],
                "samlConfigurationStatus": saml_status(workspace),
            },
            "tags": tags,
        }


def saml_status(workspace: Workspace) -> str | None:
    """Return whether SAML has its metadata, None where SAML is not chosen."""
    if "SAML" not in workspace.facts["authenticationProviders"]:
        return None
    metadata = workspace.facts.get("samlConfiguration", {}).get("idpMetadata", {})
    return "CONFIGURED" if metadata else "NOT_CONFIGURED"
