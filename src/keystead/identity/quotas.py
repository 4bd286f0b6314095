"""The quotas of an account's entities, as the IAM User Guide lists them ("IAM and AWS STS quotas")."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many of each an account, user, role or policy may have; sizes are characters, white space not counted."""

    users_per_account: int = 5000
    groups_per_account: int = 300
    roles_per_account: int = 1000
    policies_per_account: int = 1500
    profiles_per_account: int = 1000
    groups_per_user: int = 10
    tags: int = 50
    attached_per_user: int = 10
    attached_per_group: int = 10
    attached_per_role: int = 10
    versions_per_policy: int = 5
    inline_user_size: int = 2048
    inline_group_size: int = 5120
    inline_role_size: int = 10240
    managed_policy_size: int = 6144
    trust_policy_size: int = 2048
