"""GetAccountAuthorizationDetails: every user, group, role and policy of the account with what hangs on them.

One listing in five parts, each by name without regard to case; a page may end one part and begin the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keystead.gateway.call import Call
from keystead.identity import group_records, managed, policy_records, records, role_records
from keystead.identity.group_records import Group
from keystead.identity.policies import Policies
from keystead.identity.policy_records import ManagedPolicy
from keystead.identity.records import User
from keystead.identity.role_records import Role
from keystead.identity.role_uses import RoleUses
from keystead.products.iam import instance_profiles, managed_policies, policy_versions, tagging
from keystead.products.iam import roles as role_operations
from keystead.products.iam.boundaries import shown_boundary
from keystead.products.iam.documents import encoded
from keystead.products.iam.listing import Listing
from keystead.products.iam.managed_policies import Uses
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam

Thing = User | Group | Role | ManagedPolicy
Fetch = Callable[[Reader, str, str, int], Sequence[Thing]]
"""Reads at most so many of an account's things whose names come after another, without regard to case."""


@dataclass(frozen=True, slots=True)
class _Part:
    filter: str
    fetch: Fetch


def _users(reader: Reader, account: str, after: str, limit: int) -> Sequence[Thing]:
    return records.users_from(reader, account, after, limit, "/")[0]


def _groups(reader: Reader, account: str, after: str, limit: int) -> Sequence[Thing]:
    every = group_records.groups_of(reader, account)
    return [group for group in every if group.name.lower() > after][:limit]


def _shipped(reader: Reader, account: str, after: str, limit: int) -> Sequence[Thing]:
    del reader, account
    return [policy for policy in managed.all_policies() if policy.name.lower() > after][:limit]


PARTS = (
    _Part("User", _users),
    _Part("Group", _groups),
    _Part("Role", role_records.roles_from),
    _Part("LocalManagedPolicy", policy_records.policies_from),
    _Part("AWSManagedPolicy", _shipped),
)


class AuthorizationDetails:
    """The operation that tells an account's whole authorisation."""

    def __init__(self, policies: Policies, uses: RoleUses, listing: Listing) -> None:
        self._policies = policies
        self._uses = uses
        self._listing = listing

    @iam.GetAccountAuthorizationDetails("read", resource="*")
    def get_account_authorization_details(
        self, call: Call, request: iam.GetAccountAuthorizationDetailsRequest
    ) -> iam.GetAccountAuthorizationDetailsResponse:
        """Return a page of the account's entities and policies in detail."""
        reader, account = call.reader, call.principal.account
        rows, marker = self._page(reader, account, request)
        return {
            "UserDetailList": [self._user(reader, row) for row in rows if isinstance(row, User)],
            "GroupDetailList": [self._group(reader, row) for row in rows if isinstance(row, Group)],
            "RoleDetailList": [self._role(reader, row) for row in rows if isinstance(row, Role)],
            "Policies": self._policies_of(
                reader, account, [row for row in rows if isinstance(row, ManagedPolicy)]
            ),
            "IsTruncated": marker is not None,
            "Marker": marker,
        }

    def _page(
        self, reader: Reader, account: str, request: Mapping[str, Any]
    ) -> tuple[list[Thing], str | None]:
        """Return (things, marker). A position is the number of a part and the last name shown of it."""
        wanted = sorted(set(request.get("Filter", [])))
        binding = f"GetAccountAuthorizationDetails|{account}|{','.join(wanted)}"
        number, _, after = self._listing.open(binding, request).partition(" ")
        start, limit = int(number or 0), self._listing.limit(request)
        found: list[tuple[int, Thing]] = []
        for index in range(start, len(PARTS)):
            if not wanted or PARTS[index].filter in wanted:
                missing = limit + 1 - len(found)
                rows = PARTS[index].fetch(reader, account, after if index == start else "", missing)
                found += [(index, row) for row in rows]
        shown = found[:limit]
        marker = None
        if len(found) > limit:
            index, last = shown[-1]
            marker = self._listing.seal(binding, f"{index} {last.name.lower()}")
        return [row for _, row in shown], marker

    def _user(self, reader: Reader, user: User) -> iam.UserDetail:
        return {
            "Path": user.path,
            "UserName": user.name,
            "UserId": user.id,
            "Arn": user.arn,
            "CreateDate": as_datetime(user.created_at),
            "UserPolicyList": _inline(reader, user.id),
            "GroupList": [group.name for group in group_records.groups_of_user(reader, user.id)],
            "AttachedManagedPolicies": self._attached(reader, user.account, user.id),
            "PermissionsBoundary": shown_boundary(policy_records.boundary(reader, user.id)),
            "Tags": tagging.shown(records.tags(reader, user.id)),
        }

    def _group(self, reader: Reader, group: Group) -> iam.GroupDetail:
        return {
            "Path": group.path,
            "GroupName": group.name,
            "GroupId": group.id,
            "Arn": group.arn,
            "CreateDate": as_datetime(group.created_at),
            "GroupPolicyList": _inline(reader, group.id),
            "AttachedManagedPolicies": self._attached(reader, group.account, group.id),
        }

    def _role(self, reader: Reader, role: Role) -> iam.RoleDetail:
        shown = role_operations.shown(reader, role)
        return {
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": as_datetime(role.created_at),
            "AssumeRolePolicyDocument": shown.get("AssumeRolePolicyDocument"),
            "InstanceProfileList": [
                instance_profiles.shown(reader, profile)
                for profile in role_records.profiles_of_role(reader, role.id)
            ],
            "RolePolicyList": _inline(reader, role.id),
            "AttachedManagedPolicies": self._attached(reader, role.account, role.id),
            "PermissionsBoundary": shown_boundary(policy_records.boundary(reader, role.id)),
            "Tags": tagging.shown(records.tags(reader, role.id)),
            "RoleLastUsed": role_operations.last_use(self._uses.last(reader, role)),
        }

    def _policies_of(
        self, reader: Reader, account: str, policies: Sequence[ManagedPolicy]
    ) -> list[iam.ManagedPolicyDetail]:
        uses = Uses(reader, account)
        return [self._policy(reader, policy, uses) for policy in policies]

    def _policy(self, reader: Reader, policy: ManagedPolicy, uses: Uses) -> iam.ManagedPolicyDetail:
        shown = managed_policies.shown(policy, uses)
        return {
            "PolicyName": policy.name,
            "PolicyId": policy.id,
            "Arn": policy.arn,
            "Path": policy.path,
            "DefaultVersionId": shown.get("DefaultVersionId"),
            "AttachmentCount": shown.get("AttachmentCount"),
            "PermissionsBoundaryUsageCount": shown.get("PermissionsBoundaryUsageCount"),
            "IsAttachable": True,
            "Description": policy.description,
            "CreateDate": as_datetime(policy.created_at),
            "UpdateDate": as_datetime(policy.updated_at),
            "PolicyVersionList": [
                policy_versions.detailed(policy, version)
                for version in self._policies.versions(reader, policy)
            ],
        }

    def _attached(self, reader: Reader, account: str, entity_id: str) -> list[iam.AttachedPolicy]:
        found = (
            self._policies.get(reader, account, arn) for arn in policy_records.attached_to(reader, entity_id)
        )
        return [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in found]


def _inline(reader: Reader, entity_id: str) -> list[iam.PolicyDetail]:
    return [
        {"PolicyName": policy.name, "PolicyDocument": encoded(policy.document)}
        for policy in policy_records.inline(reader, entity_id)
    ]
