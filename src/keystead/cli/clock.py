"""`clock`: the movable time of a test directory."""

from datetime import datetime

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_one
from keystead.cli.times import moment, span


@click.group()
def clock() -> None:
    """Move the time of a directory made by `keystead init --test`. Expiry follows; signatures do not."""


@clock.command()
@data_option
@json_option
def show(data: str | None, as_json: bool) -> None:
    """Show what time it is here."""
    _act(data, as_json, "clock-show", {})


@clock.command()
@click.option("--at", metavar="TIME", help="Stop at this time: ISO 8601. [default: now]")
@data_option
@json_option
def freeze(at: str | None, data: str | None, as_json: bool) -> None:
    """Stop the time."""
    now = datetime.fromisoformat(call(settings_from(data=data), "clock-show", {})["now"])
    _act(data, as_json, "clock-freeze", {"at": None if at is None else moment(at, now).isoformat()})


@clock.command()
@click.argument("by", metavar="SPAN")
@data_option
@json_option
def advance(by: str, data: str | None, as_json: bool) -> None:
    """Move the time by SPAN, such as 90m, 30d or, back, -- -1h."""
    _act(data, as_json, "clock-advance", {"seconds": span(by).total_seconds()})


@clock.command()
@data_option
@json_option
def reset(data: str | None, as_json: bool) -> None:
    """Let the time be the machine's again."""
    _act(data, as_json, "clock-reset", {})


def _act(data: str | None, as_json: bool, command: str, arguments: dict[str, object]) -> None:
    show_one(call(settings_from(data=data), command, arguments), as_json)
