"""Tags of workspaces, which are named by an ARN with slashes in it."""

from keystead.gateway.call import Call
from keystead.identity import records as identity_records
from keystead.identity.records import Tag
from keystead.identity.tags import Tags
from keystead.kernel.errors import NotFound
from keystead.products.grafana.arns import TAGGED, workspace_in
from keystead.products.grafana.desk import Desk
from keystead.types import grafana as g


class TagOperations:
    """The operations on tags."""

    def __init__(self, desk: Desk, tags: Tags) -> None:
        self._desk = desk
        self._tags = tags

    @g.TagResource("write", resource=TAGGED)
    def tag_resource(self, call: Call, request: g.TagResourceRequest) -> g.TagResourceResponse:
        """Add tags, replacing those of the same key."""
        workspace_id = self._named(call, request["resourceArn"])
        tags = [Tag(key, value) for key, value in request["tags"].items()]
        self._tags.put(call.tx, workspace_id, workspace_id, tags)
        return {}

    @g.UntagResource("write", resource=TAGGED)
    def untag_resource(self, call: Call, request: g.UntagResourceRequest) -> g.UntagResourceResponse:
        """Remove tags; a key that is not there is no error."""
        self._tags.remove(call.tx, self._named(call, request["resourceArn"]), request["tagKeys"])
        return {}

    @g.ListTagsForResource("read", resource=TAGGED)
    def list_tags_for_resource(
        self, call: Call, request: g.ListTagsForResourceRequest
    ) -> g.ListTagsForResourceResponse:
        """Return all tags of a workspace."""
        workspace_id = self._named(call, request["resourceArn"])
        return {"tags": {tag.key: tag.value for tag in identity_records.tags(call.reader, workspace_id)}}

    def _named(self, call: Call, arn: str) -> str:
        """Return the id of the workspace that an ARN names. Raises NotFound."""
        workspace_id = workspace_in(call, arn)
        if workspace_id is None:
            raise NotFound("workspace", arn)
        return self._desk.find(call, workspace_id).id
