"""STS: who a caller is."""

from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Product, no_kinds
from keystead.products.sts.caller import Caller


def _face(base: Foundation) -> Face:
    del base
    return Face(groups=[Caller()])


PRODUCT = Product(name="sts", kinds=no_kinds, face=_face)
