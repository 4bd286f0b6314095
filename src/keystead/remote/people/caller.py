"""`Caller`: AWS calls as whoever the environment or a profile says, to one authority and to nobody else.

Credentials are found as the aws CLI finds them, but never those of the machine itself: a role of the instance is
no person. Where the calls go is settled before anything is signed: none reaches AWS for want of a setting.
"""

import importlib
from collections.abc import Callable, MutableMapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from keystead.kernel.clock import Clock

CALL_SECONDS: Final = 20
_ENDPOINT: Final = "AWS_ENDPOINT_URL"
_SETS_ASIDE: Final = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
"""With these, calls would go elsewhere than the endpoint says."""
_NEXT: Final = {
    "AccessDeniedException": "who may do this is up to the authority's policies; ask an administrator",
    "OpsItemNotFoundException": "see `keystead access list`",
    "ResourceNotFoundException": "see `aws ssm describe-instance-information`",
    "InvalidAutomationSignalException": "see `keystead access show ID` for who decides now",
    "InvalidAutomationStatusUpdateException": "see `keystead access show ID`",
    "OpsItemConflictException": "see `keystead access show ID`",
    "ServiceQuotaExceededException": "take one back with `keystead access revoke ID`",
    "ThrottlingException": "try again in a moment",
    "ValidationException": "see docs/how-to/give-access-to-a-node.md",
}
_UNKNOWN_KEYS: Final = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
    "ExpiredToken",
)
_NEW_KEYS: Final = 'sign in anew, with `eval "$(keystead env)"` and `aws sts assume-role`'
_OF_A_ROLE: Final = "assumed role"
_ASSUME: Final = "assume one first: `aws sts assume-role --role-arn … --role-session-name YOUR-NAME`"


class AccessFailed(Exception):
    """What was asked for did not happen. `code` is the modelled error's, or empty; the text ends in a next step."""

    def __init__(self, what: str, advice: str, code: str = "") -> None:
        super().__init__(f"{' '.join(what.split()).rstrip('.')}; {advice}")
        self.code = code


class Caller:
    """Sends calls. `fallback` gives the address and the region of the authority of this machine, if one runs."""

    def __init__(
        self,
        environment: MutableMapping[str, str],
        clock: Clock,
        *,
        profile: str,
        endpoint: str,
        region: str,
        fallback: Callable[[], tuple[str, str] | None],
    ) -> None:
        self._clock = clock
        self._clients: dict[str, Any] = {}
        self._session = _session(profile)
        config = self._read(self._session.get_scoped_config)
        url, home = endpoint or _configured(environment, config), ""
        if not url:
            url, home = fallback() or ("", "")
        if not url:
            raise AccessFailed(
                "No authority is named", 'run `eval "$(keystead env)"`, or give --endpoint or --data'
            )
        self._url = url
        named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        self._region = region or named or str(config.get("region") or home or "us-east-1")
        _pin(environment, url)
        self._server_time: float | None = None

    def call(self, operation: str, service: str = "ssm", /, **members: Any) -> dict[str, Any]:
        """Return an operation's answer. Raises AccessFailed."""
        errors: Any = importlib.import_module("botocore.exceptions")
        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**members)
        except errors.ClientError as error:
            raise _refused(error.response["Error"]) from error
        except (errors.NoCredentialsError, errors.PartialCredentialsError) as error:
            raise AccessFailed("There are no credentials to sign with", _NEW_KEYS) from error
        except errors.BotoCoreError as error:
            advice = f"ask `keystead health` whether the authority at {self._url} answers"
            raise AccessFailed(str(error), advice) from error
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        self._server_time = parsedate_to_datetime(date).timestamp() if date else None
        return answer

    def now(self) -> float:
        """Return the authority's time as of the last answer, in seconds of the epoch."""
        return self._clock.real_epoch() if self._server_time is None else self._server_time

    def arn(self) -> str:
        """Return who the authority says that this is."""
        return str(self.call("get_caller_identity", "sts")["Arn"])

    # Botocore has no types.
    def _client(self, service: str) -> Any:
        if service not in self._clients:
            config: Any = importlib.import_module("botocore.config")
            self._clients[service] = self._session.create_client(
                service,
                region_name=self._region,
                endpoint_url=self._url,
                config=config.Config(
                    connect_timeout=5,
                    read_timeout=CALL_SECONDS,
                    retries={"total_max_attempts": 2},
                    # The authority knows all the rules, and says which one was broken.
                    parameter_validation=False,
                ),
            )
        return self._clients[service]

    def _read(self, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        errors: Any = importlib.import_module("botocore.exceptions")
        try:
            return read()
        except errors.BotoCoreError as error:
            raise AccessFailed(str(error), "name one that is there with --profile or AWS_PROFILE") from error


def _session(profile: str) -> Any:
    module: Any = importlib.import_module("botocore.session")
    session: Any = module.Session(profile=profile or None)
    session.get_component("credential_provider").remove("iam-role")
    return session


def _configured(environment: MutableMapping[str, str], config: dict[str, Any]) -> str:
    named = environment.get(f"{_ENDPOINT}_SSM") or environment.get(_ENDPOINT)
    return named or str(config.get("endpoint_url") or "")


def _pin(environment: MutableMapping[str, str], url: str) -> None:
    """Let every call of this process go to one address: a profile that names a role asks STS for it as well."""
    for name in [each for each in environment if each.startswith(f"{_ENDPOINT}_") or each in _SETS_ASIDE]:
        del environment[name]
    environment[_ENDPOINT] = url
    host = urlsplit(url).hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        present = environment.get("NO_PROXY", environment.get("no_proxy", ""))
        environment["NO_PROXY"] = environment["no_proxy"] = f"{present},{host}".lstrip(",")


def _refused(told: dict[str, Any]) -> AccessFailed:
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    advice = _NEXT.get(code, "`keystead explain REQUEST-ID` says why, to administrators")
    if code in _UNKNOWN_KEYS:
        advice = _NEW_KEYS
    elif _OF_A_ROLE in message:
        advice = _ASSUME
    return AccessFailed(f"{code}: {message}", advice, code)
