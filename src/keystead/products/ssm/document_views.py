"""Documents as the API shows them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from keystead.products.ssm.builtin import DOCUMENTS, OWNER
from keystead.products.ssm.document_records import Document, Version
from keystead.products.ssm.library import value_of
from keystead.products.ssm.plain import as_object
from keystead.products.ssm.tagging import shown_tags
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm


def description(document: Document, version: Version, tags: Mapping[str, str]) -> ssm.DocumentDescription:
    """Return what DescribeDocument tells of a version."""
    value = value_of(version)
    told: ssm.DocumentDescription = {
        "Hash": hashlib.sha256(version.content.encode()).hexdigest(),
        "HashType": "Sha256",
        "Name": document.name,
        "Owner": _owner(document),
        "CreatedDate": as_datetime(version.created_at),
        "Status": "Active",
        "DocumentVersion": str(version.version),
        "Description": str(value.get("description") or ""),
        "Parameters": _parameters(value),
        "PlatformTypes": ["Windows", "Linux", "MacOS"],
        "SchemaVersion": str(value.get("schemaVersion")),
        "LatestVersion": str(document.latest_version),
        "DefaultVersion": str(document.default_version),
        "Tags": shown_tags(tags),
    }
    return _whole(told, document, version)


def identifier(document: Document, version: Version, tags: Mapping[str, str]) -> ssm.DocumentIdentifier:
    """Return what ListDocuments tells of a document."""
    told: ssm.DocumentIdentifier = {
        "Name": document.name,
        "CreatedDate": as_datetime(document.created_at),
        "Owner": _owner(document),
        "PlatformTypes": ["Windows", "Linux", "MacOS"],
        "DocumentVersion": str(version.version),
        "SchemaVersion": str(value_of(version).get("schemaVersion")),
        "Tags": shown_tags(tags),
    }
    return _whole(told, document, version)


def version_info(document: Document, version: Version) -> ssm.DocumentVersionInfo:
    """Return what ListDocumentVersions tells of a version."""
    told: ssm.DocumentVersionInfo = {
        "Name": document.name,
        "DocumentVersion": str(version.version),
        "CreatedDate": as_datetime(version.created_at),
        "IsDefaultVersion": version.version == document.default_version,
        "Status": "Active",
    }
    optional = {"DisplayName": document.display_name, "VersionName": version.version_name}
    return _with(told, {"DocumentFormat": version.format}, optional)


def _owner(document: Document) -> str:
    return OWNER if document.name in DOCUMENTS else document.account


def _parameters(value: Mapping[str, Any]) -> list[ssm.DocumentParameter]:
    found: list[ssm.DocumentParameter] = []
    for name, given in (as_object(value.get("parameters")) or {}).items():
        parameter = as_object(given) or {}
        told: ssm.DocumentParameter = {"Name": name, "Type": "String"}
        if "description" in parameter:
            told["Description"] = str(parameter["description"])
        if "default" in parameter:
            told["DefaultValue"] = str(parameter["default"])
        found.append(told)
    return found


def _whole(told: Any, document: Document, version: Version) -> Any:
    rest = {"DocumentType": document.type, "DocumentFormat": version.format}
    optional = {
        "DisplayName": document.display_name,
        "VersionName": version.version_name,
        "TargetType": document.target_type,
    }
    return _with(told, rest, optional)


# The three answers share members whose values the records keep as plain text, checked when they were written.
def _with(told: Any, rest: Mapping[str, str], optional: Mapping[str, str]) -> Any:
    return {**told, **rest, **{name: text for name, text in optional.items() if text}}
