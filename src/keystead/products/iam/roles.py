"""Roles: create, read, list, change, delete, and their trust policies and tags."""

from keystead.gateway.call import Call
from keystead.identity import policy_records, records, role_records, trust
from keystead.identity.entity import entity_of
from keystead.identity.policies import Policies
from keystead.identity.role_records import Role, RoleUse
from keystead.identity.role_uses import RoleUses
from keystead.identity.roles import DEFAULT_SESSION_SECONDS, Roles
from keystead.identity.tags import Tags
from keystead.products.iam import tagging
from keystead.products.iam.boundaries import shown_boundary
from keystead.products.iam.documents import encoded, policy_arn, read_trust_policy
from keystead.products.iam.listing import Listing
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam


class RoleOperations:
    """The operations on roles."""

    def __init__(
        self, roles: Roles, uses: RoleUses, policies: Policies, tags: Tags, listing: Listing
    ) -> None:
        self._roles = roles
        self._uses = uses
        self._policies = policies
        self._tags = tags
        self._listing = listing

    @iam.CreateRole("write", resource="role{Path}{RoleName}", also=(iam.NoSuchEntityException,))
    def create_role(self, call: Call, request: iam.CreateRoleRequest) -> iam.CreateRoleResponse:
        """Make a role that whoever its trust policy allows may assume."""
        role = self._roles.create(
            call.tx,
            call.principal.account,
            request["RoleName"],
            request.get("Path", "/"),
            read_trust_policy(request["AssumeRolePolicyDocument"]),
            request.get("Description"),
            request.get("MaxSessionDuration", DEFAULT_SESSION_SECONDS),
        )
        if "PermissionsBoundary" in request:
            arn = policy_arn(request["PermissionsBoundary"])
            self._policies.set_boundary(call.tx, entity_of(role), arn)
        self._tags.put(call.tx, role.id, role.name, tagging.given(request.get("Tags", [])))
        return {"Role": _detailed(call.reader, role)}

    @iam.GetRole("read", resource="role/{RoleName}")
    def get_role(self, call: Call, request: iam.GetRoleRequest) -> iam.GetRoleResponse:
        """Return a role with its tags, boundary and last use."""
        role = self._role(call, request["RoleName"])
        return {
            "Role": {
                **_detailed(call.reader, role),
                "RoleLastUsed": last_use(self._uses.last(call.reader, role)),
            }
        }

    @iam.ListRoles("read", resource="role{PathPrefix}")
    def list_roles(self, call: Call, request: iam.ListRolesRequest) -> iam.ListRolesResponse:
        """List roles by name without regard to case, without tags and boundaries."""
        account, prefix = call.principal.account, request.get("PathPrefix", "/")
        page = self._listing.scan(
            f"ListRoles|{account}|{prefix}",
            request,
            lambda after, limit: role_records.roles_from(call.reader, account, after, limit),
            _key,
            lambda role: role.path.startswith(prefix),
        )
        return {
            "Roles": [shown(call.reader, role) for role in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.UpdateRole("write", resource="role/{RoleName}")
    def update_role(self, call: Call, request: iam.UpdateRoleRequest) -> iam.UpdateRoleResponse:
        """Change a role's description and longest session."""
        role = self._role(call, request["RoleName"])
        self._roles.update(
            call.tx,
            role,
            description=request.get("Description", role.description),
            max_session_seconds=request.get("MaxSessionDuration", role.max_session_seconds),
        )
        return {}

    @iam.UpdateRoleDescription("write", resource="role/{RoleName}")
    def update_role_description(
        self, call: Call, request: iam.UpdateRoleDescriptionRequest
    ) -> iam.UpdateRoleDescriptionResponse:
        """Change a role's description: the older call for it."""
        role = self._role(call, request["RoleName"])
        changed = self._roles.update(
            call.tx,
            role,
            description=request["Description"],
            max_session_seconds=role.max_session_seconds,
        )
        return {"Role": _detailed(call.reader, changed)}

    @iam.UpdateAssumeRolePolicy("write", resource="role/{RoleName}")
    def update_assume_role_policy(self, call: Call, request: iam.UpdateAssumeRolePolicyRequest) -> None:
        """Change who may assume a role."""
        trusted = read_trust_policy(request["PolicyDocument"])
        self._roles.set_trust(call.tx, self._role(call, request["RoleName"]), trusted)

    @iam.DeleteRole("write", resource="role/{RoleName}")
    def delete_role(self, call: Call, request: iam.DeleteRoleRequest) -> None:
        """Delete a role that nothing hangs on."""
        self._roles.delete(call.tx, self._role(call, request["RoleName"]))

    @iam.TagRole("write", resource="role/{RoleName}")
    def tag_role(self, call: Call, request: iam.TagRoleRequest) -> None:
        """Add tags, replacing those of the same key."""
        role = self._role(call, request["RoleName"])
        self._tags.put(call.tx, role.id, role.name, tagging.given(request["Tags"]))

    @iam.UntagRole("write", resource="role/{RoleName}")
    def untag_role(self, call: Call, request: iam.UntagRoleRequest) -> None:
        """Remove tags; a key that is not there is no error."""
        self._tags.remove(call.tx, self._role(call, request["RoleName"]).id, request["TagKeys"])

    @iam.ListRoleTags("read", resource="role/{RoleName}")
    def list_role_tags(self, call: Call, request: iam.ListRoleTagsRequest) -> iam.ListRoleTagsResponse:
        """List a role's tags in the order in which they were added."""
        role = self._role(call, request["RoleName"])
        page = self._listing.tags(call.reader, role.id, request)
        return {
            "Tags": tagging.shown(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _role(self, call: Call, name: str) -> Role:
        return self._roles.get(call.reader, call.principal.account, name)


def shown(reader: Reader, role: Role) -> iam.Role:
    """Return a role as listings show it."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": as_datetime(role.created_at),
        "AssumeRolePolicyDocument": encoded(trust.shown(reader, role)),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_seconds,
    }


def last_use(use: RoleUse | None) -> iam.RoleLastUsed:
    """Return when and where a role was last used; nothing if it never was."""
    return {} if use is None else {"LastUsedDate": as_datetime(use.used_at), "Region": use.region}


def _detailed(reader: Reader, role: Role) -> iam.Role:
    return {
        **shown(reader, role),
        "Tags": tagging.shown_if_any(records.tags(reader, role.id)),
        "PermissionsBoundary": shown_boundary(policy_records.boundary(reader, role.id)),
    }


def _key(role: Role) -> str:
    return role.name.lower()
