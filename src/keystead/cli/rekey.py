"""`rekey`: a new root key, and every secret sealed anew."""

import click

from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_json


@click.command()
@data_option
@json_option
def rekey(data: str | None, as_json: bool) -> None:
    """Rotate the root key and the sealing keys, while the server serves. Safe to interrupt and to repeat."""
    settings = settings_from(data=data)
    done = call(settings, "rekey", {})
    if as_json:
        show_json(done)
        return
    click.echo(
        f"Sealed {done['secrets']} secrets of {done['accounts']} account(s) anew; "
        f"the old root key is gone from {settings.root_key_path}. Back that file up again."
    )
