"""Writes `src/keystead/types/<service>.py` from botocore's models: TypedDicts, errors, `Operation` constants.

Usage: `python tools/generate_types.py [--check]`. The list of operations below is what keystead implements;
adding an operation begins with its name here. `--check` fails when a file on disk differs.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

from botocore.loaders import Loader

OPERATIONS: dict[str, list[str]] = {
    "grafana": [
        "AssociateLicense",
        "CreateWorkspace",
        "CreateWorkspaceApiKey",
        "CreateWorkspaceServiceAccount",
        "CreateWorkspaceServiceAccountToken",
        "DeleteWorkspace",
        "DeleteWorkspaceApiKey",
        "DeleteWorkspaceServiceAccount",
        "DeleteWorkspaceServiceAccountToken",
        "DescribeWorkspace",
        "DescribeWorkspaceAuthentication",
        "DescribeWorkspaceConfiguration",
        "DisassociateLicense",
        "ListPermissions",
        "ListTagsForResource",
        "ListVersions",
        "ListWorkspaceServiceAccountTokens",
        "ListWorkspaceServiceAccounts",
        "ListWorkspaces",
        "TagResource",
        "UntagResource",
        "UpdatePermissions",
        "UpdateWorkspace",
        "UpdateWorkspaceAuthentication",
        "UpdateWorkspaceConfiguration",
    ],
    "iam": [
        "AddRoleToInstanceProfile",
        "AddUserToGroup",
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "CreateAccessKey",
        "CreateAccountAlias",
        "CreateGroup",
        "CreateInstanceProfile",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "CreateServiceSpecificCredential",
        "CreateUser",
        "DeleteAccessKey",
        "DeleteAccountAlias",
        "DeleteGroup",
        "DeleteGroupPolicy",
        "DeleteInstanceProfile",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DeleteServiceSpecificCredential",
        "DeleteUser",
        "DeleteUserPermissionsBoundary",
        "DeleteUserPolicy",
        "DetachGroupPolicy",
        "DetachRolePolicy",
        "DetachUserPolicy",
        "GenerateCredentialReport",
        "GetAccessKeyLastUsed",
        "GetAccountAuthorizationDetails",
        "GetAccountSummary",
        "GetContextKeysForCustomPolicy",
        "GetContextKeysForPrincipalPolicy",
        "GetCredentialReport",
        "GetGroup",
        "GetGroupPolicy",
        "GetInstanceProfile",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "GetUser",
        "GetUserPolicy",
        "ListAccessKeys",
        "ListAccountAliases",
        "ListAttachedGroupPolicies",
        "ListAttachedRolePolicies",
        "ListAttachedUserPolicies",
        "ListEntitiesForPolicy",
        "ListGroupPolicies",
        "ListGroups",
        "ListGroupsForUser",
        "ListInstanceProfileTags",
        "ListInstanceProfiles",
        "ListInstanceProfilesForRole",
        "ListPolicies",
        "ListPolicyTags",
        "ListPolicyVersions",
        "ListRolePolicies",
        "ListRoleTags",
        "ListRoles",
        "ListServiceSpecificCredentials",
        "ListUserPolicies",
        "ListUserTags",
        "ListUsers",
        "PutGroupPolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "PutUserPermissionsBoundary",
        "PutUserPolicy",
        "RemoveRoleFromInstanceProfile",
        "RemoveUserFromGroup",
        "ResetServiceSpecificCredential",
        "SetDefaultPolicyVersion",
        "SimulateCustomPolicy",
        "SimulatePrincipalPolicy",
        "TagInstanceProfile",
        "TagPolicy",
        "TagRole",
        "TagUser",
        "UntagInstanceProfile",
        "UntagPolicy",
        "UntagRole",
        "UntagUser",
        "UpdateAccessKey",
        "UpdateAssumeRolePolicy",
        "UpdateGroup",
        "UpdateRole",
        "UpdateRoleDescription",
        "UpdateServiceSpecificCredential",
        "UpdateUser",
    ],
    "lightsail": [
        "CreateBucket",
        "CreateBucketAccessKey",
        "DeleteBucket",
        "DeleteBucketAccessKey",
        "GetBucketAccessKeys",
        "GetBucketBundles",
        "GetBucketMetricData",
        "GetBuckets",
        "GetOperation",
        "GetOperations",
        "GetOperationsForResource",
        "GetRegions",
        "SetResourceAccessForBucket",
        "TagResource",
        "UntagResource",
        "UpdateBucket",
        "UpdateBucketBundle",
    ],
    "route53": [
        "ChangeResourceRecordSets",
        "CreateHostedZone",
        "DeleteHostedZone",
        "GetChange",
        "GetHostedZone",
        "ListHostedZones",
        "ListResourceRecordSets",
    ],
    "route53globalresolver": [
        "AssociateHostedZone",
        "BatchCreateFirewallRule",
        "BatchDeleteFirewallRule",
        "BatchUpdateFirewallRule",
        "CreateAccessSource",
        "CreateAccessToken",
        "CreateCoreNetworkEndpoint",
        "CreateDNSView",
        "CreateFirewallDomainList",
        "CreateFirewallRule",
        "CreateGlobalResolver",
        "DeleteAccessSource",
        "DeleteAccessToken",
        "DeleteCoreNetworkEndpoint",
        "DeleteDNSView",
        "DeleteFirewallDomainList",
        "DeleteFirewallRule",
        "DeleteGlobalResolver",
        "DisableDNSView",
        "DisassociateHostedZone",
        "EnableDNSView",
        "GetAccessSource",
        "GetAccessToken",
        "GetCoreNetworkEndpoint",
        "GetDNSView",
        "GetFirewallDomainList",
        "GetFirewallRule",
        "GetGlobalResolver",
        "GetHostedZoneAssociation",
        "GetManagedFirewallDomainList",
        "ImportFirewallDomains",
        "ListAccessSources",
        "ListAccessTokens",
        "ListCoreNetworkEndpoints",
        "ListDNSViews",
        "ListFirewallDomainLists",
        "ListFirewallDomains",
        "ListFirewallRules",
        "ListGlobalResolvers",
        "ListHostedZoneAssociations",
        "ListManagedFirewallDomainLists",
        "ListSharedDNSViews",
        "ListTagsForResource",
        "TagResource",
        "UntagResource",
        "UpdateAccessSource",
        "UpdateAccessToken",
        "UpdateCoreNetworkEndpoint",
        "UpdateDNSView",
        "UpdateFirewallDomains",
        "UpdateFirewallRule",
        "UpdateGlobalResolver",
        "UpdateHostedZoneAssociation",
    ],
    "ssm": [
        "AddTagsToResource",
        "CreateActivation",
        "CreateDocument",
        "CreateOpsItem",
        "DeleteActivation",
        "DeleteDocument",
        "DeleteOpsItem",
        "DeregisterManagedInstance",
        "DescribeActivations",
        "DescribeAutomationExecutions",
        "DescribeAutomationStepExecutions",
        "DescribeDocument",
        "DescribeDocumentPermission",
        "DescribeInstanceInformation",
        "DescribeOpsItems",
        "DescribeSessions",
        "GetAccessToken",
        "GetAutomationExecution",
        "GetConnectionStatus",
        "GetDocument",
        "GetOpsItem",
        "GetServiceSetting",
        "ListDocumentVersions",
        "ListDocuments",
        "ListNodes",
        "ListOpsItemEvents",
        "ListTagsForResource",
        "ModifyDocumentPermission",
        "RemoveTagsFromResource",
        "ResetServiceSetting",
        "ResumeSession",
        "SendAutomationSignal",
        "StartAccessRequest",
        "StartAutomationExecution",
        "StartSession",
        "StopAutomationExecution",
        "TerminateSession",
        "UpdateDocument",
        "UpdateDocumentDefaultVersion",
        "UpdateManagedInstanceRole",
        "UpdateOpsItem",
        "UpdateServiceSetting",
    ],
    "sts": [
        "AssumeRole",
        "AssumeRoleWithWebIdentity",
        "DecodeAuthorizationMessage",
        "GetAccessKeyInfo",
        "GetCallerIdentity",
        "GetFederationToken",
        "GetSessionToken",
    ],
}

TARGET = Path(__file__).parent.parent / "src" / "keystead" / "types"
SCALARS = {
    "string": "str",
    "character": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
    "blob": "bytes",
}


# Requests and responses are plain dictionaries at run time; making their classes would be a third of a start.
_DECLARED = '''if TYPE_CHECKING:
{structures}
else:

    def __getattr__(name: str) -> type:
        """Return what every structure is at run time."""
        if name.startswith("_"):
            raise AttributeError(name)
        return dict'''
_TYPING = ("TYPE_CHECKING", "ClassVar", "Literal", "NotRequired", "TypedDict")


class Module:
    """The text of one generated module."""

    def __init__(self, service: str, model: dict[str, Any]) -> None:
        self.service = service
        self.shapes: dict[str, dict[str, Any]] = model["shapes"]
        self.operations = {name: model["operations"][name] for name in OPERATIONS[service]}

    def text(self) -> str:
        """Return the whole module, ready to be written."""
        declared = _DECLARED.format(structures=indent("\n\n".join(self._structures()), "    "))
        joined = "\n\n\n".join([declared, *self._errors(), *self._constants()])
        head = [f'"""Types of `{self.service}`. Generated by tools/generate_types.py; do not edit."""\n']
        head.append("from __future__ import annotations\n")
        if "datetime" in joined:
            head.append("from datetime import datetime")
        typing_names = [name for name in _TYPING if name in joined]
        head.append(f"from typing import {', '.join(typing_names)}\n")
        if "ServiceError" in joined:
            head.append("from keystead.types.errors import ServiceError")
        alias = "" if self._constant == "Operation" else f" as {self._constant}"
        head.append(f"from keystead.types.operation import Operation{alias}\n\n")
        return formatted("\n".join(head) + joined + "\n")

    @property
    def _constant(self) -> str:
        """The class of the constants, by another name where the model has a shape of its own name."""
        return "DeclaredOperation" if "Operation" in self._reachable("input", "output") else "Operation"

    def _structures(self) -> Iterator[str]:
        """Return the structures; a member of an answer alone may be None, which is left out on the wire."""
        asked = set(self._reachable("input"))
        for name in self._reachable("input", "output"):
            shape = self.shapes[name]
            if shape["type"] == "structure" and not shape.get("exception"):
                yield self._structure(name, shape, "" if name in asked else " | None")
        yield "class Empty(TypedDict):\n    pass"

    def _structure(self, name: str, shape: dict[str, Any], absent: str) -> str:
        required = set(shape.get("required", ()))
        lines = [f"class {class_name(name)}(TypedDict):"]
        for member, target in shape["members"].items():
            annotation = self._annotation(target["shape"])
            if member not in required:
                annotation = f"NotRequired[{annotation}{absent}]"
            lines.append(f"    {member}: {annotation}")
        if len(lines) == 1:
            lines.append("    pass")
        return "\n".join(lines)

    def _annotation(self, name: str) -> str:
        shape = self.shapes[name]
        match shape["type"]:
            case "structure":
                return class_name(name)
            case "list":
                return f"list[{self._annotation(shape['member']['shape'])}]"
            case "map":
                return f"dict[str, {self._annotation(shape['value']['shape'])}]"
            case "string" if "enum" in shape:
                values = ", ".join(f'"{value}"' for value in shape["enum"])
                return f"Literal[{values}]"
            case kind:
                return SCALARS[kind]

    def _reachable(self, *sides: str) -> list[str]:
        seen: set[str] = set()
        waiting = [
            operation[side]["shape"]
            for operation in self.operations.values()
            for side in sides
            if side in operation
        ]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(targets_of(self.shapes[name]))
        return sorted(seen)

    def _errors(self) -> Iterator[str]:
        errors = [error for operation in self.operations.values() for error in operation.get("errors", ())]
        for name in sorted({error["shape"] for error in errors}):
            yield (
                f"class {class_name(name)}(ServiceError):\n"
                f'    service: ClassVar[str] = "{self.service}"\n    shape: ClassVar[str] = "{name}"'
            )

    def _constants(self) -> Iterator[str]:
        lines: list[str] = []
        for name, operation in self.operations.items():
            request = class_name(operation["input"]["shape"]) if "input" in operation else "Empty"
            response = class_name(operation["output"]["shape"]) if "output" in operation else "None"
            typed = f"{self._constant}[{request}, {response}]"
            lines.append(f'{name}: {typed} = {self._constant}("{self.service}", "{name}")')
        yield "\n".join(lines)


def formatted(text: str) -> str:
    """Return `text` as the house's formatter writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "types.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def class_name(shape: str) -> str:
    """Return the class name of a shape; the model spells a few in lower camel case."""
    return shape[0].upper() + shape[1:]


def targets_of(shape: dict[str, Any]) -> Iterable[str]:
    """Return the names of the shapes that a shape refers to."""
    match shape["type"]:
        case "structure":
            return [member["shape"] for member in shape["members"].values()]
        case "list":
            return [shape["member"]["shape"]]
        case "map":
            return [shape["key"]["shape"], shape["value"]["shape"]]
        case _:
            return []


def main(arguments: list[str]) -> int:
    """Write or check every module; the exit status tells whether anything differed in check mode."""
    stale: list[str] = []
    for service in OPERATIONS:
        text = Module(service, Loader().load_service_model(service, "service-2")).text()
        path = TARGET / f"{service}.py"
        if "--check" not in arguments:
            path.write_text(text)
        elif path.read_text() != text:
            stale.append(path.name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run python tools/generate_types.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
