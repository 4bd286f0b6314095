"""Tags of documents, nodes, OpsItems and executions.

Follows the AWS Systems Manager API reference, "AddTagsToResource". Policies and approvals ask for tags, so a change
counts from the next request on; what is approved stays so.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from keystead.gateway.call import Call
from keystead.products.ssm import tag_records as records
from keystead.products.ssm.errors import InvalidRequest
from keystead.products.ssm.tag_records import Place
from keystead.store.interface import Reader
from keystead.types import ssm

MAX_TAGS: Final = 50
Exists = Callable[[Reader, str, str, str], bool]
"""Whether an account in a region has a resource of this id."""


def given_tags(tags: Sequence[ssm.Tag]) -> dict[str, str]:
    """Return a request's tags. Raises InvalidRequest for those that are AWS's own, and for too many."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) != len(tags):
        raise InvalidRequest("Duplicate tag keys found.")
    if any(key.lower().startswith("aws:") for key in found):
        raise InvalidRequest("Tag keys beginning with aws: are reserved for system use.")
    if len(found) > MAX_TAGS:
        raise InvalidRequest(f"A resource has at most {MAX_TAGS} tags.")
    return found


def shown_tags(tags: Mapping[str, str]) -> list[ssm.Tag]:
    """Return tags as the API shows them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class TagOperations:
    """The three operations on tags."""

    def __init__(self, exists: Mapping[str, Exists]) -> None:
        """`exists` looks resources up, by ResourceType; other types are not served here."""
        self._exists = exists

    @ssm.AddTagsToResource("write", resource="tagged/{ResourceId}")
    def add_tags_to_resource(
        self, call: Call, request: ssm.AddTagsToResourceRequest
    ) -> ssm.AddTagsToResourceResult:
        """Add tags, replacing those of the same key."""
        place = self._place(call, request["ResourceType"], request["ResourceId"])
        records.put(call.tx, place, given_tags(request["Tags"]))
        if len(records.tags(call.reader, place)) > MAX_TAGS:
            raise ssm.TooManyTagsError(f"A resource has at most {MAX_TAGS} tags.")
        return {}

    @ssm.RemoveTagsFromResource("write", resource="tagged/{ResourceId}")
    def remove_tags_from_resource(
        self, call: Call, request: ssm.RemoveTagsFromResourceRequest
    ) -> ssm.RemoveTagsFromResourceResult:
        """Remove tags by key; a key that is not there is no error."""
        place = self._place(call, request["ResourceType"], request["ResourceId"])
        for key in request["TagKeys"]:
            records.remove(call.tx, place, key)
        return {}

    @ssm.ListTagsForResource("read", resource="tagged/{ResourceId}")
    def list_tags_for_resource(
        self, call: Call, request: ssm.ListTagsForResourceRequest
    ) -> ssm.ListTagsForResourceResult:
        """List a resource's tags."""
        place = self._place(call, request["ResourceType"], request["ResourceId"])
        return {"TagList": shown_tags(records.tags(call.reader, place))}

    def _place(self, call: Call, type_: str, resource: str) -> Place:
        exists = self._exists.get(type_)
        if exists is None:
            raise ssm.InvalidResourceType(f"Resources of type {type_} are not served here.")
        account, region, plain = call.principal.account, call.region, resource.rpartition("/")[2]
        if not exists(call.reader, account, region, plain):
            raise ssm.InvalidResourceId(f"{resource} does not exist.")
        return Place(account, region, type_, plain)
