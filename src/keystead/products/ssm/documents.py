"""Operations on documents and their versions.

Follows the AWS Systems Manager API reference, "CreateDocument" and its kin. A new version is not the default one
until that is said.
"""

from typing import Final

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import content, tag_records
from keystead.products.ssm import document_records as records
from keystead.products.ssm.approval_policy import AUTO_POLICY, AUTO_SECONDS, DENY_POLICY, TOKEN_ROLE
from keystead.products.ssm.builtin import DOCUMENTS
from keystead.products.ssm.content_errors import BadContent, BadSchema
from keystead.products.ssm.document_records import Document, Version
from keystead.products.ssm.document_views import description, identifier, version_info
from keystead.products.ssm.library import Library, value_of
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.passing import RolePassing
from keystead.products.ssm.resources import plain_document_name
from keystead.products.ssm.standing import Standing
from keystead.products.ssm.tag_records import Place
from keystead.products.ssm.tagging import given_tags
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

MAX_DOCUMENTS: Final = 500
MAX_VERSIONS: Final = 1000
MAX_MANUAL_POLICIES: Final = 50
PASSED_TO: Final = "justintimeaccess.ssm.amazonaws.com"
_NOT_SERVED: Final = "Documents of type {type} are not served here; the types are Session, {rest}."
_NO_DOCUMENT: Final = "Document with name {name} does not exist."
_NO_VERSION: Final = "Document version {version} does not exist."
_READ_ONLY: Final = "Documents of Amazon cannot be changed."


class Documents:
    """The operations on documents."""

    def __init__(
        self, library: Library, standing: Standing, passing: RolePassing, listing: Listing, clock: Clock
    ) -> None:
        self._library = library
        self._standing = standing
        self._passing = passing
        self._listing = listing
        self._clock = clock

    @ssm.CreateDocument("write", resource="document/{Name}")
    def create_document(self, call: Call, request: ssm.CreateDocumentRequest) -> ssm.CreateDocumentResult:
        """Keep a new document in its first version."""
        account, name, type_ = call.principal.account, request["Name"], request.get("DocumentType", "Command")
        if name in DOCUMENTS:
            raise ssm.DocumentAlreadyExists(f"Document with name {name} already exists.")
        if type_ not in content.SCHEMAS:
            rest = "ManualApprovalPolicy and AutoApprovalPolicy"
            raise ssm.InvalidDocumentContent(_NOT_SERVED.format(type=type_, rest=rest))
        text, format_ = self._checked(
            type_, name, request["Content"], request.get("DocumentFormat", "JSON"), call
        )
        now = now_ms(self._clock)
        document = Document(
            account,
            call.region,
            name,
            type_,
            request.get("TargetType", ""),
            request.get("DisplayName", ""),
            now,
            1,
            1,
        )
        if not records.add(call.tx, document):
            raise ssm.DocumentAlreadyExists(f"Document with name {name} already exists.")
        self._check_room(call, document)
        version = Version(account, call.region, name, 1, request.get("VersionName", ""), format_, text, now)
        self._check_targets(call, version, type_)
        records.add_version(call.tx, version)
        self._standing.written(call.tx, account, call.region, name)
        tags = given_tags(request.get("Tags", []))
        tag_records.put(call.tx, Place(account, call.region, "Document", name), tags)
        return {"DocumentDescription": description(document, version, tags)}

    @ssm.GetDocument("read", resource="document/{Name}")
    def get_document(self, call: Call, request: ssm.GetDocumentRequest) -> ssm.GetDocumentResult:
        """Return a version's text, in the format asked for."""
        document = self._find(call, request["Name"])
        version = self._version(call, document, request.get("DocumentVersion"), request.get("VersionName"))
        format_ = request.get("DocumentFormat", "JSON")
        text = version.content if format_ == version.format else content.write(value_of(version), format_)
        response: ssm.GetDocumentResult = {
            "Name": document.name,
            "CreatedDate": as_datetime(version.created_at),
            "DocumentVersion": str(version.version),
            "Status": "Active",
            "Content": text,
            # Only types in `content.SCHEMAS` are ever kept, which are of the model's enumeration.
            "DocumentType": document.type,  # pyright: ignore[reportReturnType, reportAssignmentType]
            "DocumentFormat": format_,
        }
        if version.version_name:
            response["VersionName"] = version.version_name
        if document.display_name:
            response["DisplayName"] = document.display_name
        return response

    @ssm.DescribeDocument("read", resource="document/{Name}")
    def describe_document(
        self, call: Call, request: ssm.DescribeDocumentRequest
    ) -> ssm.DescribeDocumentResult:
        """Return all that is known of a version but its text."""
        document = self._find(call, request["Name"])
        version = self._version(call, document, request.get("DocumentVersion"), request.get("VersionName"))
        return {"Document": description(document, version, self._tags(call, document))}

    @ssm.UpdateDocument("write", resource="document/{Name}")
    def update_document(self, call: Call, request: ssm.UpdateDocumentRequest) -> ssm.UpdateDocumentResult:
        """Keep a new version."""
        document = self._own(call, request["Name"])
        self._version(call, document, request.get("DocumentVersion", "$LATEST"), None)
        text, format_ = self._checked(
            document.type, document.name, request["Content"], request.get("DocumentFormat", "JSON"), call
        )
        whose = (document.account, document.region, document.name)
        present, name = records.versions(call.reader, *whose), request.get("VersionName", "")
        if any(each.content == text for each in present):
            raise ssm.DuplicateDocumentContent(
                "The content of the association document matches another document. "
                "Change the content of the document and try again."
            )
        if name and any(each.version_name == name for each in present):
            raise ssm.DuplicateDocumentVersionName(f"Version name {name} is in use already.")
        if len(present) >= MAX_VERSIONS:
            raise ssm.DocumentVersionLimitExceeded(f"A document has at most {MAX_VERSIONS} versions.")
        version = Version(*whose, document.latest_version + 1, name, format_, text, now_ms(self._clock))
        self._check_targets(call, version, document.type)
        records.add_version(call.tx, version)
        now = self._find(call, document.name)
        return {"DocumentDescription": description(now, version, self._tags(call, now))}

    @ssm.UpdateDocumentDefaultVersion("write", resource="document/{Name}")
    def update_document_default_version(
        self, call: Call, request: ssm.UpdateDocumentDefaultVersionRequest
    ) -> ssm.UpdateDocumentDefaultVersionResult:
        """Make a version the one that is meant when none is named."""
        document = self._find(call, request["Name"])
        version = self._version(call, document, request["DocumentVersion"], None)
        self._check_targets(call, version, document.type)
        if document.name not in DOCUMENTS:
            records.set_default(call.tx, document, version.version)
            self._standing.written(call.tx, document.account, document.region, document.name)
        told: ssm.DocumentDefaultVersionDescription = {
            "Name": document.name,
            "DefaultVersion": str(version.version),
        }
        if version.version_name:
            told["DefaultVersionName"] = version.version_name
        return {"Description": told}

    @ssm.DeleteDocument("write", resource="document/{Name}")
    def delete_document(self, call: Call, request: ssm.DeleteDocumentRequest) -> ssm.DeleteDocumentResult:
        """Delete a document, or one version that is not the default. Requests keep what they were decided by."""
        document = self._own(call, request["Name"])
        number, name = request.get("DocumentVersion"), request.get("VersionName")
        if number is None and name is None:
            place = Place(document.account, document.region, "Document", document.name)
            tag_records.remove_all(call.tx, place)
            records.remove(call.tx, document)
            return {}
        try:
            version = self._version(call, document, number, name)
        except ssm.InvalidDocumentVersion as error:
            raise ssm.InvalidDocumentOperation(error.message) from error
        if version.version == document.default_version:
            raise ssm.InvalidDocumentOperation("Default version of the document can't be deleted.")
        records.remove_version(call.tx, version)
        return {}

    @ssm.ListDocuments("read", resource="*")
    def list_documents(self, call: Call, request: ssm.ListDocumentsRequest) -> ssm.ListDocumentsResult:
        """List documents that match every filter; Amazon's when they are asked for, or nothing is."""
        wanted = _filters(request)
        rows = [
            document
            for document in self._all(call, wanted)
            if all(_matches(document, key, values, call) for key, values in wanted.items())
        ]
        account, region = call.principal.account, call.region
        page = self._listing.page(f"ListDocuments|{account}|{region}", request, rows, lambda row: row.name)
        listed: list[ssm.DocumentIdentifier] = []
        for document in page.rows:
            version = self._library.version(call.reader, document, document.default_version)
            if version is not None:
                listed.append(identifier(document, version, self._tags(call, document)))
        response: ssm.ListDocumentsResult = {"DocumentIdentifiers": listed}
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    @ssm.ListDocumentVersions("read", resource="document/{Name}")
    def list_document_versions(
        self, call: Call, request: ssm.ListDocumentVersionsRequest
    ) -> ssm.ListDocumentVersionsResult:
        """List a document's versions, the oldest first."""
        document = self._find(call, request["Name"])
        whose = (document.account, document.region, document.name)
        rows = records.versions(call.reader, *whose)
        if document.name in DOCUMENTS:
            rows = [self._version(call, document, "1", None)]
        page = self._listing.page(
            f"ListDocumentVersions|{whose}", request, rows, lambda row: f"{row.version:09d}"
        )
        response: ssm.ListDocumentVersionsResult = {
            "DocumentVersions": [version_info(document, each) for each in page.rows]
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    def _all(self, call: Call, wanted: dict[str, list[str]]) -> list[Document]:
        account, region = call.principal.account, call.region
        owners = wanted.get("Owner", [])
        own = records.listed(call.reader, account, region)
        amazons = [self._find(call, name) for name in DOCUMENTS]
        found = own if owners == ["Self"] else amazons if owners == ["Amazon"] else own + amazons
        return sorted(found, key=lambda document: document.name)

    def _find(self, call: Call, name: str) -> Document:
        found = self._library.find(call.reader, call.principal.account, call.region, name)
        if found is None:
            raise ssm.InvalidDocument(_NO_DOCUMENT.format(name=name))
        return found

    def _own(self, call: Call, name: str) -> Document:
        document = self._find(call, name)
        if document.name in DOCUMENTS:
            raise ssm.InvalidDocumentOperation(_READ_ONLY)
        return document

    def _version(self, call: Call, document: Document, number: str | None, name: str | None) -> Version:
        """Return the version that a request means. Raises InvalidDocumentVersion."""
        found: Version | None
        if name is not None and number is None:
            whose = (document.account, document.region, document.name)
            named = (each for each in records.versions(call.reader, *whose) if each.version_name == name)
            found = next(named, None)
        else:
            numbers = {
                "$LATEST": document.latest_version,
                "$DEFAULT": document.default_version,
                None: document.default_version,
            }
            # The model's pattern leaves nothing else but a number.
            wanted = numbers[number] if number in numbers else int(str(number)[:9])
            found = self._library.version(call.reader, document, wanted)
        if found is None:
            raise ssm.InvalidDocumentVersion(_NO_VERSION.format(version=name or number))
        return found

    def _tags(self, call: Call, document: Document) -> dict[str, str]:
        place = Place(document.account, document.region, "Document", document.name)
        return tag_records.tags(call.reader, place)

    def _checked(self, type_: str, name: str, text: str, format_: str, call: Call) -> tuple[str, str]:
        """Return the text to keep and its format. Raises the modelled errors of content."""
        if len(text.encode()) > content.MAX_BYTES:
            raise ssm.MaxDocumentSizeExceeded("The size limit of a document is 64 KB.")
        plain = plain_document_name(call.principal.account, call.region, name)
        if plain in (AUTO_POLICY, DENY_POLICY) and text.lstrip().startswith(_CEDAR_WORDS):
            text, format_ = _wrapped(text), "JSON"
        try:
            content.check(type_, name, content.read(text, format_))
        except BadSchema as error:
            raise ssm.InvalidDocumentSchemaVersion(str(error)) from error
        except BadContent as error:
            raise ssm.InvalidDocumentContent(str(error)) from error
        if type_ != "Session":
            self._passing.require(call, TOKEN_ROLE, PASSED_TO)
        return text, format_

    def _check_room(self, call: Call, document: Document) -> None:
        own = records.listed(call.reader, document.account, document.region)
        manual = [each for each in own if each.type == "ManualApprovalPolicy"]
        if len(own) > MAX_DOCUMENTS or len(manual) > MAX_MANUAL_POLICIES:
            raise ssm.DocumentLimitExceeded(
                f"You can have at most {MAX_DOCUMENTS} documents, "
                f"and {MAX_MANUAL_POLICIES} manual approval policies among them."
            )

    def _check_targets(self, call: Call, version: Version, type_: str) -> None:
        """Refuse a policy that names a tag which another policy names: one node would have two policies.

        UNCONFIRMED: AWS may only find out when somebody asks for such a node.
        """
        if type_ != "ManualApprovalPolicy":
            return
        mine = self._library.manual(version)
        for other, policy in self._library.manual_policies(call.reader, version.account, version.region):
            if other.name == version.name:
                continue
            both = mine.tags & policy.tags
            if both or (not mine.tags and not policy.tags):
                what = ", ".join(f"tag:{key}={value}" for key, value in sorted(both)) or "all nodes"
                raise ssm.InvalidDocumentContent(f"{what} is targeted by policy {other.name} already.")


_CEDAR_WORDS: Final = ("permit", "forbid", "@", "//")


def _wrapped(text: str) -> str:
    """Return bare Cedar as the document that holds it: AWS's walk-through with Amazon Q passes such files."""
    return content.write(
        {
            "schemaVersion": "0.3",
            "accessTokenRole": TOKEN_ROLE,
            "accessDuration": AUTO_SECONDS,
            "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": text}],
        },
        "JSON",
    )


def _filters(request: ssm.ListDocumentsRequest) -> dict[str, list[str]]:
    """Return the values asked for, by key, from both of the spellings of a filter."""
    wanted: dict[str, list[str]] = {}
    for each in request.get("DocumentFilterList", []):
        wanted[each["key"]] = [each["value"]]
    for each in request.get("Filters", []):
        wanted[each.get("Key", "")] = each.get("Values", [])
    return wanted


def _matches(document: Document, key: str, values: list[str], call: Call) -> bool:
    if key == "Name":
        return any(document.name.startswith(value) for value in values)
    if key == "Owner":
        owner = "Amazon" if document.name in DOCUMENTS else "Self"
        return "All" in values or owner in values or document.account in values
    if key == "DocumentType":
        return document.type in values
    if key == "PlatformTypes":
        return True
    if key.startswith("tag:"):
        place = Place(document.account, document.region, "Document", document.name)
        return tag_records.tags(call.reader, place).get(key.removeprefix("tag:")) in values
    raise ssm.InvalidFilterKey(f"{key} is not a filter of documents.")
