"""`audit`: the journal, read back."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from keystead.app.local import call
from keystead.app.running import running
from keystead.cli.options import count_option, data_option, json_option, settings_from
from keystead.cli.output import Columns, show_one
from keystead.config.settings import Settings

_COLUMNS = ["time", "event", "who", "key", "from", "outcome"]
_POLL_SECONDS = 0.5


@click.group()
def audit() -> None:
    """Read, check and export the journal of what was changed, minted, read and refused."""


@audit.command()
@count_option
@click.option("--refused", is_flag=True, help="Only what was refused.")
@click.option("--event", default="", metavar="NAME", help="Only these, such as CreateAccessKey.")
@click.option("--who", default="", help="Only who has this in the ARN, or signed with this access key id.")
@click.option("-f", "--follow", is_flag=True, help="Go on, with what is added, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document per line.")
@data_option
def tail(
    count: int, refused: bool, event: str, who: str, follow: bool, as_json: bool, data: str | None
) -> None:
    """Print the last events, oldest first."""
    settings = settings_from(data=data)
    sought = {"count": count, "refused": refused, "event": event, "who": who}
    columns = Columns(_COLUMNS)
    events = _followed(settings, sought) if follow else [call(settings, "audit-tail", sought)]
    # A reader who has seen enough ends it by an interrupt: nothing went wrong.
    with contextlib.suppress(KeyboardInterrupt):
        for portion in events:
            told = _documents(portion) if as_json else columns.add(_rows(portion))
            if told:
                click.echo(told)


def _followed(settings: Settings, sought: Mapping[str, object]) -> Iterator[list[dict[str, Any]]]:
    """Yield the last events, then what is added, for as long as the server runs."""
    if running(settings.data) is None:
        raise click.UsageError(f"no server runs on {settings.data}, so nothing is added; leave out --follow")
    position = -1
    while running(settings.data) is not None:
        portion = call(settings, "audit-follow", {**sought, "position": position})
        position = portion["position"]
        yield portion["events"]
        time.sleep(_POLL_SECONDS)
    click.echo("the server has stopped", err=True)


def _documents(events: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(event) for event in events)


@audit.command()
@data_option
@json_option
def verify(data: str | None, as_json: bool) -> None:
    """Recompute the hash chain; exit with 1 where it is broken.

    Keep the head it prints elsewhere: a journal cut off at its end shows only against an older head.
    """
    verdict = call(settings_from(data=data), "audit-verify", {})
    show_one(verdict, as_json)
    sys.exit(0 if verdict["holds"] else 1)


@audit.command()
@data_option
def export(data: str | None) -> None:
    """Print the whole journal, one JSON document per line, oldest first."""
    settings = settings_from(data=data)
    position: int | None = 0
    while position is not None:
        portion = call(settings, "audit-export", {"position": position})
        for event in portion["events"]:
            click.echo(json.dumps(event))
        position = portion["next"]


def _rows(events: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Return a line for each event by its time; the journal itself has reads up to a second after changes."""
    return [_row(event) for event in sorted(events, key=lambda event: event.get("eventTime", ""))]


def _row(event: dict[str, Any]) -> dict[str, object]:
    who = event.get("userIdentity", {})
    return {
        "time": event.get("eventTime"),
        "event": event.get("eventName", event.get("eventType")),
        "who": who.get("arn") or who.get("principalId") or who.get("type"),
        "key": who.get("accessKeyId"),
        "from": event.get("sourceIPAddress"),
        "outcome": f"{event['errorCode']} ({event.get('reason', '')})" if event.get("errorCode") else "ok",
    }
