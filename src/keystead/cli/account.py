"""`account`: tenants, each with users, keys and policies of its own and walls around them."""

import shlex
from pathlib import Path

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import pairs, show_json, show_one, show_table

_COLUMNS = ["account", "alias", "created", "users", "groups", "roles", "policies"]
_file_option = click.option(
    "--credentials",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where the root's access key goes, mode 0600. [default: DATA/accounts/ID/root-credentials]",
)


@click.group()
def account() -> None:
    """Make and list accounts: tenants that never see each other."""


@account.command()
@click.argument("account_id", metavar="[ID]", default="")
@_file_option
@data_option
@json_option
def create(account_id: str, credentials: Path | None, data: str | None, as_json: bool) -> None:
    """Make an account; without ID, 12 digits are drawn.

    The key of its root goes into a file and is never printed.
    """
    arguments = {"id": account_id, "file": _absolute(credentials)}
    settings = settings_from(data=data)
    made = call(settings, "account-create", arguments)
    if as_json:
        show_json(made)
        return
    click.echo(pairs(made))
    if credentials is None:
        where = "" if data is None else f" --data {shlex.quote(str(settings.data))}"
        click.echo(f'\nUse it: eval "$(keystead env --account {made["account"]}{where})"')


@account.command()
@data_option
@json_option
def ls(data: str | None, as_json: bool) -> None:
    """List accounts, oldest first."""
    rows = call(settings_from(data=data), "account-ls", {})
    show_table(rows, _COLUMNS, as_json)


@account.command()
@click.argument("account_id", metavar="ID")
@data_option
@json_option
def show(account_id: str, data: str | None, as_json: bool) -> None:
    """Show one account."""
    shown = call(settings_from(data=data), "account-show", {"id": account_id})
    show_one(shown, as_json)


@account.command()
@click.argument("account_id", metavar="ID")
@_file_option
@data_option
@json_option
def key(account_id: str, credentials: Path | None, data: str | None, as_json: bool) -> None:
    """Write the key of an account's root to a file again."""
    arguments = {"id": account_id, "file": _absolute(credentials)}
    show_one(call(settings_from(data=data), "account-key", arguments), as_json)


def _absolute(path: Path | None) -> str:
    return "" if path is None else str(path.expanduser().absolute())
