"""The account itself: its alias, and the summary of what it holds."""

from keystead.credentials import shelf
from keystead.gateway.call import Call
from keystead.identity import policy_records
from keystead.identity.accounts import Accounts
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.quotas import Quotas
from keystead.kernel.paging import Markers
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.types import iam

FIXED_QUOTAS = {
    "ServerCertificatesQuota": 20,
    "PolicyVersionsInUseQuota": 10000,
    "SigningCertificatesPerUserQuota": 2,
    "GlobalEndpointTokenVersion": 1,
}
"""AWS's default quotas ("IAM and AWS STS quotas") of what is not held here."""

NOT_HELD_YET = (
    "ServerCertificates",
    "Providers",
    "MFADevices",
    "MFADevicesInUse",
    "AccountMFAEnabled",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
)
"""What no operation can create yet, so that its true count is zero."""


class AccountOperations:
    """The operations on the caller's account."""

    def __init__(self, accounts: Accounts, markers: Markers, quotas: Quotas, keys_quota: int) -> None:
        self._accounts = accounts
        self._markers = markers
        self._quotas = {**FIXED_QUOTAS, **_shown(quotas), "AccessKeysPerUserQuota": keys_quota}

    @iam.CreateAccountAlias("write", resource="*")
    def create_account_alias(self, call: Call, request: iam.CreateAccountAliasRequest) -> None:
        """Give the account its alias; an account has one, so a second replaces the first."""
        self._accounts.set_alias(call.tx, call.principal.account, request["AccountAlias"])

    @iam.DeleteAccountAlias("write", resource="*")
    def delete_account_alias(self, call: Call, request: iam.DeleteAccountAliasRequest) -> None:
        """Take the alias away."""
        self._accounts.remove_alias(call.tx, call.principal.account, request["AccountAlias"])

    @iam.ListAccountAliases("read", resource="*")
    def list_account_aliases(
        self, call: Call, request: iam.ListAccountAliasesRequest
    ) -> iam.ListAccountAliasesResponse:
        """List the alias. There is never a second page, so every marker is a wrong one."""
        self._markers.open(f"ListAccountAliases|{call.principal.account}", request.get("Marker"))
        alias = self._accounts.get(call.reader, call.principal.account).alias
        return {"AccountAliases": [] if alias is None else [alias], "IsTruncated": False}

    @iam.GetAccountSummary("read", resource="*")
    def get_account_summary(self, call: Call, request: iam.Empty) -> iam.GetAccountSummaryResponse:
        """Count what the account holds beside its quotas."""
        account = self._accounts.get(call.reader, call.principal.account)
        root_keys = shelf.count_of_owner(call.reader, account.account, ROOT_OWNER, ACCESS_KEY)
        counts = dict.fromkeys(NOT_HELD_YET, 0)
        counts |= {
            "Users": account.users,
            "Groups": account.groups,
            "Roles": account.roles,
            "Policies": account.policies,
            "PolicyVersionsInUse": policy_records.count_versions(call.reader, account.account),
            "InstanceProfiles": account.profiles,
            "AccountAccessKeysPresent": int(root_keys > 0),
        }
        # The model's enum is of the keys that AWS documents; the TypedDict knows them as plain strings.
        return {"SummaryMap": {**counts, **self._quotas}}


def _shown(quotas: Quotas) -> dict[str, int]:
    return {
        "UsersQuota": quotas.users_per_account,
        "GroupsQuota": quotas.groups_per_account,
        "RolesQuota": quotas.roles_per_account,
        "PoliciesQuota": quotas.policies_per_account,
        "InstanceProfilesQuota": quotas.profiles_per_account,
        "GroupsPerUserQuota": quotas.groups_per_user,
        "AttachedPoliciesPerUserQuota": quotas.attached_per_user,
        "AttachedPoliciesPerGroupQuota": quotas.attached_per_group,
        "AttachedPoliciesPerRoleQuota": quotas.attached_per_role,
        "VersionsPerPolicyQuota": quotas.versions_per_policy,
        "UserPolicySizeQuota": quotas.inline_user_size,
        "GroupPolicySizeQuota": quotas.inline_group_size,
        "RolePolicySizeQuota": quotas.inline_role_size,
        "PolicySizeQuota": quotas.managed_policy_size,
        "AssumeRolePolicySizeQuota": quotas.trust_policy_size,
    }
