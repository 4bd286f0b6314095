"""Shapes, resolved: a definition seen from one place that refers to it, with the traits of both.

Follows botocore's rule that a trait at the reference wins over the same trait at the definition. Compilers
walk these once per operation; nothing here runs per request.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.protocol.description import Definition, Namespace, Reference


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One shape at one place. `kind` is botocore's type name: structure, list, map, string, integer, …"""

    name: str
    definition: Definition
    reference: Reference
    shapes: Mapping[str, Definition]

    @property
    def kind(self) -> str:
        return self.definition.type

    @property
    def location(self) -> str | None:
        return self.reference.location

    @property
    def is_in_request_body(self) -> bool:
        return self.reference.location is None

    @property
    def is_in_response_body(self) -> bool:
        """Tell whether a member of an output is in the body; places of a URI mean nothing in a response."""
        return self.reference.location not in ("header", "headers", "statusCode")

    @property
    def wire_name(self) -> str | None:
        """The `locationName`: how the place is called on the wire, where that differs from its own name."""
        return self.reference.location_name or self.definition.location_name

    def wire_names(self, name: str) -> tuple[str, ...]:
        """Return what a member called `name` may be called on the wire, the right name first.

        Where the place has no name of its own, Smithy takes the member's and botocore the definition's; for
        flattened lists Smithy takes the place's name and botocore the element's. So clients differ.
        """
        element = self.definition.member if self.is_flattened else None
        names = (
            self.reference.location_name,
            element and element.location_name,
            self.definition.location_name,
        )
        found = tuple(dict.fromkeys(one for one in names if one))
        return found if self.reference.location_name else (*found, name)

    @property
    def root_names(self) -> frozenset[str]:
        """The names that a document of this shape may have at its root; generators of clients differ."""
        names = (self.reference.location_name, self.definition.location_name, self.name)
        return frozenset(name for name in names if name)

    @property
    def is_flattened(self) -> bool:
        return _first(self.reference.flattened, self.definition.flattened)

    @property
    def is_streaming(self) -> bool:
        return _first(self.reference.streaming, self.definition.streaming)

    @property
    def is_jsonvalue(self) -> bool:
        return _first(self.reference.jsonvalue, self.definition.jsonvalue)

    @property
    def is_xml_attribute(self) -> bool:
        return self.reference.xml_attribute

    @property
    def timestamp_format(self) -> str | None:
        return self.reference.timestamp_format or self.definition.timestamp_format

    @property
    def xml_namespace(self) -> Namespace | None:
        found = self.reference.xml_namespace or self.definition.xml_namespace
        return Namespace(found) if isinstance(found, str) else found

    @property
    def is_document(self) -> bool:
        return self.definition.document

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.definition.required)

    @property
    def payload(self) -> str | None:
        return self.definition.payload

    @property
    def members(self) -> dict[str, "Shape"]:
        return {name: resolve(self.shapes, place) for name, place in self.definition.members.items()}

    @property
    def element(self) -> "Shape":
        return self._part(self.definition.member)

    @property
    def key(self) -> "Shape":
        return self._part(self.definition.key)

    @property
    def value(self) -> "Shape":
        return self._part(self.definition.value)

    def _part(self, place: Reference | None) -> "Shape":
        if place is None:
            raise ValueError(f"{self.name} is a {self.kind} and lacks a part that its kind must have")
        return resolve(self.shapes, place)


def resolve(shapes: Mapping[str, Definition], reference: Reference) -> Shape:
    """Return the shape that `reference` points to, as seen from there. `KeyError` if the model lacks it."""
    return Shape(reference.shape, shapes[reference.shape], reference, shapes)


def by_wire_name(members: Mapping[str, Shape]) -> dict[str, str]:
    """Return every name under which a member may be sent, with the member's own; no second name takes a first."""
    names = {name: member.wire_names(name) for name, member in members.items()}
    found = {wires[0]: name for name, wires in names.items()}
    for name, wires in names.items():
        for wire in wires[1:]:
            found.setdefault(wire, name)
    return found


def _first(own: bool | None, inherited: bool | None) -> bool:
    return bool(inherited if own is None else own)
