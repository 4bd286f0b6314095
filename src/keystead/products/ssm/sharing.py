"""With whom documents are shared: records that clients such as Terraform ask for and set.

No document is read across accounts here.
"""

from typing import Final

from keystead.gateway.call import Call
from keystead.products.ssm import document_records as records
from keystead.products.ssm.document_records import Document
from keystead.products.ssm.library import Library
from keystead.products.ssm.listing import Listing
from keystead.types import ssm

MAX_SHARES: Final = 1000


class DocumentSharing:
    """The two operations on a document's permission."""

    def __init__(self, library: Library, listing: Listing) -> None:
        self._library = library
        self._listing = listing

    @ssm.ModifyDocumentPermission("write", resource="document/{Name}")
    def modify_document_permission(
        self, call: Call, request: ssm.ModifyDocumentPermissionRequest
    ) -> ssm.ModifyDocumentPermissionResponse:
        """Share a document with accounts, and take shares back."""
        document = self._own(call, request["Name"])
        for account in request.get("AccountIdsToRemove", []):
            records.unshare(call.tx, document, account)
        for account in request.get("AccountIdsToAdd", []):
            records.share(call.tx, document, account)
        if len(records.shares(call.reader, document)) > MAX_SHARES:
            raise ssm.DocumentPermissionLimit(f"A document is shared with at most {MAX_SHARES} accounts.")
        return {}

    @ssm.DescribeDocumentPermission("read", resource="document/{Name}")
    def describe_document_permission(
        self, call: Call, request: ssm.DescribeDocumentPermissionRequest
    ) -> ssm.DescribeDocumentPermissionResponse:
        """Tell with whom a document is shared."""
        document = self._own(call, request["Name"])
        rows = records.shares(call.reader, document)
        binding = f"DocumentPermission|{document.account}|{document.region}|{document.name}"
        page = self._listing.page(binding, request, rows, lambda row: row)
        shared: list[ssm.AccountSharingInfo] = [{"AccountId": each} for each in page.rows]
        response: ssm.DescribeDocumentPermissionResponse = {
            "AccountIds": list(page.rows),
            "AccountSharingInfoList": shared,
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    def _own(self, call: Call, name: str) -> Document:
        found = self._library.find(call.reader, call.principal.account, call.region, name)
        if found is None:
            raise ssm.InvalidDocument(f"Document with name {name} does not exist.")
        return found
