"""`webhook`: what could not be posted yet, and posting it again."""

from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import data_option, settings_from
from keystead.cli.output import show_json, table

_COLUMNS = ["id", "request", "type", "at", "state", "attempts", "next", "answer"]
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def webhook() -> None:
    """See what could not be posted yet of access requests, and post it again."""


@webhook.command()
@data_option
@click.option("--dead", is_flag=True, help="Only what was given up.")
@_json_option
def ls(data: str | None, dead: bool, as_json: bool) -> None:
    """List the events that are not posted yet, oldest first: they wait for a try, or were given up (dead)."""
    settings = settings_from(data=data)
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        portion = call(settings, "webhook-ls", {"after": after})
        rows += portion["events"]
        after = portion["next"]
    rows = [row for row in rows if not dead or row["state"] == "dead"]
    if as_json:
        show_json(rows)
    else:
        click.echo(table(rows, _COLUMNS))


@webhook.command()
@click.argument("event_id", metavar="[ID]", default="")
@click.option("--dead", is_flag=True, help="All that were given up.")
@data_option
@_json_option
def resend(event_id: str, dead: bool, data: str | None, as_json: bool) -> None:
    """Post an event again, also one that was taken: its id is the event's own."""
    if bool(event_id) == dead:
        raise click.UsageError("give either ID or --dead")
    done = call(settings_from(data=data), "webhook-resend", {"id": event_id})
    if as_json:
        show_json(done)
    else:
        click.echo(f"{done['resent']} to be posted again; `keystead webhook ls` shows what is not taken yet")
