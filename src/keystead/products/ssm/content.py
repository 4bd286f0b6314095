"""The text of a document: JSON or YAML in, plain values out, and what each type of document must hold.

Follows the AWS Systems Manager User Guide, "Session document schema" and "Create approval policies for your nodes".
Whatever is wrong with a text is `BadContent`, or `BadSchema` for its schema version.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from keystead.kernel.lazily import later
from keystead.products.ssm.approval_policy import read_automatic, read_manual
from keystead.products.ssm.content_errors import BadContent, BadSchema
from keystead.products.ssm.plain import as_list, as_object

if TYPE_CHECKING:
    import yaml
else:
    yaml = later("yaml")

MAX_BYTES: Final = 64 * 1024
_MAX_DEPTH: Final = 40
"""Deeper than any document of AWS's; without a bound a text of brackets alone could exhaust the stack."""
_SESSION_TYPES: Final = ("Standard_Stream", "Port", "InteractiveCommands", "NonInteractiveCommands")
_MINUTES: Final = {"idleSessionTimeout": 60, "maxSessionDuration": 1440}
NO_KMS: Final = "kmsKeyId is not supported: sessions go over TLS here, and no key service is there."
SCHEMAS: Final = {"Session": "1.0", "ManualApprovalPolicy": "0.3", "AutoApprovalPolicy": "0.3"}
"""The types of documents that are served, and the schema version of each."""


def read(text: str, format_: str) -> dict[str, Any]:
    """Return the object that a text spells. Raises BadContent."""
    if format_ == "JSON":
        value = _read_json(text)
    elif format_ == "YAML":
        value = _read_yaml(text)
    else:
        raise BadContent("The document format must be JSON or YAML.")
    found = as_object(value)
    if found is None:
        raise BadContent("The document must be an object.")
    return found


def _read_json(text: str) -> object:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadContent("JSON not well-formed.") from error
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for each in level for inner in _members(each)]
        if not level:
            return value
    raise BadContent("The document nests too deeply.")


def _members(value: object) -> Iterable[object]:
    """Return what is in an object or a list; nothing for anything else."""
    found = as_object(value)
    return (as_list(value) or ()) if found is None else found.values()


def _read_yaml(text: str) -> object:
    try:
        _check_depth(text)
        loaded: object = yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadContent("YAML not well-formed.") from error
    return loaded


def _check_depth(text: str) -> None:
    """Refuse what nests too deeply or repeats itself by aliases, before anything is built of it."""
    depth = 0
    # Events are untyped in the library.
    events: Any = yaml.parse  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    for event in events(text, Loader=_loader()):
        if isinstance(event, yaml.AliasEvent):
            raise BadContent("YAML aliases are not supported.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise BadContent("The document nests too deeply.")


def _loader() -> Any:
    # yaml's types are partial: that of its loader is stated here.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def write(value: Mapping[str, Any], format_: str) -> str:
    """Return an object as text of the other format, for who asks for it."""
    if format_ == "JSON":
        return msgspec.json.format(msgspec.json.encode(value)).decode()
    dumped: str = yaml.safe_dump(dict(value), sort_keys=False)
    return dumped


def check(document_type: str, name: str, value: Mapping[str, Any]) -> None:
    """Refuse what is no document of its type. Raises BadContent, BadSchema."""
    version = value.get("schemaVersion")
    if str(version) != SCHEMAS[document_type]:
        raise BadSchema(f"The schema version of a {document_type} document must be {SCHEMAS[document_type]}.")
    if document_type == "Session":
        _check_session(value)
    elif document_type == "ManualApprovalPolicy":
        read_manual(value)
    else:
        read_automatic(name, value)


def _check_session(value: Mapping[str, Any]) -> None:
    if value.get("sessionType") not in _SESSION_TYPES:
        raise BadContent(f"sessionType must be one of {', '.join(_SESSION_TYPES)}.")
    inputs = _object(value, "inputs")
    for member, most in _MINUTES.items():
        minutes(inputs, member, most)
    if inputs.get("kmsKeyId"):
        raise BadContent(NO_KMS)
    for parameter in _object(value, "parameters").values():
        if as_object(parameter) is None:
            raise BadContent("Each parameter must be an object.")
    _object(value, "properties")


def _object(value: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    found = as_object(value.get(member) or {})
    if found is None:
        raise BadContent(f"{member} must be an object.")
    return found


def minutes(inputs: Mapping[str, Any], member: str, most: int) -> int | None:
    """Return a number of minutes, 1 to `most`, None when it is absent or empty. Raises BadContent."""
    found = inputs.get(member)
    if found is None or found == "":
        return None
    text = str(found)
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= most):
        raise BadContent(f"{member} must be a number of minutes from 1 to {most}.")
    return int(text)
