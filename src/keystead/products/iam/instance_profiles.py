"""Instance profiles: names under which a role is handed to a machine. Records only, as nothing here boots."""

from keystead.gateway.call import Call
from keystead.identity import records, role_records
from keystead.identity.role_records import InstanceProfile
from keystead.identity.roles import InstanceProfiles, Roles
from keystead.identity.tags import Tags
from keystead.products.iam import tagging
from keystead.products.iam.listing import Listing
from keystead.products.iam.roles import shown as shown_role
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam


class InstanceProfileOperations:
    """The operations on instance profiles and their tags."""

    def __init__(self, profiles: InstanceProfiles, roles: Roles, tags: Tags, listing: Listing) -> None:
        self._profiles = profiles
        self._roles = roles
        self._tags = tags
        self._listing = listing

    @iam.CreateInstanceProfile("write", resource="instance-profile{Path}{InstanceProfileName}")
    def create_instance_profile(
        self, call: Call, request: iam.CreateInstanceProfileRequest
    ) -> iam.CreateInstanceProfileResponse:
        """Make an instance profile without a role."""
        name, path = request["InstanceProfileName"], request.get("Path", "/")
        profile = self._profiles.create(call.tx, call.principal.account, name, path)
        tags = tagging.given(request.get("Tags", []))
        self._tags.put(call.tx, profile.id, profile.name, tags)
        return {"InstanceProfile": _detailed(call.reader, profile)}

    @iam.GetInstanceProfile("read", resource="instance-profile/{InstanceProfileName}")
    def get_instance_profile(
        self, call: Call, request: iam.GetInstanceProfileRequest
    ) -> iam.GetInstanceProfileResponse:
        """Return an instance profile with its role and tags."""
        return {
            "InstanceProfile": _detailed(call.reader, self._profile(call, request["InstanceProfileName"]))
        }

    @iam.ListInstanceProfiles("read", resource="instance-profile{PathPrefix}")
    def list_instance_profiles(
        self, call: Call, request: iam.ListInstanceProfilesRequest
    ) -> iam.ListInstanceProfilesResponse:
        """List instance profiles by name without regard to case."""
        account, prefix = call.principal.account, request.get("PathPrefix", "/")
        page = self._listing.scan(
            f"ListInstanceProfiles|{account}|{prefix}",
            request,
            lambda after, limit: role_records.profiles_from(call.reader, account, after, limit),
            _key,
            lambda profile: profile.path.startswith(prefix),
        )
        return {
            "InstanceProfiles": [shown(call.reader, profile) for profile in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.ListInstanceProfilesForRole("read", resource="role/{RoleName}")
    def list_instance_profiles_for_role(
        self, call: Call, request: iam.ListInstanceProfilesForRoleRequest
    ) -> iam.ListInstanceProfilesForRoleResponse:
        """List the instance profiles that hold a role."""
        role = self._roles.get(call.reader, call.principal.account, request["RoleName"])
        found = role_records.profiles_of_role(call.reader, role.id)
        page = self._listing.page(f"ListInstanceProfilesForRole|{role.id}", request, found, _key)
        return {
            "InstanceProfiles": [shown(call.reader, profile) for profile in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.AddRoleToInstanceProfile("write", resource="instance-profile/{InstanceProfileName}")
    def add_role_to_instance_profile(self, call: Call, request: iam.AddRoleToInstanceProfileRequest) -> None:
        """Put a role into a profile that holds none."""
        profile = self._profile(call, request["InstanceProfileName"])
        role = self._roles.get(call.tx, call.principal.account, request["RoleName"])
        self._profiles.add_role(call.tx, profile, role)

    @iam.RemoveRoleFromInstanceProfile("write", resource="instance-profile/{InstanceProfileName}")
    def remove_role_from_instance_profile(
        self, call: Call, request: iam.RemoveRoleFromInstanceProfileRequest
    ) -> None:
        """Take the role out of a profile."""
        profile = self._profile(call, request["InstanceProfileName"])
        role = self._roles.get(call.tx, call.principal.account, request["RoleName"])
        self._profiles.remove_role(call.tx, profile, role)

    @iam.DeleteInstanceProfile("write", resource="instance-profile/{InstanceProfileName}")
    def delete_instance_profile(self, call: Call, request: iam.DeleteInstanceProfileRequest) -> None:
        """Delete a profile that holds no role."""
        self._profiles.delete(call.tx, self._profile(call, request["InstanceProfileName"]))

    @iam.TagInstanceProfile("write", resource="instance-profile/{InstanceProfileName}")
    def tag_instance_profile(self, call: Call, request: iam.TagInstanceProfileRequest) -> None:
        """Add tags, replacing those of the same key."""
        profile = self._profile(call, request["InstanceProfileName"])
        self._tags.put(call.tx, profile.id, profile.name, tagging.given(request["Tags"]))

    @iam.UntagInstanceProfile("write", resource="instance-profile/{InstanceProfileName}")
    def untag_instance_profile(self, call: Call, request: iam.UntagInstanceProfileRequest) -> None:
        """Remove tags; a key that is not there is no error."""
        profile = self._profile(call, request["InstanceProfileName"])
        self._tags.remove(call.tx, profile.id, request["TagKeys"])

    @iam.ListInstanceProfileTags("read", resource="instance-profile/{InstanceProfileName}")
    def list_instance_profile_tags(
        self, call: Call, request: iam.ListInstanceProfileTagsRequest
    ) -> iam.ListInstanceProfileTagsResponse:
        """List a profile's tags in the order in which they were added."""
        profile = self._profile(call, request["InstanceProfileName"])
        page = self._listing.tags(call.reader, profile.id, request)
        return {
            "Tags": tagging.shown(page.rows),
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    def _profile(self, call: Call, name: str) -> InstanceProfile:
        return self._profiles.get(call.reader, call.principal.account, name)


def shown(reader: Reader, profile: InstanceProfile) -> iam.InstanceProfile:
    """Return an instance profile as listings show it, with its role."""
    role = (
        None if profile.role_id is None else role_records.role_by_id(reader, profile.account, profile.role_id)
    )
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": as_datetime(profile.created_at),
        "Roles": [] if role is None else [shown_role(reader, role)],
    }


def _detailed(reader: Reader, profile: InstanceProfile) -> iam.InstanceProfile:
    tags = records.tags(reader, profile.id)
    return {**shown(reader, profile), "Tags": tagging.shown_if_any(tags)}


def _key(profile: InstanceProfile) -> str:
    return profile.name.lower()
