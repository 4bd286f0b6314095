"""Users of the account: create, read, list, rename, delete, and their tags."""

from collections.abc import Sequence
from typing import cast

from keystead.credentials import shelf
from keystead.gateway.call import Call
from keystead.identity import policy_records, records
from keystead.identity.entity import entity_of
from keystead.identity.policies import Policies
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.records import Tag, User
from keystead.identity.tags import Tags
from keystead.identity.users import Users
from keystead.kernel.errors import StillInUse
from keystead.products.iam import tagging
from keystead.products.iam.boundaries import shown_boundary
from keystead.products.iam.documents import policy_arn
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.products.iam.listing import Listing
from keystead.products.iam.records import has_service_credentials
from keystead.products.iam.times import as_datetime
from keystead.types import iam


class UserOperations:
    """The operations on users and their tags."""

    def __init__(self, users: Users, policies: Policies, tags: Tags, listing: Listing) -> None:
        self._users = users
        self._policies = policies
        self._tags = tags
        self._listing = listing

    @iam.CreateUser("write", resource="user{Path}{UserName}")
    def create_user(self, call: Call, request: iam.CreateUserRequest) -> iam.CreateUserResponse:
        """Make a user without any credential or permission."""
        account, tags = call.principal.account, tagging.given(request.get("Tags", []))
        user = self._users.create(call.tx, account, request["UserName"], request.get("Path", "/"))
        if "PermissionsBoundary" in request:
            arn = policy_arn(request["PermissionsBoundary"])
            self._policies.set_boundary(call.tx, entity_of(user), arn)
        self._tags.put(call.tx, user.id, user.name, tags)
        return {"User": _detailed(call, user)}

    @iam.GetUser("read", resource="user/{UserName}")
    def get_user(self, call: Call, request: iam.GetUserRequest) -> iam.GetUserResponse:
        """Return a user, the caller when none is named."""
        name = request.get("UserName")
        if name is None and call.principal.owner == ROOT_OWNER:
            return {"User": self._root(call)}
        found = call.subject
        user = found if isinstance(found, User) else self._user(call, name or call.principal.user_name)
        return {"User": _detailed(call, user)}

    @iam.ListUsers("read", resource="user{PathPrefix}")
    def list_users(self, call: Call, request: iam.ListUsersRequest) -> iam.ListUsersResponse:
        """List users by name without regard to case. A page may be short although more follow."""
        account, prefix = call.principal.account, request.get("PathPrefix", "/")
        binding = f"ListUsers|{account}|{prefix}"
        after, limit = self._listing.open(binding, request), self._listing.limit(request)
        users, position = records.users_from(call.reader, account, after, limit, prefix)
        return {
            "Users": [shown(user, ()) for user in users],
            "IsTruncated": position is not None,
            "Marker": None if position is None else self._listing.seal(binding, position),
        }

    @iam.UpdateUser("write", resource="user/{UserName} user{NewPath}{NewUserName}")
    def update_user(self, call: Call, request: iam.UpdateUserRequest) -> None:
        """Rename or move a user; unique id, keys and tags stay, the ARN changes."""
        user = self._user(call, request["UserName"])
        name, path = request.get("NewUserName", user.name), request.get("NewPath", user.path)
        self._users.rename(call.tx, user, name, path)

    @iam.DeleteUser("write", resource="user/{UserName}")
    def delete_user(self, call: Call, request: iam.DeleteUserRequest) -> None:
        """Delete a user that holds nothing any more."""
        # UNCONFIRMED: the order in which AWS looks for what a user holds.
        user = self._user(call, request["UserName"])
        self._users.check_unattached(call.tx, user)
        if shelf.count_of_owner(call.tx, user.account, user.id, ACCESS_KEY):
            raise StillInUse("delete access keys")
        if has_service_credentials(call.tx, user.account, user.id):
            raise StillInUse("remove referenced objects")
        self._users.delete(call.tx, user)

    @iam.TagUser("write", resource="user/{UserName}")
    def tag_user(self, call: Call, request: iam.TagUserRequest) -> None:
        """Add tags, replacing those of the same key."""
        user = self._user(call, request["UserName"])
        self._tags.put(call.tx, user.id, user.name, tagging.given(request["Tags"]))

    @iam.UntagUser("write", resource="user/{UserName}")
    def untag_user(self, call: Call, request: iam.UntagUserRequest) -> None:
        """Remove tags; a key that is not there is no error."""
        self._tags.remove(call.tx, self._user(call, request["UserName"]).id, request["TagKeys"])

    @iam.ListUserTags("read", resource="user/{UserName}")
    def list_user_tags(self, call: Call, request: iam.ListUserTagsRequest) -> iam.ListUserTagsResponse:
        """List a user's tags in the order in which they were added."""
        user = self._user(call, request["UserName"])
        page = self._listing.tags(call.reader, user.id, request)
        return {
            "Tags": tagging.shown(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _user(self, call: Call, name: str) -> User:
        return self._users.get(call.reader, call.principal.account, name)

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
    """Return a user as the API shows it; listings leave tags and boundary out."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": as_datetime(user.created_at),
        "Tags": tagging.shown_if_any(tags),
    }


def _detailed(call: Call, user: User) -> iam.User:
    boundary = policy_records.boundary(call.reader, user.id)
    return {
        **shown(user, records.tags(call.reader, user.id)),
        "PermissionsBoundary": shown_boundary(boundary),
    }
