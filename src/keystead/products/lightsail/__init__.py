"""Lightsail: buckets, the access keys that each opens one of them, and the S3 door where those are shown."""

from pathlib import Path

from keystead.gateway.operations import Face
from keystead.products.lightsail.assembly import s3
from keystead.products.lightsail.kinds import kinds
from keystead.products.product import Foundation, Parts, Product


def _parts(base: Foundation) -> Parts:
    objects = s3(base)
    return Parts(Face(groups=[]), doors=[objects.door], workers=objects.workers)


PRODUCT = Product(
    name="lightsail", kinds=kinds, parts=_parts, migrations=Path(__file__).with_name("migrations")
)
