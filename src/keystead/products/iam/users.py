"""Users of the account: create, read, list, rename, delete, and their tags."""

from collections.abc import Sequence
from typing import cast

from keystead.gateway.call import Call
from keystead.identity import records
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.records import Tag, User
from keystead.identity.users import Users
from keystead.kernel.paging import Markers
from keystead.products.iam.access_keys import DEFAULT_PAGE
from keystead.products.iam.times import as_datetime
from keystead.types import iam


class UserOperations:
    """The operations on users and their tags."""

    def __init__(self, users: Users, markers: Markers) -> None:
        self._users = users
        self._markers = markers

    @iam.CreateUser("write", resource="user{Path}{UserName}")
    def create_user(self, call: Call, request: iam.CreateUserRequest) -> iam.CreateUserResponse:
        """Make a user without any credential or permission."""
        if "PermissionsBoundary" in request:
            raise iam.NoSuchEntityException(_no_policy(request["PermissionsBoundary"]))
        tags = _tags(request.get("Tags", []))
        user = self._users.create(
            call.tx, call.principal.account, request["UserName"], request.get("Path", "/"), tags
        )
        return {"User": shown(user, tags)}

    @iam.GetUser("read", resource="user/{UserName}")
    def get_user(self, call: Call, request: iam.GetUserRequest) -> iam.GetUserResponse:
        """Return a user, the caller when none is named."""
        name = request.get("UserName")
        if name is None and call.principal.owner == ROOT_OWNER:
            return {"User": self._root(call)}
        user = self._users.get(call.reader, call.principal.account, name or call.principal.user_name)
        return {"User": shown(user, records.tags(call.reader, user.id))}

    @iam.ListUsers("read", resource="user{PathPrefix}")
    def list_users(self, call: Call, request: iam.ListUsersRequest) -> iam.ListUsersResponse:
        """List users by name without regard to case."""
        account, prefix = call.principal.account, request.get("PathPrefix", "/")
        binding = f"ListUsers|{account}|{prefix}"
        after = self._markers.open(binding, request.get("Marker"))
        limit = request.get("MaxItems", DEFAULT_PAGE)
        users, position = records.users_from(call.reader, account, after, limit, prefix)
        response: iam.ListUsersResponse = {
            "Users": [shown(user, ()) for user in users],
            "IsTruncated": position is not None,
        }
        if position is not None:
            response["Marker"] = self._markers.seal(binding, position)
        return response

    @iam.UpdateUser("write", resource="user/{UserName}")
    def update_user(self, call: Call, request: iam.UpdateUserRequest) -> None:
        """Rename or move a user; unique id, keys and tags stay, the ARN changes."""
        user = self._users.get(call.tx, call.principal.account, request["UserName"])
        self._users.rename(
            call.tx, user, request.get("NewUserName", user.name), request.get("NewPath", user.path)
        )

    @iam.DeleteUser("write", resource="user/{UserName}")
    def delete_user(self, call: Call, request: iam.DeleteUserRequest) -> None:
        """Delete a user that holds nothing any more."""
        self._users.delete(call.tx, self._users.get(call.tx, call.principal.account, request["UserName"]))

    @iam.TagUser("write", resource="user/{UserName}")
    def tag_user(self, call: Call, request: iam.TagUserRequest) -> None:
        """Add tags, replacing those of the same key."""
        user = self._users.get(call.tx, call.principal.account, request["UserName"])
        self._users.tag(call.tx, user, _tags(request["Tags"]))

    @iam.UntagUser("write", resource="user/{UserName}")
    def untag_user(self, call: Call, request: iam.UntagUserRequest) -> None:
        """Remove tags; a key that is not there is no error."""
        user = self._users.get(call.tx, call.principal.account, request["UserName"])
        self._users.untag(call.tx, user, request["TagKeys"])

    @iam.ListUserTags("read", resource="user/{UserName}")
    def list_user_tags(self, call: Call, request: iam.ListUserTagsRequest) -> iam.ListUserTagsResponse:
        """List a user's tags in the order in which they were added."""
        user = self._users.get(call.reader, call.principal.account, request["UserName"])
        binding = f"ListUserTags|{user.account}|{user.id}"
        after = int(self._markers.open(binding, request.get("Marker")) or 0)
        tags = records.tags_after(call.reader, user.id, after)
        limit = request.get("MaxItems", DEFAULT_PAGE)
        page = self._markers.page(binding, tags, limit, lambda row: str(row[0]))
        response: iam.ListUserTagsResponse = {
            "Tags": [{"Key": tag.key, "Value": tag.value} for _, tag in page.rows],
            "IsTruncated": page.marker is not None,
        }
        if page.marker is not None:
            response["Marker"] = page.marker
        return response

    def _root(self, call: Call) -> iam.User:
        """Return what GetUser shows of the account root: its id is the account's."""
        account = records.account(call.reader, call.principal.account)
        created_at = 0 if account is None else account.created_at
        answer = {
            "UserId": call.principal.id,
            "Arn": call.principal.arn,
            "CreateDate": as_datetime(created_at),
        }
        # The model requires a name and a path, and AWS leaves them out for the root, which has neither.
        return cast(iam.User, answer)


def shown(user: User, tags: Sequence[Tag]) -> iam.User:
    """Return a user as the API shows it; listings leave tags out."""
    answer: iam.User = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": as_datetime(user.created_at),
    }
    if tags:
        answer["Tags"] = [{"Key": tag.key, "Value": tag.value} for tag in tags]
    return answer


def _tags(tags: Sequence[iam.Tag]) -> list[Tag]:
    return [Tag(tag["Key"], tag["Value"]) for tag in tags]


def _no_policy(arn: str) -> str:
    """Say that a boundary names no policy: until policies exist (2/6), none does."""
    return f"Policy {arn} does not exist or is not attachable."
