"""`version`: what runs here."""

from importlib.metadata import version as version_of

import click

from keystead import __version__
from keystead.products.product import discover
from keystead.protocol import Models


@click.command()
def version() -> None:
    """Print the versions of keystead and of the service models that it serves by."""
    models = Models([product.models for product in discover() if product.models is not None])
    names = sorted(product.service_name for product in discover())
    click.echo(f"keystead {__version__}")
    click.echo(
        f"models   botocore {version_of('botocore')}, digest {models.digest(names)} of {', '.join(names)}"
    )
