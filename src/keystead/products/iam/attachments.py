"""Managed policies that are attached to users, groups and roles: nine operations that differ in the holder."""

from collections.abc import Mapping
from typing import Any

from keystead.gateway.call import Call
from keystead.identity.entity import EntityKind
from keystead.identity.policies import Policies
from keystead.kernel.paging import Page
from keystead.products.iam.documents import policy_arn
from keystead.products.iam.entities import Entities
from keystead.products.iam.listing import Listing
from keystead.types import iam


class Attachments:
    """The operations that attach, detach and list managed policies."""

    def __init__(self, policies: Policies, entities: Entities, listing: Listing) -> None:
        self._policies = policies
        self._entities = entities
        self._listing = listing

    @iam.AttachUserPolicy("write", resource="user/{UserName}")
    def attach_user_policy(self, call: Call, request: iam.AttachUserPolicyRequest) -> None:
        """Attach a managed policy to a user."""
        self._attach(call, "user", request["UserName"], request["PolicyArn"])

    @iam.DetachUserPolicy("write", resource="user/{UserName}")
    def detach_user_policy(self, call: Call, request: iam.DetachUserPolicyRequest) -> None:
        """Detach a managed policy from a user."""
        self._detach(call, "user", request["UserName"], request["PolicyArn"])

    @iam.ListAttachedUserPolicies("read", resource="user/{UserName}")
    def list_attached_user_policies(
        self, call: Call, request: iam.ListAttachedUserPoliciesRequest
    ) -> iam.ListAttachedUserPoliciesResponse:
        """List the managed policies that are attached to a user."""
        page = self._list(call, "user", request["UserName"], request)
        return {
            "AttachedPolicies": list(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.AttachGroupPolicy("write", resource="group/{GroupName}")
    def attach_group_policy(self, call: Call, request: iam.AttachGroupPolicyRequest) -> None:
        """Attach a managed policy to a group."""
        self._attach(call, "group", request["GroupName"], request["PolicyArn"])

    @iam.DetachGroupPolicy("write", resource="group/{GroupName}")
    def detach_group_policy(self, call: Call, request: iam.DetachGroupPolicyRequest) -> None:
        """Detach a managed policy from a group."""
        self._detach(call, "group", request["GroupName"], request["PolicyArn"])

    @iam.ListAttachedGroupPolicies("read", resource="group/{GroupName}")
    def list_attached_group_policies(
        self, call: Call, request: iam.ListAttachedGroupPoliciesRequest
    ) -> iam.ListAttachedGroupPoliciesResponse:
        """List the managed policies that are attached to a group."""
        page = self._list(call, "group", request["GroupName"], request)
        return {
            "AttachedPolicies": list(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.AttachRolePolicy("write", resource="role/{RoleName}")
    def attach_role_policy(self, call: Call, request: iam.AttachRolePolicyRequest) -> None:
        """Attach a managed policy to a role."""
        self._attach(call, "role", request["RoleName"], request["PolicyArn"])

    @iam.DetachRolePolicy("write", resource="role/{RoleName}")
    def detach_role_policy(self, call: Call, request: iam.DetachRolePolicyRequest) -> None:
        """Detach a managed policy from a role."""
        self._detach(call, "role", request["RoleName"], request["PolicyArn"])

    @iam.ListAttachedRolePolicies("read", resource="role/{RoleName}")
    def list_attached_role_policies(
        self, call: Call, request: iam.ListAttachedRolePoliciesRequest
    ) -> iam.ListAttachedRolePoliciesResponse:
        """List the managed policies that are attached to a role."""
        page = self._list(call, "role", request["RoleName"], request)
        return {
            "AttachedPolicies": list(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _attach(self, call: Call, kind: EntityKind, name: str, arn: str) -> None:
        self._policies.attach(call.tx, self._entities.named(call, kind, name), policy_arn(arn))

    def _detach(self, call: Call, kind: EntityKind, name: str, arn: str) -> None:
        self._policies.detach(call.tx, self._entities.named(call, kind, name), policy_arn(arn))

    def _list(
        self, call: Call, kind: EntityKind, name: str, request: Mapping[str, Any]
    ) -> Page[iam.AttachedPolicy]:
        entity, prefix = self._entities.named(call, kind, name), request.get("PathPrefix", "/")
        attached = [
            self._policies.get(call.reader, entity.account, arn)
            for arn in self._policies.attached_arns(call.reader, entity)
        ]
        rows: list[iam.AttachedPolicy] = [
            {"PolicyName": policy.name, "PolicyArn": policy.arn}
            for policy in sorted(attached, key=lambda policy: (policy.name.lower(), policy.arn))
            if policy.path.startswith(prefix)
        ]
        return self._listing.page(f"ListAttached|{entity.id}|{prefix}", request, rows, _key)


def _key(policy: iam.AttachedPolicy) -> str:
    return f"{(policy.get('PolicyName') or '').lower()} {policy.get('PolicyArn')}"
