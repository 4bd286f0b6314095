"""`creds`: every kind of credential in one inventory; switch, expire, revoke."""

from datetime import datetime, timedelta
from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_one, show_table
from keystead.cli.times import moment
from keystead.config.settings import Settings

_COLUMNS = ["kind", "id", "owner", "status", "created", "last_used", "expires"]
_id_argument = click.argument("credential_id", metavar="ID")


@click.group()
def creds() -> None:
    """List, switch, expire and revoke credentials of every kind."""


@creds.command()
@data_option
@click.option("--kind", default="", help="Only this kind, such as iam.access-key.")
@click.option("--owner", default="", help="Only this owner's: its ARN, or its id.")
@click.option("--account", default="", metavar="ID", help="Only this account's.")
@click.option("--expiring", metavar="DAYS", type=int, help="Only what expires within so many days.")
@json_option
def ls(data: str | None, kind: str, owner: str, account: str, expiring: int | None, as_json: bool) -> None:
    """List credentials in order of creation.

    Secrets are never shown.
    """
    settings = settings_from(data=data)
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        portion = call(settings, "creds-ls", {"kind": kind, "owner": owner, "after": after})
        rows += portion["credentials"]
        after = portion["next"]
    if account:
        rows = [row for row in rows if row["account"] == account]
    if expiring is not None:
        until = _now(settings) + timedelta(days=expiring)
        rows = [row for row in rows if row["expires"] and datetime.fromisoformat(row["expires"]) <= until]
    show_table(rows, _COLUMNS, as_json)


@creds.command()
@_id_argument
@data_option
@json_option
def show(credential_id: str, data: str | None, as_json: bool) -> None:
    """Show one credential."""
    _act("creds-show", {"id": credential_id}, data, as_json)


@creds.command()
@_id_argument
@data_option
@json_option
def deactivate(credential_id: str, data: str | None, as_json: bool) -> None:
    """Switch a credential off, from its next request on."""
    _act("creds-deactivate", {"id": credential_id}, data, as_json)


@creds.command()
@_id_argument
@data_option
@json_option
def activate(credential_id: str, data: str | None, as_json: bool) -> None:
    """Switch a credential on again."""
    _act("creds-activate", {"id": credential_id}, data, as_json)


@creds.command()
@_id_argument
@click.option(
    "--at", metavar="TIME", help="When it ends: ISO 8601, or `+30d`, `+12h`, `+90m`, `+5s` from now."
)
@click.option("--never", is_flag=True, help="Let it live for ever again.")
@data_option
@json_option
def expire(credential_id: str, at: str | None, never: bool, data: str | None, as_json: bool) -> None:
    """Set when a credential ends."""
    if (at is None) == (not never):
        raise click.UsageError("give either --at TIME or --never")
    settings = settings_from(data=data)
    until = None if at is None else moment(at, _now(settings)).isoformat()
    _act("creds-expire", {"id": credential_id, "at": until}, data, as_json)


@creds.command()
@_id_argument
@data_option
@json_option
def revoke(credential_id: str, data: str | None, as_json: bool) -> None:
    """Delete a credential, for good and from its next request on."""
    _act("creds-revoke", {"id": credential_id}, data, as_json)


def _act(command: str, arguments: dict[str, object], data: str | None, as_json: bool) -> None:
    result = call(settings_from(data=data), command, arguments)
    show_one(result, as_json)


def _now(settings: Settings) -> datetime:
    """Return the authority's time, which a test directory may have moved."""
    return datetime.fromisoformat(call(settings, "clock-show", {})["now"])
