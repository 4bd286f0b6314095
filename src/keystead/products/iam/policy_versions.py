"""Versions of managed policies, and who a policy is attached to."""

from keystead.gateway.call import Call
from keystead.identity import policy_records
from keystead.identity.entity import Entity
from keystead.identity.policies import Policies
from keystead.identity.policy_records import ManagedPolicy, PolicyVersion
from keystead.kernel.errors import NotFound
from keystead.products.iam.documents import check_identity_policy, encoded, policy_arn
from keystead.products.iam.entities import Entities
from keystead.products.iam.listing import Listing
from keystead.products.iam.times import as_datetime
from keystead.types import iam

_LAST_VERSION = 10**9


class PolicyVersions:
    """The operations on versions of managed policies, and ListEntitiesForPolicy."""

    def __init__(self, policies: Policies, entities: Entities, listing: Listing) -> None:
        self._policies = policies
        self._entities = entities
        self._listing = listing

    @iam.CreatePolicyVersion("write", resource="{PolicyArn}")
    def create_policy_version(
        self, call: Call, request: iam.CreatePolicyVersionRequest
    ) -> iam.CreatePolicyVersionResponse:
        """Add a version; it comes into force at once only if asked."""
        check_identity_policy(request["PolicyDocument"])
        policy = self._policy(call, request["PolicyArn"])
        as_default = request.get("SetAsDefault", False)
        added = self._policies.add_version(call.tx, policy, request["PolicyDocument"], as_default=as_default)
        return {
            "PolicyVersion": {
                "VersionId": f"v{added.number}",
                "IsDefaultVersion": as_default,
                "CreateDate": as_datetime(added.created_at),
            }
        }

    @iam.GetPolicyVersion("read", resource="{PolicyArn}")
    def get_policy_version(
        self, call: Call, request: iam.GetPolicyVersionRequest
    ) -> iam.GetPolicyVersionResponse:
        """Return one version with its document."""
        policy = self._policy(call, request["PolicyArn"])
        version = self._policies.version(call.reader, policy, _number(policy, request["VersionId"]))
        return {"PolicyVersion": detailed(policy, version)}

    @iam.ListPolicyVersions("read", resource="{PolicyArn}")
    def list_policy_versions(
        self, call: Call, request: iam.ListPolicyVersionsRequest
    ) -> iam.ListPolicyVersionsResponse:
        """List versions, newest first, without their documents."""
        policy = self._policy(call, request["PolicyArn"])
        versions = self._policies.versions(call.reader, policy)
        page = self._listing.page(f"ListPolicyVersions|{policy.id}", request, versions, _newest_first)
        return {
            "Versions": [_shown(policy, version) for version in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.SetDefaultPolicyVersion("write", resource="{PolicyArn}")
    def set_default_policy_version(self, call: Call, request: iam.SetDefaultPolicyVersionRequest) -> None:
        """Put another version in force."""
        policy = self._policy(call, request["PolicyArn"])
        self._policies.set_default(call.tx, policy, _number(policy, request["VersionId"]))

    @iam.DeletePolicyVersion("write", resource="{PolicyArn}")
    def delete_policy_version(self, call: Call, request: iam.DeletePolicyVersionRequest) -> None:
        """Delete a version that is not in force."""
        policy = self._policy(call, request["PolicyArn"])
        self._policies.remove_version(call.tx, policy, _number(policy, request["VersionId"]))

    @iam.ListEntitiesForPolicy("read", resource="{PolicyArn}")
    def list_entities_for_policy(
        self, call: Call, request: iam.ListEntitiesForPolicyRequest
    ) -> iam.ListEntitiesForPolicyResponse:
        """List the groups, roles and users that a policy is attached to, or bounds."""
        policy, account = self._policy(call, request["PolicyArn"]), call.principal.account
        wanted, usage = request.get("EntityFilter"), request.get("PolicyUsageFilter")
        prefix = request.get("PathPrefix", "/")
        found = [
            entity
            for entity, path in self._holders(call, policy, usage)
            if wanted in (None, entity.kind.capitalize()) and path.startswith(prefix)
        ]
        binding = f"ListEntitiesForPolicy|{account}|{policy.id}|{wanted}|{usage}|{prefix}"
        page = self._listing.page(binding, request, sorted(found, key=_by_kind_and_name), _by_kind_and_name)
        rows = page.rows
        return {
            "PolicyGroups": [
                {"GroupName": each.name, "GroupId": each.id} for each in rows if each.kind == "group"
            ],
            "PolicyUsers": [
                {"UserName": each.name, "UserId": each.id} for each in rows if each.kind == "user"
            ],
            "PolicyRoles": [
                {"RoleName": each.name, "RoleId": each.id} for each in rows if each.kind == "role"
            ],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _policy(self, call: Call, arn: str) -> ManagedPolicy:
        return self._policies.get(call.reader, call.principal.account, policy_arn(arn))

    def _holders(self, call: Call, policy: ManagedPolicy, usage: str | None) -> list[tuple[Entity, str]]:
        account, ids = call.principal.account, list[str]()
        if usage != "PermissionsBoundary":
            ids += policy_records.holders(call.reader, account, policy.arn)
        if usage != "PermissionsPolicy":
            ids += policy_records.bounded(call.reader, account, policy.arn)
        return self._entities.by_ids(call.reader, account, dict.fromkeys(ids))


def detailed(policy: ManagedPolicy, version: PolicyVersion) -> iam.PolicyVersion:
    """Return a version with its document."""
    return {"Document": encoded(version.document), **_shown(policy, version)}


def _shown(policy: ManagedPolicy, version: PolicyVersion) -> iam.PolicyVersion:
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.number == policy.default_version,
        "CreateDate": as_datetime(version.created_at),
    }


def _number(policy: ManagedPolicy, version_id: str) -> int:
    """Return the number in a version id, of which the model allows more forms than there are versions."""
    digits = version_id.removeprefix("v")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise NotFound("policy version", f"{policy.arn} version {version_id}")
    return int(digits)


def _newest_first(version: PolicyVersion) -> str:
    return f"{_LAST_VERSION - version.number:010}"


def _by_kind_and_name(entity: Entity) -> str:
    return f"{entity.kind} {entity.name.lower()}"
