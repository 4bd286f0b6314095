"""`audit`: the journal, read back."""

import json
import sys
from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_one, table

_COLUMNS = ["time", "event", "who", "key", "from", "outcome"]


@click.group()
def audit() -> None:
    """Read, check and export the journal of what was changed, minted, read and refused."""


@audit.command()
@click.option(
    "-n", "--count", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document per line.")
@data_option
def tail(count: int, as_json: bool, data: str | None) -> None:
    """Print the last events, oldest first."""
    events = call(settings_from(data=data), "audit-tail", {"count": count})
    if as_json:
        click.echo("\n".join(json.dumps(event) for event in events))
    else:
        click.echo(table([_row(event) for event in events], _COLUMNS))


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
