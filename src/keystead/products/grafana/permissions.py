"""Permissions: which users and groups of the identity provider have which role. Stored and listed only."""

from typing import Any

from keystead.gateway.call import Call
from keystead.products.grafana import permission_records as rows
from keystead.products.grafana.arns import WORKSPACE
from keystead.products.grafana.desk import Desk
from keystead.products.grafana.errors import invalid
from keystead.products.grafana.listing import Listing
from keystead.products.grafana.permission_records import Permission
from keystead.types import grafana as g

_NOT_THERE = 404


class PermissionOperations:
    """The operations on permissions."""

    def __init__(self, desk: Desk, listing: Listing) -> None:
        self._desk = desk
        self._listing = listing

    @g.ListPermissions("read", resource=WORKSPACE)
    def list_permissions(self, call: Call, request: g.ListPermissionsRequest) -> g.ListPermissionsResponse:
        """List permissions, all of them or those of a type, a user or a group."""
        workspace = self._desk.find(call, request["workspaceId"])
        user, group, kind = request.get("userId"), request.get("groupId"), request.get("userType")
        if user is not None and group is not None:
            raise invalid("groupId", "userId and groupId do not go together.")
        wanted = [
            each
            for each in rows.permissions(call.reader, workspace.id)
            if kind in (None, each.user_type)
            and (user is None or (each.user_type, each.user_id) == ("SSO_USER", user))
            and (group is None or (each.user_type, each.user_id) == ("SSO_GROUP", group))
        ]
        found, following = self._listing.page(
            call,
            f"{workspace.id}|{kind}|{user}|{group}",
            request,
            lambda after, limit: [each for each in wanted if _position(each) > after][:limit],
            _position,
        )
        return {"permissions": [_shown(each) for each in found], "nextToken": following}

    @g.UpdatePermissions("write", resource=WORKSPACE)
    def update_permissions(
        self, call: Call, request: g.UpdatePermissionsRequest
    ) -> g.UpdatePermissionsResponse:
        """Add and revoke roles. What cannot be done is told beside what was."""
        workspace = self._desk.settled(call, request["workspaceId"])
        errors: list[g.UpdateError] = []
        for instruction in request["updateInstructionBatch"]:
            for user in instruction["users"]:
                permission = Permission(user["type"], user["id"], instruction["role"])
                if instruction["action"] == "ADD":
                    rows.put(call.tx, workspace.id, permission)
                elif not rows.remove(call.tx, workspace.id, permission):
                    caused_by: g.UpdateInstruction = {
                        "action": instruction["action"],
                        "role": instruction["role"],
                        "users": [user],
                    }
                    message = "The user or group does not have this role."
                    errors.append({"code": _NOT_THERE, "message": message, "causedBy": caused_by})
        return {"errors": errors}


def _position(permission: Permission) -> str:
    return f"{permission.user_type} {permission.user_id}"


def _shown(permission: Permission) -> Any:
    return {
        "user": {"id": permission.user_id, "type": permission.user_type},
        "role": permission.role,
    }
