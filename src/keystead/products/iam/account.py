"""The account itself: its alias, and the summary of what it holds."""

from keystead.credentials import shelf
from keystead.gateway.call import Call
from keystead.identity.accounts import Accounts
from keystead.identity.principals import ROOT_OWNER
from keystead.kernel.paging import Markers
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.types import iam

QUOTAS = {
    "GroupsQuota": 300,
    "RolesQuota": 1000,
    "PoliciesQuota": 1500,
    "InstanceProfilesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "PolicyVersionsInUseQuota": 10000,
    "SigningCertificatesPerUserQuota": 2,
    "GroupsPerUserQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "VersionsPerPolicyQuota": 5,
    "UserPolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "RolePolicySizeQuota": 10240,
    "PolicySizeQuota": 6144,
    "AssumeRolePolicySizeQuota": 2048,
    "GlobalEndpointTokenVersion": 1,
}
"""AWS's default quotas ("IAM and AWS STS quotas"); those that can be set here are added from the settings."""

NOT_HELD_YET = (
    "Groups",
    "Roles",
    "Policies",
    "InstanceProfiles",
    "ServerCertificates",
    "Providers",
    "MFADevices",
    "MFADevicesInUse",
    "PolicyVersionsInUse",
    "AccountMFAEnabled",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
)
"""What no operation can create yet, so that its true count is zero."""


class AccountOperations:
    """The operations on the caller's account."""

    def __init__(self, accounts: Accounts, markers: Markers, users_quota: int, keys_quota: int) -> None:
        self._accounts = accounts
        self._markers = markers
        self._quotas = {**QUOTAS, "UsersQuota": users_quota, "AccessKeysPerUserQuota": keys_quota}

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
        counts |= {"Users": account.users, "AccountAccessKeysPresent": int(root_keys > 0)}
        # The model's enum is of the keys that AWS documents; the TypedDict knows them as plain strings.
        return {"SummaryMap": {**counts, **self._quotas}}
