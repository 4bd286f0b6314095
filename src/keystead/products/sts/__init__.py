"""STS: who a caller is."""

from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Parts, Product, no_kinds
from keystead.products.sts.caller import Caller


def _parts(base: Foundation) -> Parts:
    del base
    return Parts(Face(groups=[Caller()]))


PRODUCT = Product(name="sts", kinds=no_kinds, parts=_parts)
