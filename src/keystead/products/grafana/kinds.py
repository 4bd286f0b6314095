"""The kinds: a service-account token and the older API key, bearers that open the Grafana API of one workspace.

Follows facts/grafana.md §1.4 and §3. Owner and audience of both is the workspace: quotas count there, expired
ones included, and an expired one stays listed until it is deleted.
"""

from datetime import timedelta

from keystead.config.settings import Settings
from keystead.credentials.kind import Form, Kind, Lifetime, Quota, Storage
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import unique_id
from keystead.products.grafana.tokenform import KEY_PATTERN, TOKEN_PATTERN, new_api_key, new_token

SERVICE_ACCOUNT_TOKEN = "grafana.service-account-token"  # noqa: S105 - a kind's name.
API_KEY = "grafana.api-key"
TOKEN_QUOTA, KEY_QUOTA = "ServiceAccountTokensPerWorkspace", "APIKeysPerWorkspace"
_UNTIL_DELETED = timedelta(days=36_500)


def kinds(settings: Settings) -> list[Kind]:
    """Return the token's kind and the API key's."""
    return [
        Kind(
            name=SERVICE_ACCOUNT_TOKEN,
            form=Form.BEARER,
            storage=Storage.DIGEST,
            new_id=_new_token_id,
            new_secret=new_token,
            bearer_pattern=TOKEN_PATTERN,
            quota=Quota(TOKEN_QUOTA, settings.grafana_tokens_per_workspace),
            lifetime=Lifetime(timedelta(seconds=1)),
            keep_expired=_UNTIL_DELETED,
        ),
        Kind(
            name=API_KEY,
            form=Form.BEARER,
            storage=Storage.DIGEST,
            new_id=_new_key_id,
            new_secret=_nameless_key,
            bearer_pattern=KEY_PATTERN,
            quota=Quota(KEY_QUOTA, settings.grafana_keys_per_workspace),
            lifetime=Lifetime(timedelta(seconds=1)),
            keep_expired=_UNTIL_DELETED,
        ),
    ]


def _nameless_key(entropy: Entropy) -> bytes:
    # An API key carries its name: whoever mints one says it (`keys.py`).
    return new_api_key(entropy, "")


def _new_token_id(account: str, entropy: Entropy) -> str:
    del account
    return unique_id("gsat-", entropy).lower()


def _new_key_id(account: str, entropy: Entropy) -> str:
    del account
    return unique_id("gkey-", entropy).lower()
