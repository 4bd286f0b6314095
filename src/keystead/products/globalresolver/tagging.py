"""Tags of whatever has an ARN here."""

from typing import Any

from keystead.gateway.call import Call
from keystead.identity import records as identity_records
from keystead.identity.records import Tag
from keystead.identity.tags import Tags
from keystead.kernel.errors import NotFound
from keystead.products.globalresolver import records
from keystead.products.globalresolver.arns import TAGGED, split_arn
from keystead.products.globalresolver.records import Shelf
from keystead.types import route53globalresolver as gr

# Shelves of different facts, of which tags need none.
_SHELVES: dict[str, Shelf[Any]] = {
    shelf.type: shelf
    for shelf in (
        records.RESOLVERS,
        records.VIEWS,
        records.SOURCES,
        records.TOKENS,
        records.LISTS,
        records.CORE_ENDPOINTS,
    )
}


class TagOperations:
    """The operations on tags."""

    def __init__(self, tags: Tags) -> None:
        self._tags = tags

    @gr.TagResource("write", resource=TAGGED)
    def tag_resource(self, call: Call, request: gr.TagResourceRequest) -> gr.TagResourceResponse:
        """Add tags, replacing those of the same key."""
        resource_id = _resource_id(call, request["resourceArn"])
        self._tags.put(
            call.tx, resource_id, resource_id, [Tag(key, value) for key, value in request["tags"].items()]
        )
        return {}

    @gr.UntagResource("write", resource=TAGGED)
    def untag_resource(self, call: Call, request: gr.UntagResourceRequest) -> gr.UntagResourceResponse:
        """Remove tags; a key that is not there is no error."""
        self._tags.remove(call.tx, _resource_id(call, request["resourceArn"]), request["tagKeys"])
        return {}

    @gr.ListTagsForResource("read", resource=TAGGED)
    def list_tags_for_resource(
        self, call: Call, request: gr.ListTagsForResourceRequest
    ) -> gr.ListTagsForResourceResponse:
        """Return all tags of a resource."""
        resource_id = _resource_id(call, request["resourceArn"])
        return {"tags": {tag.key: tag.value for tag in identity_records.tags(call.reader, resource_id)}}


def _resource_id(call: Call, arn: str) -> str:
    """Return the id of what an ARN names in the caller's account. Raises NotFound."""
    account = call.principal.account
    found = split_arn(account, arn)
    if found is None or _SHELVES[found[0]].find(call.reader, account, found[1]) is None:
        raise NotFound("resource", arn)
    return found[1]
