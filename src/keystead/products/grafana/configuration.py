"""What is set on a workspace: configuration and version, authentication, licence; and the versions there are."""

import json
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.products.grafana.arns import WORKSPACE
from keystead.products.grafana.desk import Desk
from keystead.products.grafana.errors import invalid
from keystead.products.grafana.listing import Listing
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.showing import Showing
from keystead.types import grafana as g

# UNCONFIRMED: what a workspace has that was created without a configuration.
INITIAL_CONFIGURATION = '{"plugins":{"pluginAdminEnabled":false},"unifiedAlerting":{"enabled":false}}'


def checked_configuration(text: str) -> str:
    """Return the text of a configuration, unchanged. Raises the modelled error unless it is a JSON object."""
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid("configuration", "configuration is not JSON.") from error
    if not isinstance(parsed, dict):
        raise invalid("configuration", "configuration is not a JSON object.")
    return text


class ConfigurationOperations:
    """The operations on what is set on a workspace."""

    def __init__(self, desk: Desk, listing: Listing, showing: Showing) -> None:
        self._desk = desk
        self._listing = listing
        self._showing = showing

    @g.DescribeWorkspaceConfiguration("read", resource=WORKSPACE)
    def describe_workspace_configuration(
        self, call: Call, request: g.DescribeWorkspaceConfigurationRequest
    ) -> g.DescribeWorkspaceConfigurationResponse:
        """Return the configuration's text as it was given, and the version."""
        workspace = self._desk.find(call, request["workspaceId"])
        return {"configuration": workspace.configuration, "grafanaVersion": workspace.version}

    @g.UpdateWorkspaceConfiguration("write", resource=WORKSPACE)
    def update_workspace_configuration(
        self, call: Call, request: g.UpdateWorkspaceConfigurationRequest
    ) -> g.UpdateWorkspaceConfigurationResponse:
        """Replace the configuration, and go up to another version if one is given."""
        workspace = self._desk.settled(call, request["workspaceId"])
        version = request.get("grafanaVersion", workspace.version)
        if version != workspace.version and version not in self._above(workspace):
            raise invalid(
                "grafanaVersion", f"A workspace of version {workspace.version} cannot go to {version}."
            )
        status = "UPDATING" if version == workspace.version else "VERSION_UPDATING"
        configuration = checked_configuration(request["configuration"])
        self._desk.change(call, workspace, status, configuration=configuration, version=version)
        return {}

    @g.ListVersions("read", resource="*")
    def list_versions(self, call: Call, request: g.ListVersionsRequest) -> g.ListVersionsResponse:
        """List the versions that a workspace can be created with, or that one can go up to."""
        versions, binding = list(self._desk.settings.grafana_versions), request.get("workspaceId", "")
        if binding:
            versions = self._above(self._desk.find(call, binding))
        numbered = [(str(number), version) for number, version in enumerate(versions)]
        found, following = self._listing.page(
            call,
            binding,
            request,
            lambda after, limit: [each for each in numbered if not after or int(each[0]) > int(after)][
                :limit
            ],
            lambda each: each[0],
        )
        return {"grafanaVersions": [version for _, version in found], "nextToken": following}

    @g.DescribeWorkspaceAuthentication("read", resource=WORKSPACE)
    def describe_workspace_authentication(
        self, call: Call, request: g.DescribeWorkspaceAuthenticationRequest
    ) -> g.DescribeWorkspaceAuthenticationResponse:
        """Return how people would log in."""
        return {"authentication": _authentication(self._desk.find(call, request["workspaceId"]))}

    @g.UpdateWorkspaceAuthentication("write", resource=WORKSPACE)
    def update_workspace_authentication(
        self, call: Call, request: g.UpdateWorkspaceAuthenticationRequest
    ) -> g.UpdateWorkspaceAuthenticationResponse:
        """Replace the providers, and SAML's configuration if it is given."""
        workspace = self._desk.settled(call, request["workspaceId"])
        saml = request.get("samlConfiguration")
        if saml is not None and len(saml["idpMetadata"]) > 1:
            raise invalid("samlConfiguration", "idpMetadata is either a url or xml.")
        facts = {**workspace.facts, "authenticationProviders": request["authenticationProviders"]}
        if saml is not None:
            facts["samlConfiguration"] = saml
        return {
            "authentication": _authentication(self._desk.change(call, workspace, "UPDATING", facts=facts))
        }

    @g.AssociateLicense("write", resource=WORKSPACE)
    def associate_license(self, call: Call, request: g.AssociateLicenseRequest) -> g.AssociateLicenseResponse:
        """Note an Enterprise licence; it changes nothing here."""
        workspace = self._desk.settled(call, request["workspaceId"])
        if request["licenseType"] != "ENTERPRISE":
            raise invalid("licenseType", "Free trials of Grafana Enterprise are no longer offered.")
        token = request.get("grafanaToken")
        if not token:
            raise invalid("grafanaToken", "A Grafana Labs token is needed for ENTERPRISE.")
        facts = {**workspace.facts, "licenseType": request["licenseType"], "grafanaToken": token}
        return {"workspace": self._licensed(call, workspace, facts)}

    @g.DisassociateLicense("write", resource=WORKSPACE)
    def disassociate_license(
        self, call: Call, request: g.DisassociateLicenseRequest
    ) -> g.DisassociateLicenseResponse:
        """Take a licence off. Raises NotFound when it is not there."""
        workspace = self._desk.settled(call, request["workspaceId"])
        if workspace.facts.get("licenseType") != request["licenseType"]:
            raise NotFound("license", request["licenseType"])
        facts = {k: v for k, v in workspace.facts.items() if k not in ("licenseType", "grafanaToken")}
        return {"workspace": self._licensed(call, workspace, facts)}

    def _licensed(self, call: Call, workspace: Workspace, facts: dict[str, Any]) -> Any:
        changed = self._desk.change(call, workspace, "UPGRADING", facts=facts)
        return self._showing.description(call.tx, changed, self._desk.now_ms())

    def _above(self, workspace: Workspace) -> list[str]:
        return [
            each for each in self._desk.settings.grafana_versions if _order(each) > _order(workspace.version)
        ]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _authentication(workspace: Workspace) -> Any:
    facts = workspace.facts
    providers, saml = facts["authenticationProviders"], facts.get("samlConfiguration")
    shown: dict[str, Any] = {"providers": providers}
    if "SAML" in providers:
        status = "CONFIGURED" if saml and saml["idpMetadata"] else "NOT_CONFIGURED"
        shown["saml"] = {"status": status, "configuration": saml}
    if "AWS_SSO" in providers:
        shown["awsSso"] = {}
    return shown
