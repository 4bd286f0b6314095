"""Permissions boundaries of users and roles: put, delete, and how they are shown. Groups have none."""

from keystead.gateway.call import Call
from keystead.identity.policies import Policies
from keystead.products.iam.documents import policy_arn
from keystead.products.iam.entities import Entities
from keystead.types import iam

# UNCONFIRMED: AWS's answers are quoted with `Policy`, which the model's enum does not have.
BOUNDARY_TYPE = "PermissionsBoundaryPolicy"


class Boundaries:
    """The four operations on permissions boundaries."""

    def __init__(self, policies: Policies, entities: Entities) -> None:
        self._policies = policies
        self._entities = entities

    @iam.PutUserPermissionsBoundary("write", resource="user/{UserName}")
    def put_user_permissions_boundary(
        self, call: Call, request: iam.PutUserPermissionsBoundaryRequest
    ) -> None:
        """Give a user a permissions boundary."""
        entity = self._entities.named(call, "user", request["UserName"])
        self._policies.set_boundary(call.tx, entity, policy_arn(request["PermissionsBoundary"]))

    @iam.DeleteUserPermissionsBoundary("write", resource="user/{UserName}")
    def delete_user_permissions_boundary(
        self, call: Call, request: iam.DeleteUserPermissionsBoundaryRequest
    ) -> None:
        """Take a user's permissions boundary away."""
        self._policies.remove_boundary(call.tx, self._entities.named(call, "user", request["UserName"]))

    @iam.PutRolePermissionsBoundary("write", resource="role/{RoleName}")
    def put_role_permissions_boundary(
        self, call: Call, request: iam.PutRolePermissionsBoundaryRequest
    ) -> None:
        """Give a role a permissions boundary."""
        entity = self._entities.named(call, "role", request["RoleName"])
        self._policies.set_boundary(call.tx, entity, policy_arn(request["PermissionsBoundary"]))

    @iam.DeleteRolePermissionsBoundary("write", resource="role/{RoleName}")
    def delete_role_permissions_boundary(
        self, call: Call, request: iam.DeleteRolePermissionsBoundaryRequest
    ) -> None:
        """Take a role's permissions boundary away."""
        self._policies.remove_boundary(call.tx, self._entities.named(call, "role", request["RoleName"]))


def shown_boundary(arn: str | None) -> iam.AttachedPermissionsBoundary | None:
    """Return a permissions boundary as users and roles show theirs."""
    if arn is None:
        return None
    return {"PermissionsBoundaryType": BOUNDARY_TYPE, "PermissionsBoundaryArn": arn}
