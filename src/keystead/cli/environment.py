"""`env` and `health`: what a shell needs to talk to the running server, and whether there is one.

They import no model, no database and no server, so that they start at once.
"""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from keystead.app.running import running
from keystead.cli.options import data_option, settings_from
from keystead.config.settings import BadSetting, Settings

_UNSET = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    # Older names that botocore still prefers to the newer ones.
    "AWS_SECURITY_TOKEN",
    "AWS_DEFAULT_PROFILE",
    # Where these are set, in a Kubernetes pod for one, SDKs ask for a role before they read any file.
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    # No SDK accepts an endpoint of one's own together with these.
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
]
_SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"
_NO_CONFIG = os.devnull
"""In place of ~/.aws/config, whose default profile may name a role, a sign-on or other endpoints."""
_HEALTH_SECONDS = 5


class CannotAnswer(Exception):
    """There is nothing to export; the message says why."""


@click.command()
@data_option
@click.option(
    "--secrets", is_flag=True, help="Print the keys themselves in place of the file that holds them."
)
@click.option("--tls", is_flag=True, help="Use the HTTPS listener and trust the local CA.")
@click.option(
    "--account", default="", metavar="ID", help="Sign as the root of an account of `keystead account create`."
)
def env(data: str | None, secrets: bool, tls: bool, account: str) -> None:
    """Print shell commands that point AWS clients at the running server, for `eval`.

    Prints `false`, and the reason on standard error, when no server runs.
    """
    try:
        settings = settings_from(data=data)
        ready = running(settings.data)
        if ready is None:
            serve = f"keystead serve --data {shlex.quote(str(settings.data))}"
            raise CannotAnswer(f"no server runs on {settings.data}; start one with `{serve}`")
        file = _credentials(settings.data, ready, account)
        lines = _lines(settings, ready, file, secrets=secrets, tls=tls)
    except (CannotAnswer, BadSetting, OSError) as error:
        click.echo(f"keystead: {error}", err=True)
        # The status of `eval "$(keystead env)"` is that of the last command printed; of none it is success.
        click.echo("false")
        sys.exit(1)
    click.echo("\n".join(lines))


@click.command()
@data_option
def health(data: str | None) -> None:
    """Exit with 0 if the server of a data directory is ready, with 1 if not."""
    ready = running(settings_from(data=data).data)
    told = "no server runs" if ready is None else _ask(ready["http"])
    click.echo(told)
    sys.exit(0 if told == "ready" else 1)


def _credentials(data: Path, ready: dict[str, Any], account: str) -> Path:
    """Return the file of keys to sign with: of `admin`, or of the root of an account that was made later."""
    if account in ("", ready["account"]):
        file, remedy = data / "credentials", ""
    elif not re.fullmatch("[0-9]{12}", account):
        raise CannotAnswer(f"{account} is not an account id: 12 digits")
    else:
        file = data / "accounts" / account / "root-credentials"
        remedy = f"; `keystead account key {account}` writes it, if that account exists"
    if not file.exists():
        raise CannotAnswer(f"there is no {file} to sign with{remedy}")
    return file


def _lines(settings: Settings, ready: dict[str, Any], file: Path, *, secrets: bool, tls: bool) -> list[str]:
    url: str = ready["https" if tls else "http"]
    exports = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": ready["region"],
        "AWS_DEFAULT_REGION": ready["region"],
        "AWS_CONFIG_FILE": _NO_CONFIG,
    }
    if secrets:
        exports |= _keys(file.read_text())
    else:
        exports |= {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "default"}
    exports["NO_PROXY"] = exports["no_proxy"] = _no_proxy(urlsplit(url).hostname or "")
    # Over plain HTTP, too: what `aws ssm start-session` joins is a TLS stream.
    exports["AWS_CA_BUNDLE"] = str(settings.tls_certificate or settings.data / "tls" / "ca.pem")
    unset = [name for name in _UNSET if name not in exports]
    unset += [name for name in os.environ if name.startswith(_SERVICE_ENDPOINT)]
    if secrets:
        unset.append("AWS_PROFILE")
    return [
        f"unset {' '.join(unset)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
    ]


def _keys(profile: str) -> dict[str, str]:
    lines = [line.partition("=") for line in profile.splitlines() if "=" in line]
    return {name.strip().upper(): value.strip() for name, _, value in lines}


def _no_proxy(host: str) -> str:
    present = os.environ.get("NO_PROXY", os.environ.get("no_proxy", ""))
    hosts = [each for each in present.split(",") if each]
    return ",".join(hosts if host in hosts else [*hosts, host])


def _ask(url: str) -> str:
    import http.client  # A third of the start of `env`, which does without.

    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/_keystead/health")
        return "ready" if connection.getresponse().status == http.HTTPStatus.OK else "not ready"
    except OSError as error:
        return f"does not answer: {error.strerror or error}"
    finally:
        connection.close()
