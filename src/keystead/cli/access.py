"""`access`: people ask for a node, see who decides, decide, and wait. The calls are signed as the caller.

Exit status: 0 done or approved, 1 refused, 2 not understood; `wait` also 3 when the request ended without access
and 4 when it still waits.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from keystead.app.running import running
from keystead.cli.access_views import WRITTEN, as_json, details, row, standing
from keystead.cli.options import settings_from
from keystead.cli.output import show_json, table
from keystead.cli.times import span
from keystead.kernel.clock import SystemClock
from keystead.remote.people.caller import Caller
from keystead.remote.people.requests import APPROVED, STATUSES, Request, Requests, decided

Command = TypeVar("Command", bound=Callable[..., Any])
ENDED, WAITS_STILL = 3, 4
PAUSE_SECONDS: Final = 1.0
_COLUMNS = ["id", "status", "node", "requester", "created", "until", "reason"]
_ID: Final = re.compile("oi-[0-9a-f]{12}")


@click.group()
def access() -> None:
    """Ask for a node, see who decides, decide, and wait.

    Signs with the credentials of the environment or a profile, as the aws CLI does, so that policies say who may.
    The authority is the one of AWS_ENDPOINT_URL, or the one that runs on the data directory.
    """


def _calling(command: Command) -> Command:
    """Give a verb the options that say who calls and whom."""
    for option in (
        click.option("--json", "wants_json", is_flag=True, help="Print JSON."),
        click.option("--data", metavar="DIR", help="Data directory of the authority, where none is named."),
        click.option(
            "--region", default="", metavar="NAME", help="Region. [default: as AWS clients find it]"
        ),
        click.option(
            "--endpoint", default="", metavar="URL", help="The authority. [default: AWS_ENDPOINT_URL]"
        ),
        click.option("--profile", default="", metavar="NAME", help="Whose keys. [default: AWS_PROFILE]"),
    ):
        command = option(command)
    return command


def _read_id(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    del ctx, parameter
    if not _ID.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no request's id; `keystead access list` shows them")
    return value


_id_argument = click.argument("request_id", metavar="ID", callback=_read_id)
_comment_option = click.option(
    "--comment", default="", metavar="TEXT", help="Kept with the decision; at most 512 characters."
)


@access.command()
@click.argument("node")
@click.option(
    "--reason", required=True, metavar="TEXT", help="What for; approvers read it. 1 to 256 characters."
)
@click.option(
    "--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag of the request; may be repeated."
)
@_calling
def request(node: str, reason: str, tags: tuple[str, ...], wants_json: bool, **who: Any) -> None:
    """Ask for access to NODE, such as mi-0123456789abcdef0. Needs the credentials of an assumed role."""
    pairs = [tag.partition("=") for tag in tags]
    if any(not separator for _, separator, _ in pairs):
        raise click.UsageError("write tags as KEY=VALUE")
    requests = _requests(who)
    made = requests.ask(node, reason, {key: value for key, _, value in pairs})
    _told(requests.find(made), wants_json)


@access.command(name="list")
@click.option("--status", default="", type=click.Choice(["", *STATUSES]), help="Only requests that stand so.")
@click.option("--mine", is_flag=True, help="Only your own.")
@click.option("--node", default="", metavar="ID", help="Only requests for this node.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many."
)
@_calling
def list_(status: str, mine: bool, node: str, limit: int, wants_json: bool, **who: Any) -> None:
    """List requests, the newest first."""
    found = _requests(who).search(status, node, is_mine=mine, limit=limit)
    if wants_json:
        show_json([as_json(each) for each in found])
    else:
        click.echo(table([row(each) for each in found], _COLUMNS))


# Every other list of keystead's is an `ls`.
access.add_command(
    click.Command("ls", callback=list_.callback, params=list_.params, help=list_.help, hidden=True)
)


@access.command()
@_id_argument
@_calling
def show(request_id: str, wants_json: bool, **who: Any) -> None:
    """Show a request, and who decides.

    What was asked, who decides at which level, who has, and what happened.
    """
    requests = _requests(who)
    found = requests.find(request_id)
    levels, events = requests.levels(found), requests.events(found)
    if wants_json:
        told = as_json(found)
        told["levels"] = [{name: getattr(each, name) for name in each.__slots__} for each in levels]
        told["events"] = [{**each, "at": each["at"].strftime(WRITTEN)} for each in events]
        show_json(told)
    else:
        click.echo(details(found, levels, events))


@access.command()
@_id_argument
@_comment_option
@_calling
def approve(request_id: str, comment: str, wants_json: bool, **who: Any) -> None:
    """Say yes to a request as an approver of its current level. Nobody approves what they asked for."""
    _signal("Approve", request_id, comment, wants_json, who)


@access.command()
@_id_argument
@_comment_option
@_calling
def reject(request_id: str, comment: str, wants_json: bool, **who: Any) -> None:
    """Say no to a request as an approver of its current level.

    That ends it.
    """
    _signal("Reject", request_id, comment, wants_json, who)


@access.command()
@_id_argument
@_comment_option
@click.option("--administrator", is_flag=True, help="Not as an approver: needs ssm:UpdateOpsItem.")
@_calling
def revoke(request_id: str, comment: str, administrator: bool, wants_json: bool, **who: Any) -> None:
    """Take access back: its keys and its open sessions end at once.

    Requesters withdraw what waits, or give back what they have; approvers revoke what is approved.
    """
    requests = _requests(who)
    found = requests.find(request_id)
    if administrator:
        requests.end(found)
    else:
        requests.take_back(found, comment)
    _told(requests.find(request_id), wants_json)


@access.command()
@_id_argument
@click.option(
    "--timeout", default="1h", show_default=True, metavar="SPAN", help="How long, such as 90s or 12h."
)
@_calling
def wait(request_id: str, timeout: str, wants_json: bool, **who: Any) -> None:
    """Wait until a request is decided on.

    Exits with 0 when it is approved, with 3 when it ended otherwise, with 4 when it still waits after --timeout.
    """
    clock, seconds = SystemClock(), span(timeout).total_seconds()
    found = decided(
        _requests(who),
        request_id,
        seconds=seconds,
        monotonic=clock.monotonic,
        pause=lambda: time.sleep(PAUSE_SECONDS),
    )
    _told(found, wants_json)
    if found.status != APPROVED:
        sys.exit(WAITS_STILL if found.is_waiting else ENDED)


def _signal(signal: str, request_id: str, comment: str, wants_json: bool, who: dict[str, Any]) -> None:
    requests = _requests(who)
    found = requests.find(request_id)
    requests.signal(found, signal, comment)
    _told(requests.find(request_id), wants_json)


def _told(found: Request, wants_json: bool) -> None:
    if wants_json:
        show_json(as_json(found))
    else:
        click.echo(standing(found))


def _requests(who: dict[str, Any]) -> Requests:
    """Return what calls as who the options say."""

    def here() -> tuple[str, str] | None:
        ready = running(settings_from(data=who["data"]).data)
        return None if ready is None else (str(ready["http"]), str(ready["region"]))

    return Requests(
        Caller(
            os.environ,
            SystemClock(),
            profile=who["profile"],
            endpoint=who["endpoint"],
            region=who["region"],
            fallback=here,
        )
    )
