"""`node`: makes this machine a managed node, and runs its agent."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.kernel.secret import Secret
from keystead.remote.node.place import NodeSettings, Place, new_key

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_PLACE = "./keystead-node"


@click.group()
def node() -> None:
    """Make this machine a managed node, and run its agent. It listens on no port."""


def _place_option(command: Command) -> Command:
    return click.option(
        "--dir",
        "path",
        type=click.Path(path_type=Path),
        default=DEFAULT_PLACE,
        show_default=True,
        help="The node's directory.",
    )(command)


@node.command()
@click.option("--endpoint", required=True, metavar="URL", help="The authority's HTTPS address.")
@click.option("--id", "activation", required=True, metavar="ID", help="ActivationId of CreateActivation.")
@click.option("--code", required=True, metavar="CODE", help="ActivationCode, or - to read it from a line.")
@click.option("--region", default="us-east-1", show_default=True, help="The activation's region.")
@click.option("--ca", type=click.Path(exists=True, path_type=Path), help="The authority's CA certificate.")
@click.option(
    "--run-as", default="", metavar="USER", help="Whose shells these are. [default: the agent's user]"
)
@_place_option
def register(
    endpoint: str, activation: str, code: str, region: str, ca: Path | None, run_as: str, path: Path
) -> None:
    """Register this machine with an activation.

    Its key is kept in the node's directory.
    """
    from keystead.remote.node.calls import register as register_node
    from keystead.remote.sockets import trust

    if (path / "node.json").exists():
        raise click.UsageError(f"{path} is a node's already: use another --dir, or remove it")
    shown = Secret((_read_code() if code == "-" else code).encode())
    key = new_key()
    url = endpoint.rstrip("/")
    context = trust(ca) if url.startswith("https:") else None
    instance = asyncio.run(register_node(url, activation, shown, key, context))
    ca_file = str(ca.resolve()) if ca else ""
    Place(path).write(NodeSettings(url, region, instance, ca_file=ca_file, run_as=run_as), key)
    click.echo(f"This machine is {instance} now. Next: keystead node run --dir {path}")


def _read_code() -> str:
    """Return the line that standard input holds; a person is asked for it, and what they type is not shown."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Activation code", hide_input=True, err=True)
        return typed.strip()
    return sys.stdin.readline().strip()


@node.command()
@_place_option
def run(path: Path) -> None:
    """Run the agent until interrupted.

    Sessions that the authority lets in get shells and ports here.
    """
    from keystead.remote.node.agent import Agent
    from keystead.remote.node.calls import Calls
    from keystead.remote.sockets import trust

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("websockets").setLevel(logging.WARNING)
    place = Place(path)
    settings, key = place.settings(), place.key()
    context = (
        trust(Path(settings.ca_file) if settings.ca_file else None)
        if settings.endpoint.startswith("https:")
        else None
    )
    clock, entropy = SystemClock(), SystemEntropy()
    agent = Agent(settings, Calls(settings, key, clock, entropy, context), context, clock, entropy)
    asyncio.run(_until_told(agent.run()))


async def _until_told(running: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, and end the sessions then."""
    job = asyncio.ensure_future(running)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, job.cancel)
    await asyncio.gather(job, return_exceptions=True)
