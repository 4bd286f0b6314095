"""`workspace`: Grafana workspaces as the operator sees them: which real Grafana stands behind one."""

import sys
from pathlib import Path

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import pairs, show_json, show_one, show_table

_COLUMNS = ["workspace", "account", "url", "ca", "set", "minted"]


@click.group()
def workspace() -> None:
    """Put a workspace's door before a real Grafana, or take it away again."""


@workspace.group()
def upstream() -> None:
    """The Grafana behind a workspace.

    Tokens are verified here, and swapped for a service account's there.
    """


@upstream.command(name="set")
@click.argument("workspace_id", metavar="WORKSPACE")
@click.option("--url", required=True, metavar="URL", help="Where that Grafana is, its sub-path included.")
@click.option(
    "--token-file",
    required=True,
    metavar="FILE",
    help="File with the token of a service account that is Admin there; - reads standard input.",
)
@click.option(
    "--ca",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Certificate authorities (PEM) for its certificate. [default: this machine's]",
)
@click.option("--unchecked", is_flag=True, help="Set it even when it does not answer as it should.")
@data_option
@json_option
def set_(
    workspace_id: str,
    url: str,
    token_file: str,
    ca: Path | None,
    unchecked: bool,
    data: str | None,
    as_json: bool,
) -> None:
    """Set the Grafana behind a workspace, once it has been looked at."""
    arguments = {
        "id": workspace_id,
        "url": url,
        "secret": _read(token_file),
        "ca": "" if ca is None else ca.expanduser().read_text(),
        "force": unchecked,
    }
    made = call(settings_from(data=data), "workspace-upstream-set", arguments)
    if as_json:
        show_json(made)
        return
    _say_left(made.pop("left"))
    click.echo(pairs(made))
    click.echo(f"\nLook at it again: keystead doctor --workspace {made['workspace']}")


@upstream.command()
@click.argument("workspace_id", metavar="WORKSPACE")
@data_option
@json_option
def show(workspace_id: str, data: str | None, as_json: bool) -> None:
    """Show the Grafana behind a workspace; its token is never shown."""
    shown = call(settings_from(data=data), "workspace-upstream-show", {"id": workspace_id})
    show_one(shown, as_json)


@upstream.command()
@data_option
@json_option
def ls(data: str | None, as_json: bool) -> None:
    """List the workspaces that have a Grafana behind them."""
    rows = call(settings_from(data=data), "workspace-upstream-ls", {})
    show_table(rows, _COLUMNS, as_json)


@upstream.command()
@click.argument("workspace_id", metavar="WORKSPACE")
@data_option
@json_option
def clear(workspace_id: str, data: str | None, as_json: bool) -> None:
    """Take the Grafana away: the workspace answers by itself.

    Our service accounts in that Grafana are deleted.
    """
    cleared = call(settings_from(data=data), "workspace-upstream-clear", {"id": workspace_id})
    if as_json:
        show_json(cleared)
        return
    _say_left(cleared["left"])
    click.echo(f"workspace {cleared['workspace']} answers by itself again")


def _read(token_file: str) -> str:
    """Return what a file, or standard input, holds."""
    return sys.stdin.read() if token_file == "-" else Path(token_file).expanduser().read_text()  # noqa: S105


def _say_left(left: list[str]) -> None:
    for each in left:
        click.echo(f"left at the Grafana before: {each}", err=True)
