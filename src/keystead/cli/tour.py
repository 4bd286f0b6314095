"""`tour`: a throw-away authority, and every kind of credential minted, used and refused in front of your eyes.

The authority is a child process on free ports over a temporary directory; the calls are made by unmodified boto3.
Nothing of the user's AWS settings is read: the keys, the region and the endpoint of this tour are its own.
"""

import configparser
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from keystead.app.local import call
from keystead.cli.options import settings_from
from keystead.cli.output import table
from keystead.kernel.clock import Clock, SystemClock
from keystead.products.stops import Response, Shut, Stop, discover_stops

Answer = TypeVar("Answer")

_START_SECONDS = 20.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.02
_REGION = "us-east-1"
_LONGEST_VALUE = 60
_FIRST = "iam.access-key"
"""What everybody knows stands first; the others follow by their products."""
_COLUMNS = ["credential", "minted_by", "opens", "opened", "revoked", "refused_within"]
_NOT_INHERITED = ("AWS_", "BOTO_", "KEYSTEAD_")
"""Prefixes of variables that would change what boto3 or the authority does."""


class CannotTour(Exception):
    """The tour cannot begin; the message says what to do."""


class TourEnded(Exception):
    """A step did not go as it must; the message says which and what happened."""


@click.command()
@click.option(
    "--database",
    default="",
    metavar="URL",
    help="Keep its rows in this empty PostgreSQL database, not in a file.",
)
def tour(database: str) -> None:
    """See every kind of credential minted, used and refused, in a throw-away authority.

    Takes seconds, leaves nothing behind but rows in a database that you name, and exits with 1 if any door opened
    or stayed shut when it must not.
    """
    boto3 = _boto3()
    _leave_environment()
    with (
        tempfile.TemporaryDirectory(prefix="keystead-tour-") as folder,
        _authority(Path(folder), database) as ready,
    ):
        click.echo(f"A throw-away authority answers at {ready['http']}; it is gone when this ends.")
        click.echo(f"Every call below is made by unmodified boto3 {boto3.__version__}.")
        guide = _Guide(boto3, ready, _root_key(Path(ready["data"])), SystemClock())
        rows = [_visit(guide, stop) for stop in _stops()]
        verdict = call(settings_from(data=ready["data"]), "audit-verify", {})
    click.echo("\n" + table(rows, _COLUMNS))
    click.echo(f"\n{_journal(verdict)}")
    is_good = verdict["holds"] and all(row["revoked"] == "yes" for row in rows)
    click.echo(
        "Every door opened and shut as it must." if is_good else "Something above is not as it must be."
    )
    sys.exit(0 if is_good else 1)


def _stops() -> list[Stop]:
    return sorted(discover_stops(), key=lambda stop: stop.kind != _FIRST)


@dataclass(slots=True)
class _Guide:
    """Drives boto3, prints each step, and times how soon after a change the next caller is refused."""

    boto3: Any  # Loaded by name, so that keystead runs without it.
    ready: Mapping[str, str | None]
    root_key: tuple[str, str]
    clock: Clock
    acknowledged_at: float = 0.0
    call_ms: float = 0.0
    last_refusal_ms: float = 0.0
    "From the acknowledgement before it to its arrival; at the end of a stop, that of the revoke."

    @property
    def root(self) -> "_Caller":
        """The account root."""
        return self.caller("root", *self.root_key)

    def caller(self, name: str, key_id: str, secret: str, session_token: str | None = None) -> "_Caller":
        """Return somebody who signs with this access key."""
        session = self.boto3.session.Session(key_id, secret, session_token, region_name=_REGION)
        return _Caller(self, name, session)

    def opens(self, who: str, what: str, knock: Callable[[], str]) -> None:
        """Knock at a door that has to open, and print what `knock` says of it. Raises TourEnded."""
        try:
            outcome = self.timed(knock)
        except Shut as shut:
            raise TourEnded(f"as {who}: {what} was refused: {shut}") from shut
        self.acknowledged_at = self.clock.monotonic()
        self.say(who, what, outcome)

    def is_shut(self, who: str, what: str, knock: Callable[[], str]) -> None:
        """Knock at a door that has to stay shut. Raises TourEnded."""
        try:
            outcome = self.timed(knock)
        except Shut as shut:
            self.last_refusal_ms = (self.clock.monotonic() - self.acknowledged_at) * 1000
            self.say(who, what, f"refused: {shut}")
            return
        raise TourEnded(f"as {who}: {what} was answered: {outcome}")

    def timed(self, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, or raise what it raises, and keep how long it took."""
        began = self.clock.monotonic()
        try:
            return work()
        finally:
            self.call_ms = (self.clock.monotonic() - began) * 1000

    def say(self, who: str, what: str, outcome: str) -> None:
        """Print one step and what came of it."""
        click.echo(f"  {who:<9} {what}")
        click.echo(f"  {'':<9} -> {outcome}  ({self.call_ms:.1f} ms)")


@dataclass(slots=True)
class _Caller:
    """Somebody with an access key; see `products.stops.Caller`."""

    guide: _Guide
    name: str
    session: Any
    clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def does(
        self,
        service: str,
        operation: str,
        show: Callable[[Response], str] | None = None,
        /,
        **parameters: object,
    ) -> Response:
        """Call an operation, print what `show` says of its answer, and return it. Raises TourEnded."""
        code, answer = self._call(service, operation, parameters)
        if code:
            raise self._ended(f"{service}.{operation} was refused: {code}")
        self.guide.acknowledged_at = self.guide.clock.monotonic()
        self._say(service, operation, parameters, "done" if show is None else show(answer))
        return answer

    def is_refused(self, code: str, service: str, operation: str, /, **parameters: object) -> None:
        """Call an operation that has to be refused with `code`. Raises TourEnded."""
        found, _ = self._call(service, operation, parameters)
        elapsed_ms = (self.guide.clock.monotonic() - self.guide.acknowledged_at) * 1000
        if found != code:
            raise self._ended(f"{service}.{operation} answered {found or 'success'} in place of {code}")
        self.guide.last_refusal_ms = elapsed_ms
        self._say(service, operation, parameters, f"refused: {code}")

    def _call(self, service: str, operation: str, parameters: dict[str, object]) -> tuple[str, Response]:
        """Return the error code, empty for success, and the answer."""
        client = self._client(service)
        try:
            return "", self.guide.timed(lambda: getattr(client, operation)(**parameters))
        except client.exceptions.ClientError as error:
            # ClientError's `response` is a plain dictionary.
            response: Response = error.response
            return response["Error"]["Code"], response

    def _client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.guide.ready["http"])
        return self.clients[service]

    def _say(self, service: str, operation: str, parameters: dict[str, object], outcome: str) -> None:
        given = ", ".join(f"{name}={_short(value)}" for name, value in parameters.items())
        self.guide.say(self.name, f"{service}.{operation}({given})", outcome)

    def _ended(self, what: str) -> TourEnded:
        return TourEnded(f"as {self.name}: {what}")


def _short(value: object) -> str:
    """Return a parameter as it is written in Python; of a long one, such as a policy, the beginning."""
    written = repr(value)
    return written if len(written) <= _LONGEST_VALUE else f"{written[:_LONGEST_VALUE]}…"


def _visit(guide: _Guide, stop: Stop) -> dict[str, object]:
    """Make one stop and return its row of the table."""
    click.echo(f"\n{stop.kind}: minted by {stop.minted_by}, opens {stop.door}")
    row: dict[str, object] = {
        "credential": stop.kind,
        "minted_by": stop.minted_by,
        "opens": stop.door,
        "opened": "no",
        "revoked": "no",
    }
    try:
        stop.visit(guide)
    except TourEnded as error:
        click.echo(f"  NOT AS IT MUST BE, {error}")
        return row
    return row | {"opened": "yes", "revoked": "yes", "refused_within": f"{guide.last_refusal_ms:.1f} ms"}


def _boto3() -> Any:
    try:
        return importlib.import_module("boto3")
    except ImportError as error:
        install = f"{sys.executable} -m pip install 'keystead[tour]'"
        raise CannotTour(f"the tour is made with boto3, which is not installed: {install}") from error


def _leave_environment() -> None:
    """Take out of this process what would have boto3 use other keys, endpoints, proxies or settings."""
    for name in list(os.environ):
        if name.startswith(_NOT_INHERITED) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@contextmanager
def _authority(folder: Path, database: str) -> Generator[dict[str, Any]]:
    """Serve an authority of a folder's own, from a child process; yields what its ready file says."""
    ready_file, log = folder / "ready.json", folder / "serve.log"
    arguments = ["--data", str(folder / "data"), *(["--database", database] if database else [])]
    for flag in ("--http", "--https", "--doh", "--dot"):
        arguments += [flag, "127.0.0.1:0"]
    # Without -P a module of the present folder could take the place of one of Python's.
    command = [sys.executable, "-P", "-m", "keystead", "serve", *arguments, "--ready-file", str(ready_file)]
    with log.open("wb") as output:
        server = subprocess.Popen([*command, "--test"], stdout=output, stderr=output)
    try:
        yield _await_ready(server, ready_file, log)
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_ready(server: "subprocess.Popen[bytes]", ready_file: Path, log: Path) -> dict[str, Any]:
    clock = SystemClock()
    deadline = clock.monotonic() + _START_SECONDS
    while not ready_file.exists():
        if server.poll() is not None or clock.monotonic() > deadline:
            raise CannotTour(f"the throw-away authority did not start:\n{log.read_text().strip()}")
        time.sleep(_POLL_SECONDS)
    # Its members are those of the ready file, DESIGN section 8.
    ready: dict[str, Any] = json.loads(ready_file.read_text())
    return ready


def _root_key(data: Path) -> tuple[str, str]:
    file = configparser.RawConfigParser()
    file.read(data / "root-credentials")
    return file["default"]["aws_access_key_id"], file["default"]["aws_secret_access_key"]


def _journal(verdict: dict[str, Any]) -> str:
    state = "its chain of hashes holds" if verdict["holds"] else "ITS CHAIN OF HASHES IS BROKEN"
    return f"The journal has {verdict['events']} events of this, and {state}."
