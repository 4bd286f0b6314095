"""`webhook`: what could not be posted yet, and posting it again."""

from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_json, show_table

_COLUMNS = ["id", "request", "type", "at", "state", "attempts", "next", "answer"]


@click.group()
def webhook() -> None:
    """See what could not be posted yet of access requests, and post it again."""


@webhook.command()
@data_option
@click.option("--dead", is_flag=True, help="Only what was given up.")
@json_option
def ls(data: str | None, dead: bool, as_json: bool) -> None:
    """List the events that are not posted yet, oldest first.

    They wait for a try, or were given up (dead).
    """
    settings = settings_from(data=data)
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        portion = call(settings, "webhook-ls", {"after": after})
        rows += portion["events"]
        after = portion["next"]
    rows = [row for row in rows if not dead or row["state"] == "dead"]
    show_table(rows, _COLUMNS, as_json)


@webhook.command()
@click.argument("event_id", metavar="[ID]", default="")
@click.option("--dead", is_flag=True, help="All that were given up.")
@data_option
@json_option
def resend(event_id: str, dead: bool, data: str | None, as_json: bool) -> None:
    """Post an event again, also one that was taken.

    Its id is the event's own, so that who has seen it can tell.
    """
    if bool(event_id) == dead:
        raise click.UsageError("give either ID or --dead")
    done = call(settings_from(data=data), "webhook-resend", {"id": event_id})
    if as_json:
        show_json(done)
    else:
        click.echo(f"{done['resent']} to be posted again; `keystead webhook ls` shows what is not taken yet")
