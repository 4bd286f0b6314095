"""Managed policies: create, read, list, delete, and their tags. Their documents are their versions'."""

from collections.abc import Callable, Sequence

from keystead.gateway.call import Call
from keystead.identity import managed, policy_records, records
from keystead.identity.policies import Policies
from keystead.identity.policy_records import ManagedPolicy
from keystead.identity.tags import Tags
from keystead.products.iam import tagging
from keystead.products.iam.documents import check_identity_policy, policy_arn
from keystead.products.iam.listing import Listing
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam


class ManagedPolicies:
    """The operations on managed policies as a whole."""

    def __init__(self, policies: Policies, tags: Tags, listing: Listing) -> None:
        self._policies = policies
        self._tags = tags
        self._listing = listing

    @iam.CreatePolicy("write", resource="policy{Path}{PolicyName}")
    def create_policy(self, call: Call, request: iam.CreatePolicyRequest) -> iam.CreatePolicyResponse:
        """Make a policy with its version v1."""
        check_identity_policy(request["PolicyDocument"])
        policy = self._policies.create(
            call.tx,
            call.principal.account,
            request["PolicyName"],
            request.get("Path", "/"),
            request["PolicyDocument"],
            request.get("Description"),
        )
        self._tags.put(call.tx, policy.id, policy.name, tagging.given(request.get("Tags", [])))
        return {"Policy": self._detailed(call, policy)}

    @iam.GetPolicy("read", resource="{PolicyArn}")
    def get_policy(self, call: Call, request: iam.GetPolicyRequest) -> iam.GetPolicyResponse:
        """Return a policy with its tags."""
        return {"Policy": self._detailed(call, self._policy(call, request["PolicyArn"]))}

    @iam.ListPolicies("read", resource="*")
    def list_policies(self, call: Call, request: iam.ListPoliciesRequest) -> iam.ListPoliciesResponse:
        """List policies by name without regard to case, the account's and AWS's."""
        account, scope = call.principal.account, request.get("Scope", "All")
        prefix, usage = request.get("PathPrefix", "/"), request.get("PolicyUsageFilter")
        only_attached = request.get("OnlyAttached", False)
        uses = Uses(call.reader, account)
        used = uses.wanted(usage, only_attached=only_attached)
        page = self._listing.scan(
            f"ListPolicies|{account}|{scope}|{prefix}|{usage}|{only_attached}",
            request,
            _in_scope(call.reader, account, scope),
            sort_key,
            lambda policy: policy.path.startswith(prefix) and (used is None or policy.arn in used),
        )
        return {
            "Policies": [shown(policy, uses) for policy in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.DeletePolicy("write", resource="{PolicyArn}")
    def delete_policy(self, call: Call, request: iam.DeletePolicyRequest) -> None:
        """Delete a policy that nothing uses, with its one version."""
        self._policies.delete(call.tx, self._policy(call, request["PolicyArn"]))

    @iam.TagPolicy("write", resource="{PolicyArn}")
    def tag_policy(self, call: Call, request: iam.TagPolicyRequest) -> None:
        """Add tags, replacing those of the same key."""
        policy = self._policy(call, request["PolicyArn"])
        self._policies.check_writable(policy)
        self._tags.put(call.tx, policy.id, policy.name, tagging.given(request["Tags"]))

    @iam.UntagPolicy("write", resource="{PolicyArn}")
    def untag_policy(self, call: Call, request: iam.UntagPolicyRequest) -> None:
        """Remove tags; a key that is not there is no error."""
        policy = self._policy(call, request["PolicyArn"])
        self._policies.check_writable(policy)
        self._tags.remove(call.tx, policy.id, request["TagKeys"])

    @iam.ListPolicyTags("read", resource="{PolicyArn}")
    def list_policy_tags(self, call: Call, request: iam.ListPolicyTagsRequest) -> iam.ListPolicyTagsResponse:
        """List a policy's tags in the order in which they were added."""
        policy = self._policy(call, request["PolicyArn"])
        page = self._listing.tags(call.reader, policy.id, request)
        return {
            "Tags": tagging.shown(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _policy(self, call: Call, arn: str) -> ManagedPolicy:
        return self._policies.get(call.reader, call.principal.account, policy_arn(arn))

    def _detailed(self, call: Call, policy: ManagedPolicy) -> iam.Policy:
        tags = records.tags(call.reader, policy.id)
        return {
            **shown(policy, Uses(call.reader, call.principal.account)),
            "Tags": tagging.shown_if_any(tags),
        }


class Uses:
    """How often an account uses policies, all counted at once: listings ask for many."""

    def __init__(self, reader: Reader, account: str) -> None:
        self.attached = policy_records.attachment_counts(reader, account)
        self.bounding = policy_records.boundary_counts(reader, account)

    def wanted(self, usage: str | None, *, only_attached: bool) -> frozenset[str] | None:
        """Return the ARNs of the policies used in the way that is asked for; None when all are wanted."""
        if usage == "PermissionsPolicy":
            return frozenset(self.attached)
        if usage == "PermissionsBoundary":
            return frozenset(self.bounding)
        return frozenset(self.attached.keys() | self.bounding.keys()) if only_attached else None


def shown(policy: ManagedPolicy, uses: Uses) -> iam.Policy:
    """Return a policy as listings show it to an account: with the uses that are that account's."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": uses.attached.get(policy.arn, 0),
        "PermissionsBoundaryUsageCount": uses.bounding.get(policy.arn, 0),
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": as_datetime(policy.created_at),
        "UpdateDate": as_datetime(policy.updated_at),
    }


def sort_key(policy: ManagedPolicy) -> str:
    """Return where a policy stands in listings. A space sorts before whatever a name may hold."""
    return f"{policy.name.lower()} {policy.arn}"


def _in_scope(reader: Reader, account: str, scope: str) -> Callable[[str, int], Sequence[ManagedPolicy]]:
    """Return what reads a portion of the policies of a scope, the account's and AWS's in one order."""
    shipped: Sequence[ManagedPolicy] = () if scope == "Local" else managed.all_policies()

    def portion(after: str, limit: int) -> list[ManagedPolicy]:
        # Of two policies of one name the account's own comes first, so none of its own is left out here.
        name = after.partition(" ")[0]
        own: Sequence[ManagedPolicy] = (
            () if scope == "AWS" else policy_records.policies_from(reader, account, name, limit)
        )
        behind = [policy for policy in (*own, *shipped) if sort_key(policy) > after]
        return sorted(behind, key=sort_key)[:limit]

    return portion
