"""The kinds of credential that IAM issues: the long-term access key, and one per service that has its own.

Follows the IAM User Guide, "Managing access keys for IAM users", "Use IAM with CodeCommit", "API keys for Amazon
Bedrock and CloudWatch Logs" and "IAM and AWS STS quotas". A service-specific credential opens no door here, as
none of its services is here; it is kept, switched, reset, expired and revoked like any other credential.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from keystead.config.settings import Settings
from keystead.credentials.kind import Form, Kind, Lifetime, Quota, Storage
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import access_key_id, unique_id

ACCESS_KEY = "iam.access-key"
SERVICE_CREDENTIAL_QUOTA = Quota("ServiceSpecificCredentialsPerUser", 2)
_PASSWORD = rb"[A-Za-z0-9+/]{43}="
_API_KEY = rb"ABSK[A-Za-z0-9+/]{60}"


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """What one service's credential is: a user name and a password, or an alias and a key that may expire."""

    kind: Kind
    has_api_key: bool


def kinds(settings: Settings) -> list[Kind]:
    """Return IAM's kinds."""
    return [access_key_kind(settings), *(service.kind for service in service_kinds().values())]


def access_key_kind(settings: Settings) -> Kind:
    """Return the access key. Its quota holds for a user and for the account root alike."""
    return Kind(
        name=ACCESS_KEY,
        form=Form.KEY_PAIR,
        storage=Storage.SEALED,
        new_id=_new_access_key_id,
        quota=Quota("AccessKeysPerUser", settings.access_keys_per_user),
    )


def service_kinds() -> Mapping[str, ServiceKind]:
    """Return the kind of each service that has credentials of its own. The quota is per service and user."""
    return {
        "bedrock.amazonaws.com": ServiceKind(_api_key("iam.bedrock-key"), has_api_key=True),
        "cassandra.amazonaws.com": ServiceKind(_password("iam.cassandra-password"), has_api_key=False),
        "codecommit.amazonaws.com": ServiceKind(_password("iam.codecommit-password"), has_api_key=False),
        "logs.amazonaws.com": ServiceKind(_api_key("iam.logs-key"), has_api_key=True),
    }


def _password(name: str) -> Kind:
    return Kind(
        name=name,
        form=Form.BEARER,
        storage=Storage.DIGEST,
        new_id=_new_service_credential_id,
        new_secret=_new_password,
        bearer_pattern=_PASSWORD,
        quota=SERVICE_CREDENTIAL_QUOTA,
    )


def _api_key(name: str) -> Kind:
    return Kind(
        name=name,
        form=Form.BEARER,
        storage=Storage.DIGEST,
        new_id=_new_service_credential_id,
        new_secret=_new_api_key,
        bearer_pattern=_API_KEY,
        quota=SERVICE_CREDENTIAL_QUOTA,
        lifetime=Lifetime(minimum=timedelta(days=1)),
    )


def _new_access_key_id(account: str, entropy: Entropy) -> str:
    return access_key_id("AKIA", account, entropy)


def _new_service_credential_id(account: str, entropy: Entropy) -> str:
    del account
    return unique_id("ACCA", entropy)


def _new_password(entropy: Entropy) -> bytes:
    return base64.b64encode(entropy.token_bytes(32))


def _new_api_key(entropy: Entropy) -> bytes:
    return b"ABSK" + base64.b64encode(entropy.token_bytes(45))
