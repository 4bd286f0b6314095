"""The kind of credential that IAM issues: the long-term access key.

Follows the IAM User Guide, "Managing access keys for IAM users" and "IAM and AWS STS quotas".
"""

from keystead.config.settings import Settings
from keystead.credentials.kind import Form, Kind, Quota, Storage
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import access_key_id

ACCESS_KEY = "iam.access-key"


def _new_id(account: str, entropy: Entropy) -> str:
    return access_key_id("AKIA", account, entropy)


def kinds(settings: Settings) -> list[Kind]:
    """Return IAM's kinds. The quota holds for a user and for the account root alike."""
    return [
        Kind(
            name=ACCESS_KEY,
            form=Form.KEY_PAIR,
            storage=Storage.SEALED,
            new_id=_new_id,
            quota=Quota("AccessKeysPerUser", settings.access_keys_per_user),
        )
    ]
