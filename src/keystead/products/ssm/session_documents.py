"""Session documents: what a node is ordered once the parameters of one are filled in.

Follows AWS Systems Manager User Guide, "Session document schema". Parameters are checked against their pattern by a
full match and filled in here: a node gets no parameters, since its own substitution would also expand
`{{ssm:…}}`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from keystead.kernel.lazily import later
from keystead.products.ssm.builtin import PREFERENCES, SHELL
from keystead.products.ssm.resources import plain_document_name
from keystead.store.interface import Reader

if TYPE_CHECKING:
    import regex
else:
    regex = later("regex")

DEFAULT_IDLE_MINUTES: Final = 20
SESSION_TYPES: Final = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port")
_PARAMETER: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
LONGEST_PATTERN: Final = 1024
LONGEST_VALUE: Final = 4096
MATCH_SECONDS: Final = 0.05
"""A pattern is its account's own, and runs where everybody waits for it."""

FindDocument = Callable[[Reader, str, str, str], str | None]
"""Returns the content (JSON) of a session document by name, an account's or Amazon's; None if there is none."""


class BadDocument(Exception):
    """The document cannot be used for a session; the text is for the caller."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A document that is ready to be ordered. `most_seconds` is None without a maximum duration.

    `may_be_recorded` is False where its input `recordSession` says so; that input is ours.
    """

    name: str
    session_type: str
    content: Mapping[str, Any]
    idle_seconds: int
    most_seconds: int | None
    may_be_recorded: bool


class SessionDocuments:
    """Finds documents and fills them in."""

    def __init__(self, find: FindDocument) -> None:
        self._find = find

    def fill(
        self,
        reader: Reader,
        account: str,
        region: str,
        name: str,
        parameters: Mapping[str, Sequence[str]],
    ) -> Filled:
        """Return a document with its parameters filled in; an empty name is the preferences. Raises BadDocument.

        What the account's preferences say of idle time and duration holds for every document that says nothing.
        """
        wanted = plain_document_name(account, region, name) if name else PREFERENCES
        if wanted is None:
            raise BadDocument(f"Document with name {name} does not exist.")
        document = self._read(reader, account, region, wanted)
        preferences = document if wanted == PREFERENCES else self._read(reader, account, region, PREFERENCES)
        inputs = {**_mapping(preferences.get("inputs")), **_mapping(document.get("inputs"))}
        session_type = str(document.get("sessionType", ""))
        if session_type not in SESSION_TYPES:
            raise BadDocument(f"Document {wanted} is no session document.")
        if inputs.get("kmsKeyId"):
            raise BadDocument("Sessions encrypted by a KMS key are not supported here: remove kmsKeyId.")
        values = _values(wanted, _mapping(document.get("parameters")), parameters)
        filled = _filled(document.get("properties") or {}, values)
        order = {
            "schemaVersion": "1.0",
            "description": "",
            "sessionType": session_type,
            "inputs": _ordered_inputs(inputs),
            "parameters": {},
            "properties": filled,
        }
        idle = _minutes(inputs, "idleSessionTimeout", 1, 60) or DEFAULT_IDLE_MINUTES
        most = _minutes(inputs, "maxSessionDuration", 1, 1440)
        return Filled(
            wanted,
            session_type,
            order,
            idle * 60,
            most * 60 if most else None,
            not _is_false(inputs.get("recordSession")),
        )

    def _read(self, reader: Reader, account: str, region: str, name: str) -> Mapping[str, Any]:
        content = self._find(reader, account, region, name)
        if content is None:
            if name != PREFERENCES:
                raise BadDocument(f"Document with name {name} does not exist.")
            return SHELL
        try:
            return _mapping(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise BadDocument(f"Document {name} is not JSON.") from error


def _ordered_inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of an order: no destinations that a node would upload to, and only what it understands."""
    return {
        "s3BucketName": "",
        "s3KeyPrefix": "",
        "s3EncryptionEnabled": False,
        "cloudWatchLogGroupName": "",
        "cloudWatchEncryptionEnabled": False,
        "cloudWatchStreamingEnabled": False,
        "kmsKeyId": "",
        "runAsEnabled": _is_true(inputs.get("runAsEnabled")),
        "runAsDefaultUser": str(inputs.get("runAsDefaultUser") or ""),
        "idleSessionTimeout": str(inputs.get("idleSessionTimeout") or DEFAULT_IDLE_MINUTES),
        "maxSessionDuration": str(inputs.get("maxSessionDuration") or ""),
        "shellProfile": _mapping(inputs.get("shellProfile")),
    }


def _values(name: str, declared: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return each parameter's value: what was given, or its default. Raises BadDocument."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise BadDocument(f"Document {name} has no parameter {unknown[0]}.")
    values: dict[str, str] = {}
    for parameter, rule in declared.items():
        rules = _mapping(rule)
        told = given.get(parameter)
        value = "\n".join(told) if told else rules.get("default")
        if value is None:
            raise BadDocument(f"Parameter {parameter} of document {name} is required.")
        if not _is_within(rules, told or [str(value)]):
            raise BadDocument(
                f"Parameter {parameter} of document {name} does not keep to the document's rules."
            )
        pattern = str(rules.get("allowedPattern") or "")
        if pattern and not _is_allowed(pattern, str(value)):
            raise BadDocument(f"Parameter {parameter} of document {name} does not match its allowedPattern.")
        values[parameter] = str(value)
    return values


def _is_within(rules: Mapping[str, Any], told: Sequence[str]) -> bool:
    """Return whether values keep to the rules beside the pattern; a rule that cannot be read lets nothing pass."""
    allowed = rules.get("allowedValues")
    if allowed is not None:
        # Whatever JSON can hold: what is no list allows nothing.
        listed = cast("list[Any]", allowed) if isinstance(allowed, list) else []
        if not {*told} <= {str(each) for each in listed}:
            return False
    lengths = [len(each) for each in told]
    return _is_between(rules, "Items", [len(told)]) and _is_between(rules, "Chars", lengths)


def _is_between(rules: Mapping[str, Any], unit: str, sizes: Sequence[int]) -> bool:
    least, most = rules.get(f"min{unit}"), rules.get(f"max{unit}")
    try:
        return all(
            (least is None or int(least) <= each) and (most is None or each <= int(most)) for each in sizes
        )
    except (TypeError, ValueError, OverflowError):
        return False


def _is_allowed(pattern: str, value: str) -> bool:
    """Return whether a value matches a document's own pattern, which may be broken or made to take for ever: no."""
    if len(pattern) > LONGEST_PATTERN or len(value) > LONGEST_VALUE:
        return False
    try:
        return regex.fullmatch(pattern, value, timeout=MATCH_SECONDS) is not None
    except (regex.error, TimeoutError):
        return False


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Return a document's part with every `{{ parameter }}` replaced; once, so that values are never expanded."""
    if isinstance(value, str):
        return _PARAMETER.sub(lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, dict):
        # JSON keys are texts.
        return {key: _filled(each, values) for key, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in cast("list[Any]", value)]  # Whatever JSON can hold.
    return value


def _minutes(inputs: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    told = str(inputs.get(name) or "")
    return min(max(int(told), least), most) if told.isascii() and told.isdigit() and len(told) < 6 else None


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _mapping(value: object) -> dict[str, Any]:
    # JSON keys are texts.
    return dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else {}
