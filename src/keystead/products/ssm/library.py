"""Documents as the rest of this slice asks for them: found by name or ARN, their versions read once.

What is held of a version is a pure function of its text and never stale: a version's text does not change.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from keystead.products.ssm import builtin, content
from keystead.products.ssm import document_records as records
from keystead.products.ssm.approval_policy import ManualPolicy, read_automatic, read_manual
from keystead.products.ssm.cedar import CedarPolicy
from keystead.products.ssm.document_records import Document, Version
from keystead.products.ssm.resources import plain_document_name
from keystead.store.interface import Reader

_MAX_HELD: Final = 2_000


class Library:
    """Every account's documents, and Amazon's."""

    def __init__(self) -> None:
        self._manual: dict[str, ManualPolicy] = {}
        self._cedar: dict[tuple[str, str], CedarPolicy] = {}

    def find(self, reader: Reader, account: str, region: str, name: str) -> Document | None:
        """Return a document by name or by an ARN of the account's own; Amazon's under the account itself."""
        plain = plain_document_name(account, region, name)
        if plain is None:
            return None
        if plain in builtin.DOCUMENTS:
            return Document(account, region, plain, "Session", "", "", builtin.CREATED_AT, 1, 1)
        return records.find(reader, account, region, plain)

    def version(self, reader: Reader, document: Document, number: int) -> Version | None:
        """Return a version of a document."""
        whose = (document.account, document.region, document.name)
        if document.name in builtin.DOCUMENTS:
            text = msgspec.json.encode(builtin.DOCUMENTS[document.name]).decode()
            return Version(*whose, 1, "", "JSON", text, builtin.CREATED_AT) if number == 1 else None
        return records.version(reader, *whose, number)

    def default(self, reader: Reader, account: str, region: str, name: str) -> Version | None:
        """Return the default version of a document by name."""
        document = self.find(reader, account, region, name)
        return None if document is None else self.version(reader, document, document.default_version)

    def manual_policies(
        self, reader: Reader, account: str, region: str
    ) -> list[tuple[Version, ManualPolicy]]:
        """Return every manual approval policy in its default version."""
        found: list[tuple[Version, ManualPolicy]] = []
        for document in records.of_type(reader, account, region, "ManualApprovalPolicy"):
            version = self.version(reader, document, document.default_version)
            if version is not None:
                found.append((version, self.manual(version)))
        return found

    def manual(self, version: Version) -> ManualPolicy:
        """Return a manual approval policy."""
        held = self._manual.get(version.content)
        if held is None:
            held = read_manual(value_of(version))
            _make_room(self._manual)
            self._manual[version.content] = held
        return held

    def cedar(self, version: Version) -> CedarPolicy:
        """Return the Cedar policies of an auto-approval or deny-access document."""
        key = (version.name, version.content)
        held = self._cedar.get(key)
        if held is None:
            held = read_automatic(version.name, value_of(version))
            _make_room(self._cedar)
            self._cedar[key] = held
        return held


def value_of(version: Version) -> Mapping[str, Any]:
    """Return what a version's text spells; it was checked when it was written."""
    return content.read(version.content, version.format)


def _make_room(held: dict[Any, Any]) -> None:
    if len(held) >= _MAX_HELD:
        held.clear()
