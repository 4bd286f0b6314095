"""The shell that doctor was started from: whether its next `aws` command would reach this authority.

Follows the AWS SDKs and Tools Reference Guide, "Service-specific endpoints", and botocore's order of settings.
"""

import configparser
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from keystead.app.examination.finding import Finding, Patient, ok, warning

_SUBJECT = "shell"
_ENDPOINT = "AWS_ENDPOINT_URL"
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_ROLES = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_DEFAULT_PROFILE")
_TELLING = ("endpoint_url", "services", "role_arn", "sso_session", "sso_start_url", "credential_process")


def examine_shell(patient: Patient) -> Iterator[Finding]:
    """Find what would send the next command to the real AWS, or there with the wrong key."""
    if patient.ready is None:
        yield ok(_SUBJECT, "no server runs that it could be pointed at")
        return
    findings = [
        *_judge_endpoint(patient),
        *_judge_service_endpoints(patient),
        *_judge_keys(patient),
        *_judge_config(patient),
    ]
    yield from findings or [ok(_SUBJECT, f"aws commands go to {patient.environment[_ENDPOINT]}")]


def _judge_endpoint(patient: Patient) -> Iterator[Finding]:
    ready = patient.ready or {}
    url = patient.environment.get(_ENDPOINT)
    if url is None:
        yield warning(_SUBJECT, f"{_ENDPOINT} is not set: aws commands go to the real AWS", _mend(patient))
    elif url.rstrip("/") not in (ready.get("http"), ready.get("https")):
        yield warning(_SUBJECT, f"{_ENDPOINT} is {url}, which is not this authority", _mend(patient))
    if patient.environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        told = f"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS makes clients ignore {_ENDPOINT}"
        yield warning(_SUBJECT, told, _mend(patient))


def _judge_service_endpoints(patient: Patient) -> Iterator[Finding]:
    ours = {url for url in (patient.ready or {}).values() if url}
    for name, url in patient.environment.items():
        if name.startswith(f"{_ENDPOINT}_") and url.rstrip("/") not in ours:
            yield warning(_SUBJECT, f"{name} sends that service's commands to {url}", f"unset {name}")


def _judge_keys(patient: Patient) -> Iterator[Finding]:
    """Keys in the environment win over any file; the values are compared, and never told."""
    environment, ours = patient.environment, patient.settings.data / "credentials"
    file = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    if present := [name for name in _KEYS if name in environment]:
        if environment.get("AWS_ACCESS_KEY_ID") != _key_id(ours):
            told = f"{', '.join(present)} win over the credentials file, and are not this authority's"
            yield warning(_SUBJECT, told, f"unset {' '.join(present)}")
    elif file is None or Path(file).absolute() != ours:
        told = f"AWS_SHARED_CREDENTIALS_FILE is {file or 'not set'}: commands are signed with other keys"
        yield warning(_SUBJECT, told, _mend(patient))
    elif environment.get("AWS_PROFILE", "default") != "default":
        told = f"AWS_PROFILE is {environment['AWS_PROFILE']}, which {ours} does not have"
        yield warning(_SUBJECT, told, _mend(patient))
    if roles := [name for name in _ROLES if name in environment]:
        yield warning(
            _SUBJECT, f"{', '.join(roles)} have clients use other credentials", f"unset {' '.join(roles)}"
        )


def _judge_config(patient: Patient) -> Iterator[Finding]:
    """Look into the AWS config file for a profile that brings endpoints or credentials of its own."""
    path = config_file(patient.environment)
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read(path)
    except (OSError, configparser.Error, UnicodeDecodeError):
        return
    profile = patient.environment.get("AWS_PROFILE", "default")
    section = "default" if profile == "default" else f"profile {profile}"
    if not config.has_section(section):
        return
    telling = [name for name in _TELLING if config.has_option(section, name)]
    if config.get(section, "ignore_configured_endpoint_urls", fallback="").lower() == "true":
        telling.append("ignore_configured_endpoint_urls")
    if telling:
        told = f"[{section}] of {path} sets {', '.join(telling)}, which may lead clients elsewhere"
        yield warning(_SUBJECT, told, _mend(patient))


def config_file(environment: Mapping[str, str]) -> Path:
    """Return where AWS clients read their configuration from."""
    return Path(environment.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser()


def _key_id(file: Path) -> str | None:
    credentials = configparser.RawConfigParser()
    credentials.read(file)
    return credentials.get("default", "aws_access_key_id", fallback=None)


def _mend(patient: Patient) -> str:
    return f'eval "$(keystead env --data {shlex.quote(str(patient.settings.data))})"'
