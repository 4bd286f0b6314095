"""`keystead`: finds the module of a verb and runs it. Imports nothing else, so that every verb starts fast."""

import gc
import importlib
import sys
from typing import Any

import click

from keystead import __version__

_VERBS = {
    "serve": "keystead.cli.serving:serve",
    "init": "keystead.cli.serving:init",
    "env": "keystead.cli.environment:env",
    "health": "keystead.cli.environment:health",
    "tour": "keystead.cli.tour:tour",
    "creds": "keystead.cli.creds:creds",
    "account": "keystead.cli.account:account",
    "workspace": "keystead.cli.workspace:workspace",
    "explain": "keystead.cli.explain:explain",
    "doctor": "keystead.cli.doctor:doctor",
    "clock": "keystead.cli.clock:clock",
    "audit": "keystead.cli.audit:audit",
    "rekey": "keystead.cli.rekey:rekey",
    "node": "keystead.cli.node:node",
    "access": "keystead.cli.access:access",
    "sessions": "keystead.cli.sessions:sessions",
    "webhook": "keystead.cli.webhook:webhook",
    "version": "keystead.cli.version:version",
}
_SUMMARIES = {
    "serve": "Serve the authority; the first start makes its data directory.",
    "init": "Make a data directory without serving it.",
    "env": 'Print what a shell needs to talk to the running server: eval "$(keystead env)".',
    "health": "Tell by exit status whether the server is ready.",
    "tour": "See every kind of credential minted, used and refused, in a throw-away authority.",
    "creds": "List, switch, expire and revoke credentials of every kind.",
    "account": "Make and list accounts: tenants that never see each other.",
    "workspace": "Put a Grafana workspace's door before a real Grafana.",
    "explain": "Say why a request was refused, by its request id, and what to do about it.",
    "doctor": "Find out what is wrong and how to mend it.",
    "clock": "Move the time of a test directory.",
    "audit": "Read, check and export the journal.",
    "rekey": "Rotate the root key and seal every secret anew, while serving.",
    "node": "Make this machine a managed node, and run its agent.",
    "access": "Ask for a node, see who decides, decide, and wait.",
    "sessions": "List sessions on nodes, and read what they showed.",
    "webhook": "See what could not be posted yet of access requests, and post it again.",
    "version": "Print the versions of keystead and of its service models.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; the help text needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        del ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command, imported now."""
        del ctx
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name].partition(":")
        # A module's attribute of that name is a click command by the table above.
        command: Any = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table of summaries."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version alone; `keystead version` says more, and takes longer."""
    del parameter
    if wanted and not ctx.resilient_parsing:
        click.echo(f"keystead {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """An authority for machine credentials that speaks the AWS API.

    Start with `keystead tour`, or with `keystead serve` and, in a second terminal, eval "$(keystead env)".
    """


def main() -> None:
    """Run the command line; a failure that was foreseen is one line on standard error."""
    # Importing makes many objects and no garbage: collecting meanwhile is a tenth of a start. `serve` turns it on.
    gc.disable()
    from keystead.cli.failures import foreseen, told

    try:
        cli.main(standalone_mode=True)
    except foreseen() as error:
        click.echo(f"keystead: {told(error)}", err=True)
        sys.exit(1)
