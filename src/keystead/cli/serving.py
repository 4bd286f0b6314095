"""`serve` and `init`: an authority is made, and runs."""

import logging
import shlex
import sys
from pathlib import Path

import click
import uvloop

from keystead.app.initialise import initialise
from keystead.app.server import Ready
from keystead.app.server import serve as run_server
from keystead.cli.options import setting_options, settings_from
from keystead.config.settings import Settings
from keystead.gateway.http.discretion import keep_discreet


@click.command()
@setting_options
@click.option("--test", is_flag=True, help="Mark a new data directory as one whose clock may be moved.")
def init(test: bool, **flags: object) -> None:
    """Make a data directory: root key, database, account, the user `admin`, access keys, certificates."""
    settings = settings_from(**flags)
    made = initialise(settings, test=test)
    click.echo(f"{'Made' if made else 'There is already'} an authority in {settings.data}")
    click.echo(f"Credentials of the user admin: {settings.data / 'credentials'} (readable by you alone)")
    click.echo(f"Root credentials: {settings.data / 'root-credentials'} (readable by you alone)")
    click.echo(f"Next: {_command()} serve --data {shlex.quote(str(settings.data))}")


@click.command()
@setting_options
@click.option("--test", is_flag=True, help="Mark a new data directory as one whose clock may be moved.")
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="Write a JSON object here once all answers."
)
def serve(test: bool, ready_file: Path | None, **flags: object) -> None:
    """Serve the authority until interrupted; the first start makes its data directory."""
    _log_discreetly()
    settings = settings_from(**flags)
    if ready_file is not None and not ready_file.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {ready_file.parent}", param_hint="--ready-file")
    made = initialise(settings, test=test)
    uvloop.run(run_server(settings, ready_file, lambda ready: _greet(settings, ready, made)))


def _log_discreetly() -> None:
    """Log to standard error, exceptions by class and place only: their words may quote a secret."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    handler.addFilter(keep_discreet)
    logging.getLogger().addHandler(handler)


def _greet(settings: Settings, ready: Ready, made: bool) -> None:
    """Say what runs, where the credentials are, and what to type next."""
    environment = f"{_command()} env --data {shlex.quote(str(settings.data))}"
    lines = [
        f"keystead serves account {ready.account}",
        f"  API             {ready.http}",
        f"  API over TLS    {ready.https}",
        *(f"  {door:<14}  {address}" for door, address in _dns(ready)),
        f"  data directory  {settings.data}{'  (new)' if made else ''}",
        f"  user admin      {settings.data / 'credentials'}  (what `env` uses)",
        f"  root key        {settings.data / 'root-credentials'}  (readable by you alone)",
        "",
        "In a second terminal:",
        f'  eval "$({environment})"',
        "  aws sts get-caller-identity",
    ]
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _dns(ready: Ready) -> list[tuple[str, str]]:
    """Return where DNS clients show their tokens, as far as they are listened to."""
    doors = {
        "DNS over HTTPS": ready.doh and f"{ready.doh}/dns-query",
        "DNS over TLS": ready.dot,
        "plain DNS": ready.do53,
    }
    return [(door, address) for door, address in doors.items() if address]


def _command() -> str:
    """Return how this program can be called from anywhere, ready to paste."""
    program = Path(sys.argv[0]).absolute()
    if program.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m keystead"
    return shlex.quote(str(program))
