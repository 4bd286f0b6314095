"""The service models: found, read and compiled, each at its first use.

Botocore's data folder is read as files; botocore itself is never imported, which would cost more than
everything else a start does. Products may bring model files of their own in botocore's format. Botocore's
`sdk-extras` are not applied: they adapt clients.
"""

import gzip
import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from keystead.protocol.description import Description, Operation, convert_description, read_description
from keystead.protocol.faults import ErrorShape, Fault, error_shape
from keystead.protocol.jsonrpc import JsonRPCCodec
from keystead.protocol.messages import validation_code
from keystead.protocol.operation import Codec, CompiledOperation, validation
from keystead.protocol.query import QueryCodec
from keystead.protocol.restjson import RestJsonCodec
from keystead.protocol.restxml import RestXmlCodec
from keystead.protocol.route import Router
from keystead.protocol.shapes import Shape, resolve
from keystead.protocol.validate import Validator
from keystead.protocol.wire import WireResponse

PROTOCOLS = ("query", "json", "rest-json", "rest-xml")


class UnknownService(LookupError):
    """No model has this name."""


class Models:
    """The catalogue of services; one per process, handed to whoever needs it.

    `sources` are searched before botocore's data: each is a folder laid out like botocore's
    (`NAME/VERSION/service-2.json`, `.gz` or not), or one model file `NAME.json`. A service read once is
    kept for the life of the catalogue: models do not change while we run.
    """

    def __init__(self, sources: Sequence[Path] = ()) -> None:
        self._sources = tuple(sources)
        self._services: dict[str, ServiceModel] = {}

    def service(self, name: str) -> "ServiceModel":
        """Return the newest version of the service called `name` in botocore's data. Raises `UnknownService`."""
        known = self._services.get(name)
        if known is None:
            known = ServiceModel(name, read_description(self.content(name)))
            self._services[name] = known
        return known

    def content(self, name: str) -> bytes:
        """Return the model file of `name`, uncompressed. Raises `UnknownService`."""
        return _read(self._find(name))

    def digest(self, names: Iterable[str] = ()) -> str:
        """Return a digest of the model files of `names`, or of the services read so far: 16 hex digits."""
        total = hashlib.sha256()
        for name in sorted(names or self._services):
            total.update(f"{name}\0".encode() + hashlib.sha256(self.content(name)).digest())
        return total.hexdigest()[:16]

    def _find(self, name: str) -> Path:
        if name.isascii() and name.replace("-", "").isalnum():
            for source in (*self._sources, botocore_data()):
                found = _find_in(source, name)
                if found is not None:
                    return found
        raise UnknownService(f"there is no model of a service {name!r}")


class ServiceModel:
    """One service: its names on the wire, its operations, its routes."""

    def __init__(self, name: str, description: Description | Mapping[str, Any]) -> None:
        if not isinstance(description, Description):
            description = convert_description(dict(description))
        metadata = description.metadata
        self.name = name
        self.protocol = _protocol(name, (metadata.protocol, *metadata.protocols))
        self.api_version = metadata.api_version
        self.signing_name = metadata.signing_name or metadata.endpoint_prefix
        self.endpoint_prefix = metadata.endpoint_prefix
        self.target_prefix = metadata.target_prefix
        self.json_version = metadata.json_version
        self.service_id = metadata.service_id
        self.is_query_compatible = metadata.aws_query_compatible is not None
        self.operation_names = tuple(description.operations)
        self._description = description
        self._operations: dict[str, CompiledOperation] = {}
        self._validator = Validator(name)

    def operation(self, name: str) -> CompiledOperation:
        """Return the operation `name`, compiled at the first call. Raises `KeyError` if the service lacks it."""
        known = self._operations.get(name)
        if known is None:
            known = self._operations[name] = self._compile(self._description.operations[name])
        return known

    def error(self, shape: str) -> ErrorShape:
        """Return an error of the service by its shape, whichever operations list it. Raises `KeyError`."""
        return error_shape(self._description.shapes, shape)

    def match_rest(
        self, method: str, raw_path: bytes, query: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[str, dict[str, str]] | None:
        """Return the operation and labels that a REST request means, or None.

        `headers` only tell operations apart that share method and template (S3: PutObject, CopyObject).
        Raises `Unreadable` for a path that cannot be decoded.
        """
        return self._router.match(method, raw_path, query, headers or {})

    @property
    def first_segments(self) -> frozenset[str]:
        """The fixed first segments of the paths of a REST service's operations."""
        paths = (operation.http.request_uri for operation in self._description.operations.values())
        firsts = {path.partition("?")[0].lstrip("/").partition("/")[0] for path in paths}
        return frozenset(first for first in firsts if first and "{" not in first)

    def serialise_error(
        self,
        *,
        code: str,
        status: int,
        message: str,
        request_id: str,
        sender: bool | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> WireResponse:
        """Return an error of no particular operation; `sender` defaults to whether `status` is below 500."""
        at_fault = sender if sender is not None else status < 500
        return self._codec.error(Fault(code, status, message, request_id, at_fault, members or {}, None))

    @cached_property
    def xml_namespace(self) -> str | None:
        """The namespace of the service's documents; REST services only have it at their inputs."""
        references = (operation.input for operation in self._description.operations.values())
        inputs = (reference.xml_namespace for reference in references if reference is not None)
        found = next((one for one in (self._description.metadata.xml_namespace, *inputs) if one), None)
        return found if found is None or isinstance(found, str) else found.uri

    @cached_property
    def _router(self) -> Router:
        return Router(self._description.operations.values(), self._description.shapes)

    @cached_property
    def _codec(self) -> Codec:
        match self.protocol:
            case "query":
                return QueryCodec(self.xml_namespace)
            case "json":
                return JsonRPCCodec(self.json_version, self.is_query_compatible)
            case "rest-json":
                return RestJsonCodec()
            case _:
                return RestXmlCodec(self.xml_namespace, is_s3=self.service_id == "S3")

    def _compile(self, operation: Operation) -> CompiledOperation:
        shapes = self._description.shapes
        takes = resolve(shapes, operation.input) if operation.input else None
        gives = resolve(shapes, operation.output) if operation.output else None
        errors: dict[str, ErrorShape] = {
            reference.shape: error_shape(shapes, reference.shape) for reference in operation.errors
        }
        code = validation_code(self.name, self.protocol, tuple(errors))
        check = self._validator.check(takes) if takes is not None else None
        return CompiledOperation(
            name=operation.name,
            service=self.name,
            method=operation.http.method,
            request_uri=operation.http.request_uri,
            input=takes,
            output=gives,
            idempotency_member=_marked(takes, "idempotency_token"),
            host_prefix=operation.endpoint.host_prefix,
            host_labels=tuple(_all_marked(takes, "host_label")),
            is_unsigned=operation.authtype == "none" or "smithy.api#noAuth" in operation.auth,
            errors=errors,
            validation_code=code,
            parse=self._codec.parser(operation, takes),
            validate=validation(check, self.name, code),
            serialise=self._codec.serialiser(operation, gives),
            _write_error=self._codec.error,
        )


def default_error(
    code: str, status: int, message: str, request_id: str, *, is_json: bool = False
) -> WireResponse:
    """Return an error for a request whose service is unknown.

    It is the query protocol's under AWS's own namespace, or the JSON protocols' where the request was JSON.
    """
    fault = Fault(code, status, message, request_id, status < 500, {}, None)
    if is_json:
        return JsonRPCCodec("1.1", is_query_compatible=False).error(fault)
    return QueryCodec("http://webservices.amazon.com/AWSFault/2005-15-09").error(fault)


def _marked(shape: Shape | None, trait: str) -> str | None:
    return next(iter(_all_marked(shape, trait)), None)


def _all_marked(shape: Shape | None, trait: str) -> list[str]:
    members = {} if shape is None else shape.members
    return [name for name, member in members.items() if getattr(member.reference, trait)]


def _protocol(name: str, offered: Iterable[str]) -> str:
    found = next((protocol for protocol in offered if protocol in PROTOCOLS), None)
    if found is None:
        raise UnknownService(f"service {name!r} speaks no protocol that is known here")
    return found


def botocore_data() -> Path:
    """Return the folder of the service models that botocore carries. Raises UnknownService."""
    # Finding a top-level package does not import it.
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise UnknownService("botocore, which carries the service models, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


def _find_in(source: Path, name: str) -> Path | None:
    if source.is_file():
        return source if source.name.removesuffix(".gz").removesuffix(".json") == name else None
    # Versions are dates, so that the newest is also the last by name.
    for version in sorted((source / name).glob("*/"), reverse=True):
        for file in ("service-2.json.gz", "service-2.json"):
            if (version / file).is_file():
                return version / file
    return None


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
