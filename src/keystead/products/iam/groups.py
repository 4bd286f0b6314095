"""Groups of users: create, read, list, rename, delete, and who is in them."""

from keystead.gateway.call import Call
from keystead.identity import group_records as records
from keystead.identity.group_records import Group
from keystead.identity.groups import Groups
from keystead.identity.users import Users
from keystead.products.iam.listing import Listing
from keystead.products.iam.times import as_datetime
from keystead.products.iam.users import shown as shown_user
from keystead.types import iam


class GroupOperations:
    """The operations on groups and their members."""

    def __init__(self, groups: Groups, users: Users, listing: Listing) -> None:
        self._groups = groups
        self._users = users
        self._listing = listing

    @iam.CreateGroup("write", resource="group{Path}{GroupName}")
    def create_group(self, call: Call, request: iam.CreateGroupRequest) -> iam.CreateGroupResponse:
        """Make an empty group."""
        account = call.principal.account
        group = self._groups.create(call.tx, account, request["GroupName"], request.get("Path", "/"))
        return {"Group": shown(group)}

    @iam.GetGroup("read", resource="group/{GroupName}")
    def get_group(self, call: Call, request: iam.GetGroupRequest) -> iam.GetGroupResponse:
        """Return a group and a page of its members, by name without regard to case."""
        group = self._group(call, request["GroupName"])
        binding = f"GetGroup|{group.account}|{group.id}"
        after, limit = self._listing.open(binding, request), self._listing.limit(request)
        members = records.members_from(call.reader, group.id, after, limit + 1)
        more = len(members) > limit
        return {
            "Group": shown(group),
            "Users": [shown_user(member, ()) for member in members[:limit]],
            "IsTruncated": more,
            "Marker": self._listing.seal(binding, members[limit - 1].name.lower()) if more else None,
        }

    @iam.ListGroups("read", resource="group{PathPrefix}")
    def list_groups(self, call: Call, request: iam.ListGroupsRequest) -> iam.ListGroupsResponse:
        """List groups by name without regard to case."""
        account, prefix = call.principal.account, request.get("PathPrefix", "/")
        found = [group for group in records.groups_of(call.reader, account) if group.path.startswith(prefix)]
        page = self._listing.page(f"ListGroups|{account}|{prefix}", request, found, _key)
        return {
            "Groups": [shown(group) for group in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.ListGroupsForUser("read", resource="user/{UserName}")
    def list_groups_for_user(
        self, call: Call, request: iam.ListGroupsForUserRequest
    ) -> iam.ListGroupsForUserResponse:
        """List the groups that a user is in."""
        user = self._users.get(call.reader, call.principal.account, request["UserName"])
        found = records.groups_of_user(call.reader, user.id)
        page = self._listing.page(f"ListGroupsForUser|{user.account}|{user.id}", request, found, _key)
        return {
            "Groups": [shown(group) for group in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.UpdateGroup("write", resource="group/{GroupName} group{NewPath}{NewGroupName}")
    def update_group(self, call: Call, request: iam.UpdateGroupRequest) -> None:
        """Rename or move a group; id, members and policies stay, the ARN changes."""
        group = self._group(call, request["GroupName"])
        name, path = request.get("NewGroupName", group.name), request.get("NewPath", group.path)
        self._groups.rename(call.tx, group, name, path)

    @iam.DeleteGroup("write", resource="group/{GroupName}")
    def delete_group(self, call: Call, request: iam.DeleteGroupRequest) -> None:
        """Delete a group that is empty and has no policies."""
        self._groups.delete(call.tx, self._group(call, request["GroupName"]))

    @iam.AddUserToGroup("write", resource="group/{GroupName}")
    def add_user_to_group(self, call: Call, request: iam.AddUserToGroupRequest) -> None:
        """Put a user into a group."""
        group = self._group(call, request["GroupName"])
        self._groups.add(
            call.tx, group, self._users.get(call.tx, call.principal.account, request["UserName"])
        )

    @iam.RemoveUserFromGroup("write", resource="group/{GroupName}")
    def remove_user_from_group(self, call: Call, request: iam.RemoveUserFromGroupRequest) -> None:
        """Take a user out of a group."""
        group = self._group(call, request["GroupName"])
        self._groups.remove(
            call.tx, group, self._users.get(call.tx, call.principal.account, request["UserName"])
        )

    def _group(self, call: Call, name: str) -> Group:
        return self._groups.get(call.reader, call.principal.account, name)


def shown(group: Group) -> iam.Group:
    """Return a group as the API shows it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": as_datetime(group.created_at),
    }


def _key(group: Group) -> str:
    return group.name.lower()
