"""Inline policies: documents that are part of one user, group or role."""

from collections.abc import Mapping
from typing import Any

from keystead.gateway.call import Call
from keystead.identity import policy_records
from keystead.identity.entity import EntityKind
from keystead.identity.policies import Policies
from keystead.identity.policy_records import InlinePolicy
from keystead.products.iam.documents import check_identity_policy, encoded
from keystead.products.iam.entities import Entities
from keystead.products.iam.listing import Listing
from keystead.types import iam


class InlinePolicies:
    """The operations on inline policies: four for each of users, groups and roles."""

    def __init__(self, policies: Policies, entities: Entities, listing: Listing) -> None:
        self._policies = policies
        self._entities = entities
        self._listing = listing

    @iam.PutUserPolicy("write", resource="user/{UserName}")
    def put_user_policy(self, call: Call, request: iam.PutUserPolicyRequest) -> None:
        """Keep an inline policy of a user, in place of one of the same name."""
        self._put(call, "user", request["UserName"], request["PolicyName"], request["PolicyDocument"])

    @iam.GetUserPolicy("read", resource="user/{UserName}")
    def get_user_policy(self, call: Call, request: iam.GetUserPolicyRequest) -> iam.GetUserPolicyResponse:
        """Return an inline policy of a user."""
        holder, policy = self._get(call, "user", request["UserName"], request["PolicyName"])
        return {"UserName": holder, "PolicyName": policy.name, "PolicyDocument": encoded(policy.document)}

    @iam.DeleteUserPolicy("write", resource="user/{UserName}")
    def delete_user_policy(self, call: Call, request: iam.DeleteUserPolicyRequest) -> None:
        """Delete an inline policy of a user."""
        self._delete(call, "user", request["UserName"], request["PolicyName"])

    @iam.ListUserPolicies("read", resource="user/{UserName}")
    def list_user_policies(
        self, call: Call, request: iam.ListUserPoliciesRequest
    ) -> iam.ListUserPoliciesResponse:
        """List the names of a user's inline policies."""
        return self._list(call, "user", request["UserName"], request)

    @iam.PutGroupPolicy("write", resource="group/{GroupName}")
    def put_group_policy(self, call: Call, request: iam.PutGroupPolicyRequest) -> None:
        """Keep an inline policy of a group, in place of one of the same name."""
        self._put(call, "group", request["GroupName"], request["PolicyName"], request["PolicyDocument"])

    @iam.GetGroupPolicy("read", resource="group/{GroupName}")
    def get_group_policy(self, call: Call, request: iam.GetGroupPolicyRequest) -> iam.GetGroupPolicyResponse:
        """Return an inline policy of a group."""
        holder, policy = self._get(call, "group", request["GroupName"], request["PolicyName"])
        return {"GroupName": holder, "PolicyName": policy.name, "PolicyDocument": encoded(policy.document)}

    @iam.DeleteGroupPolicy("write", resource="group/{GroupName}")
    def delete_group_policy(self, call: Call, request: iam.DeleteGroupPolicyRequest) -> None:
        """Delete an inline policy of a group."""
        self._delete(call, "group", request["GroupName"], request["PolicyName"])

    @iam.ListGroupPolicies("read", resource="group/{GroupName}")
    def list_group_policies(
        self, call: Call, request: iam.ListGroupPoliciesRequest
    ) -> iam.ListGroupPoliciesResponse:
        """List the names of a group's inline policies."""
        return self._list(call, "group", request["GroupName"], request)

    @iam.PutRolePolicy("write", resource="role/{RoleName}")
    def put_role_policy(self, call: Call, request: iam.PutRolePolicyRequest) -> None:
        """Keep an inline policy of a role, in place of one of the same name."""
        self._put(call, "role", request["RoleName"], request["PolicyName"], request["PolicyDocument"])

    @iam.GetRolePolicy("read", resource="role/{RoleName}")
    def get_role_policy(self, call: Call, request: iam.GetRolePolicyRequest) -> iam.GetRolePolicyResponse:
        """Return an inline policy of a role."""
        holder, policy = self._get(call, "role", request["RoleName"], request["PolicyName"])
        return {"RoleName": holder, "PolicyName": policy.name, "PolicyDocument": encoded(policy.document)}

    @iam.DeleteRolePolicy("write", resource="role/{RoleName}")
    def delete_role_policy(self, call: Call, request: iam.DeleteRolePolicyRequest) -> None:
        """Delete an inline policy of a role."""
        self._delete(call, "role", request["RoleName"], request["PolicyName"])

    @iam.ListRolePolicies("read", resource="role/{RoleName}")
    def list_role_policies(
        self, call: Call, request: iam.ListRolePoliciesRequest
    ) -> iam.ListRolePoliciesResponse:
        """List the names of a role's inline policies."""
        return self._list(call, "role", request["RoleName"], request)

    def _put(self, call: Call, kind: EntityKind, holder: str, name: str, document: str) -> None:
        check_identity_policy(document)
        self._policies.put_inline(call.tx, self._entities.named(call, kind, holder), name, document)

    def _get(self, call: Call, kind: EntityKind, holder: str, name: str) -> tuple[str, InlinePolicy]:
        """Return the holder's name as it was given when it was made, and the policy."""
        entity = self._entities.named(call, kind, holder)
        return entity.name, self._policies.inline(call.reader, entity, name)

    def _delete(self, call: Call, kind: EntityKind, holder: str, name: str) -> None:
        self._policies.remove_inline(call.tx, self._entities.named(call, kind, holder), name)

    def _list(
        self, call: Call, kind: EntityKind, holder: str, request: Mapping[str, Any]
    ) -> iam.ListUserPoliciesResponse:
        """Return a page of names; the answers for users, groups and roles have the same members."""
        entity = self._entities.named(call, kind, holder)
        rows = policy_records.inline(call.reader, entity.id)
        page = self._listing.page(f"ListInline|{entity.id}", request, rows, _key)
        return {
            "PolicyNames": [policy.name for policy in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }


def _key(policy: InlinePolicy) -> str:
    return policy.name.lower()
