"""`env` and `health`: what a shell needs to talk to the running server, and whether there is one.

They import no model, no database and no server, so that they start at once.
"""

import fcntl
import http.client
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from keystead.cli.options import data_option, settings_from
from keystead.config.settings import Settings

_UNSET = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
]
_SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"
_HEALTH_SECONDS = 5


@click.command()
@data_option
@click.option(
    "--secrets", is_flag=True, help="Print the keys themselves in place of the file that holds them."
)
@click.option("--tls", is_flag=True, help="Use the HTTPS listener and trust the local CA.")
def env(data: str | None, secrets: bool, tls: bool) -> None:
    """Print shell commands that point AWS clients at the running server, for `eval`.

    Prints `false`, and the reason on standard error, when no server runs.
    """
    settings = settings_from(data=data)
    ready = running(settings.data)
    if ready is None:
        click.echo(f"keystead: no server runs on {settings.data}; start one with `keystead serve`", err=True)
        click.echo("false")
        sys.exit(1)
    click.echo("\n".join(_lines(settings, ready, secrets=secrets, tls=tls)))


@click.command()
@data_option
def health(data: str | None) -> None:
    """Exit with 0 if the server of a data directory is ready, with 1 if not."""
    ready = running(settings_from(data=data).data)
    told = "no server runs" if ready is None else _ask(ready["http"])
    click.echo(told)
    sys.exit(0 if told == "ready" else 1)


def running(data: Path) -> dict[str, Any] | None:
    """Return what the server of a data directory said when it was ready, or None when none runs."""
    try:
        # Read before the lock is tried: a server that stops in between is then seen as stopped.
        ready: dict[str, Any] = json.loads((data / "ready.json").read_text())
        lock = os.open(data / "keystead.lock", os.O_RDWR | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        # Whoever serves holds it exclusively; a file left behind by a killed server is told from a live one.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ready
    finally:
        os.close(lock)
    return None


def _lines(settings: Settings, ready: dict[str, Any], *, secrets: bool, tls: bool) -> list[str]:
    url: str = ready["https" if tls else "http"]
    exports = {"AWS_ENDPOINT_URL": url, "AWS_REGION": ready["region"], "AWS_DEFAULT_REGION": ready["region"]}
    file = settings.data / "root-credentials"
    if secrets:
        exports |= _keys(file)
    else:
        exports |= {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "default"}
    exports["NO_PROXY"] = exports["no_proxy"] = _no_proxy(urlsplit(url).hostname or "")
    if tls:
        exports["AWS_CA_BUNDLE"] = str(settings.tls_certificate or settings.data / "tls" / "ca.pem")
    unset = [name for name in _UNSET if name not in exports]
    unset += [name for name in os.environ if name.startswith(_SERVICE_ENDPOINT)]
    if secrets:
        unset.append("AWS_PROFILE")
    return [
        f"unset {' '.join(unset)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
    ]


def _keys(file: Path) -> dict[str, str]:
    lines = [line.partition("=") for line in file.read_text().splitlines() if "=" in line]
    return {name.strip().upper(): value.strip() for name, _, value in lines}


def _no_proxy(host: str) -> str:
    present = os.environ.get("NO_PROXY", os.environ.get("no_proxy", ""))
    hosts = [each for each in present.split(",") if each]
    return ",".join(hosts if host in hosts else [*hosts, host])


def _ask(url: str) -> str:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/_keystead/health")
        return "ready" if connection.getresponse().status == http.HTTPStatus.OK else "not ready"
    except OSError as error:
        return f"does not answer: {error.strerror or error}"
    finally:
        connection.close()
