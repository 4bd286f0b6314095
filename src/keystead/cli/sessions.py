"""`sessions`: the sessions on nodes, and what they showed."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_json, table

_COLUMNS = ["session", "target", "owner", "request", "state", "started", "ended", "recorded"]


@click.group()
def sessions() -> None:
    """List sessions on nodes, and read what they showed."""


@sessions.command()
@click.option("--node", default="", metavar="ID", help="Only sessions on this node.")
@click.option("--live", is_flag=True, help="Only sessions that are not over.")
@click.option(
    "-n", "--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many."
)
@data_option
@json_option
def ls(node: str, live: bool, count: int, data: str | None, as_json: bool) -> None:
    """List the latest sessions, the newest first."""
    asked = {"id": node, "kind": "live" if live else "", "count": count}
    rows: list[dict[str, Any]] = call(settings_from(data=data), "sessions-ls", asked)
    if as_json:
        show_json(rows)
    else:
        click.echo(table([{**row, "recorded": _recorded(row)} for row in rows], _COLUMNS))


@sessions.command()
@click.argument("session_id", metavar="SESSION")
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to; else it is printed."
)
@data_option
def record(session_id: str, output: Path | None, data: str | None) -> None:
    """Print what a session showed, as asciicast v2.

    `asciinema play` shows it again. Checks it against the digest in the journal; exits with 1 if it was changed.
    Of a live session, what there is.
    """
    settings = settings_from(data=data)
    portion = call(settings, "sessions-record", {"id": session_id})
    digest = hashlib.sha256()
    with click.open_file(str(output or "-"), "wb") as file:
        while True:
            content = portion["content"].encode()
            file.write(content)
            digest.update(content)
            if portion["next"] is None:
                break
            portion = call(settings, "sessions-record", {"id": session_id, "position": portion["next"]})
    told = portion["digest"]
    if told and told != f"sha256:{digest.hexdigest()}":
        click.echo(f"this is not what was recorded: the journal says {told}", err=True)
        sys.exit(1)


def _recorded(row: dict[str, Any]) -> str:
    """Return `off`, `deleted`, `so far` while the session goes on, then `yes`, or `nothing` if none was shown."""
    if row["recording"] is None:
        return "so far" if row["ended"] is None else "nothing"
    return row["recording"] if row["recording"] in ("off", "deleted") else "yes"
