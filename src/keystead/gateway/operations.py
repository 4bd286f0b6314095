"""The table of operations: what the products' groups declare, checked against the models at start-up.

A declared operation exists in its service's model, exactly once, with an action and a resource; or the server
refuses to start. What a model has and nobody declared answers one honest "not implemented".
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keystead.access.policy import ResourceSide
from keystead.access.policy.context import Values
from keystead.access.refusals import Family
from keystead.access.sigv4 import ServiceRules, rules_for
from keystead.gateway.call import Call
from keystead.kernel.errors import DomainError
from keystead.protocol import CompiledOperation, Models, ServiceModel, Unreadable
from keystead.protocol.redact import Redact, redactor
from keystead.store.interface import Reader
from keystead.types.errors import OperationError
from keystead.types.operation import Declaration, declaration_of

_REST = frozenset({"rest-json", "rest-xml"})

Translate = Callable[[DomainError], OperationError | None]
# Each answer takes the class of its own row, which no type of a list can say.
Translations = Sequence[tuple[type[DomainError], Callable[..., OperationError]]]
ResourceARN = Callable[[Reader, Call, str, Mapping[str, Any]], str]
ConditionKey = Callable[[Reader, Call, Mapping[str, Any], str], Values | None]

ResourceSideOf = Callable[[Reader, Call, str, Mapping[str, Any]], ResourceSide | None]
FurtherActions = Callable[[Reader, Call, Mapping[str, Any]], Sequence[str]]


class BadDeclaration(Exception):
    """A product declares an operation that cannot be served as declared."""


def no_translation(error: DomainError) -> OperationError | None:
    """Translate nothing: the operations of this face raise modelled errors only."""
    del error
    return None


def translation(table: Translations) -> Translate:
    """Return what answers a domain error by the first row of its class, and None where there is no such row."""

    def translate(error: DomainError) -> OperationError | None:
        return next((answer(error) for kind, answer in table if isinstance(error, kind)), None)

    return translate


def plain_resource(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN of the template filled from the request, for services whose ARNs need no look-up.

    A member that the request leaves out stands as `*`. A template that is an ARN already is only filled.
    """
    del reader
    if template == "*":
        return template
    filled = template.format_map(_Members(request))
    if filled.startswith("arn:"):
        return filled
    service = call.action.partition(":")[0]
    return f"arn:aws:{service}:{call.region}:{call.principal.account}:{filled}"


class _Members(dict[str, Any]):
    """Members of a request, of which those left out read as `*`."""

    def __missing__(self, name: str) -> str:
        return "*"


def no_keys(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Know no condition key: policies see only the global ones at this service."""
    del reader, call, request, key
    return None


def no_resource_policy(
    reader: Reader, call: Call, arn: str, request: Mapping[str, Any]
) -> ResourceSide | None:
    """Say that resources are the caller's account's and have no policies of their own."""
    del reader, call, arn, request
    return None


def no_further_actions(reader: Reader, call: Call, request: Mapping[str, Any]) -> Sequence[str]:
    """Ask for no other action than the operation's own."""
    del reader, call, request
    return ()


def no_members(violations: Sequence[str]) -> Mapping[str, Any]:
    """Say nothing of broken constraints but the message: the service's error has no other members."""
    del violations
    return {}


@dataclass(frozen=True, slots=True)
class Face:
    """The API side of a product: its groups of operations, and how its errors and resources are spelt.

    `condition_key` gives the values of the service's own condition keys, by name in lower case. `resource_side`
    says whose account a resource (by ARN) is in and what policy it has, None for one of the caller's account
    without any; it may raise an error that the operation may answer. `further_actions` names what a request must be
    allowed beside its operation's own action, on the same resources. `invalid_members` gives what the service's
    validation error holds beside its message, from the constraints that a request broke.
    """

    groups: Sequence[object]
    translate: Translate = no_translation
    resource_arn: ResourceARN = plain_resource
    condition_key: ConditionKey = no_keys
    resource_side: ResourceSideOf = no_resource_policy
    further_actions: FurtherActions = no_further_actions
    invalid_members: Callable[[Sequence[str]], Mapping[str, Any]] = no_members


@dataclass(slots=True)
class Entry:
    """One operation, ready to be called. What is compiled is compiled at its first call."""

    declaration: Declaration
    method: Callable[[Call, Any], Any]
    service: "Service"
    face: Face
    prepare: Callable[[Call, Any], Awaitable[Any]] | None = None
    resources: Sequence[str] = field(init=False)
    """Templates of what a policy must allow the action on: all of them."""
    _compiled: "Compiled | None" = None

    def __post_init__(self) -> None:
        self.resources = tuple(self.declaration.resource.split())

    @property
    def waits(self) -> bool:
        """Whether the operation's answer has to be awaited."""
        return self.declaration.form == "write" or self.prepare is not None

    @property
    def compiled(self) -> "Compiled":
        """The operation's parser and serialiser, and what hides secrets from the journal."""
        if self._compiled is None:
            operation = self.service.model.operation(self.declaration.name)
            self._compiled = Compiled(operation, redactor(operation.input), redactor(operation.output))
        return self._compiled


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the model makes of one operation."""

    operation: CompiledOperation
    redact_request: Redact
    redact_response: Redact


@dataclass(frozen=True, slots=True)
class Service:
    """A service that some product serves."""

    name: str
    model: ServiceModel
    family: Family
    rules: ServiceRules
    event_source: str
    entries: dict[str, Entry]


class OperationTable:
    """Every operation that this authority serves, found by what a request shows."""

    def __init__(self, models: Models, faces: Iterable[Face], regions: Sequence[str], region: str) -> None:
        self._models = models
        # IAM and its kin sign for us-east-1 at AWS, but for the client's own region where an endpoint is given
        # by hand, as it is here; so every service is served in every region.
        self._regions = frozenset(regions) | {region}
        self._region = region
        self.services: dict[str, Service] = {}
        for face in faces:
            for group in face.groups:
                self._add_group(face, group)
        served = list(self.services.values())
        query = [each for each in served if each.model.protocol == "query"]
        self.by_version = _told_apart([(each.model.api_version, each) for each in query])
        rpc = [each for each in served if each.model.protocol == "json"]
        self.by_target = _told_apart([(each.model.target_prefix, each) for each in rpc])
        self.by_signing_name = _told_apart([(each.rules.service, each) for each in served])

    @property
    def first_segments(self) -> frozenset[str]:
        """The first segments of paths that belong to the REST services served."""
        rest = (each for each in self.services.values() if each.model.protocol in _REST)
        return frozenset(segment for service in rest for segment in service.model.first_segments)

    def names_rest_operation(self, method: str, raw_path: bytes, query: bytes) -> bool:
        """Return whether method and path are those of an operation of a REST service that is served."""
        for service in self.services.values():
            if service.model.protocol not in _REST:
                continue
            try:
                if service.model.match_rest(method, raw_path, query) is not None:
                    return True
            except Unreadable:
                continue
        return False

    def _add_group(self, face: Face, group: object) -> None:
        for name in dir(type(group)):
            declaration = declaration_of(getattr(type(group), name))
            if declaration is not None:
                prepare = getattr(group, declaration.prepare) if declaration.prepare else None
                self._add(face, declaration, getattr(group, name), prepare)

    def _add(
        self,
        face: Face,
        declaration: Declaration,
        method: Callable[[Call, Any], Any],
        prepare: Callable[[Call, Any], Awaitable[Any]] | None,
    ) -> None:
        service = self.services.get(declaration.service) or self._open(declaration.service)
        if declaration.name not in service.model.operation_names:
            raise BadDeclaration(f"{declaration.service} has no operation {declaration.name}")
        if declaration.name in service.entries:
            raise BadDeclaration(f"{declaration.service}:{declaration.name} is declared twice")
        if not declaration.resource.split() or not declaration.action:
            # Without any resource there would be nothing to decide on, and so nothing to deny.
            raise BadDeclaration(f"{declaration.service}:{declaration.name} lacks an action or a resource")
        service.entries[declaration.name] = Entry(declaration, method, service, face, prepare)

    def _open(self, name: str) -> Service:
        model = self._models.service(name)
        service = Service(
            name=name,
            model=model,
            family=_family(model),
            rules=rules_for(model.signing_name, self._regions, self._region),
            event_source=f"{model.endpoint_prefix}.amazonaws.com",
            entries={},
        )
        self.services[name] = service
        return service


def _told_apart(services: Sequence[tuple[str | None, Service]]) -> dict[str | None, Service]:
    """Return services by what requests show of them. Raises BadDeclaration when two show the same."""
    found: dict[str | None, Service] = {}
    for shown, service in services:
        other = found.setdefault(shown, service)
        if other is not service:
            raise BadDeclaration(f"requests for {other.name} and {service.name} both show {shown}")
    return found


def _family(model: ServiceModel) -> Family:
    families: dict[str, Family] = {"query": "query", "json": "json", "rest-json": "rest-json"}
    # Of the rest-xml services only S3 answers in its own way; the others authenticate like query services.
    return families.get(model.protocol, "s3" if model.name == "s3" else "query")
