"""Lightsail: buckets, the access keys that each opens one of them, and the S3 door where those are shown."""

from pathlib import Path

from keystead.products.lightsail.assembly import s3
from keystead.products.lightsail.face import lightsail_face, measuring
from keystead.products.lightsail.kinds import kinds
from keystead.products.lightsail.objects import object_records
from keystead.products.product import Foundation, Parts, Product


def _parts(base: Foundation) -> Parts:
    objects = s3(base)
    return Parts(
        lightsail_face(base, object_records),
        doors=[objects.door],
        workers=[*objects.workers, measuring(base, object_records)],
    )


PRODUCT = Product(
    name="lightsail", kinds=kinds, parts=_parts, migrations=Path(__file__).with_name("migrations")
)
