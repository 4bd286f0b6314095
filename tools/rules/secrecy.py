"""Secrets appear once: `reveal()` says why, and nothing secret goes into a log, a message or a printed line.

By name, as a machine can: a variable called `session_token` is taken for a secret. Where one must be printed, as
by `env --secrets`, a comment that begins with "Reveal" says why.
"""

import ast
from collections.abc import Iterator

from rules.source import Finding, Source, dotted

REVEALING = "reveal"
TELLING = "tells-a-secret"
SECRET_WORDS = {"secret", "token", "password", "passphrase", "authorization", "signature"}
LOG_CALLS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
PRINTERS = {"print", "click.echo", "click.secho", "warnings.warn", "sys.stderr.write", "sys.stdout.write"}
HARMLESS = {"len", "bool", "type", "isinstance", "digest", "hash", "without_signature"}
"""Functions whose result tells nothing of their argument's worth."""
LINES_ABOVE = 3


def check_reveal(source: Source) -> Iterator[Finding]:
    """Find `.reveal()` without its reason."""
    for call in reveals(source):
        if "reveal" not in source.comments_near(call, LINES_ABOVE).lower():
            yield source.finding(
                REVEALING, call.lineno, "reveal() without a comment nearby that says why (`# Reveal: …`)"
            )


def reveals(source: Source) -> Iterator[ast.Call]:
    """Return the calls of `.reveal()`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reveal":
            yield node


def check_telling(source: Source) -> Iterator[Finding]:
    """Find secrets handed to logs, exceptions and printed lines."""
    if not source.is_under(""):
        return
    for place, told in _told(source.tree):
        names = sorted({name for node in told for name in _secrets_in(node)})
        if names and "reveal" not in source.comments_near(place, LINES_ABOVE).lower():
            yield source.finding(TELLING, place.lineno, f"{', '.join(names)} would be told here")


def _told(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, list[ast.expr]]]:
    """Return each place that tells somebody something, with what it tells."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _is_class(node.exc.func):
            yield node, _arguments(node.exc)
        elif isinstance(node, ast.Call) and (dotted(node.func) in PRINTERS or _is_log_call(node)):
            yield node, _arguments(node)


def _is_class(called: ast.expr) -> bool:
    """Tell an exception's class from a function that builds one and looks after what it tells."""
    return dotted(called).split(".")[-1].strip("_")[:1].isupper()


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _is_log_call(call: ast.Call) -> bool:
    *owner, method = dotted(call.func).split(".")
    return (
        bool(owner) and method in LOG_CALLS and owner[-1].strip("_").lower() in {"log", "logger", "logging"}
    )


def _secrets_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        name = _last_name(node)
        if name.lower().rsplit("_", 1)[-1] in SECRET_WORDS and not name.isupper():
            yield name
    for child in _parts(node):
        yield from _secrets_in(child)


def _parts(node: ast.AST) -> list[ast.AST]:
    """Return what an expression is made of; of a call not the function's name, but what it is a method of."""
    if not isinstance(node, ast.Call):
        return list(ast.iter_child_nodes(node))
    if dotted(node.func).split(".")[-1].strip("_") in HARMLESS:
        return []
    owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    return [*owner, *_arguments(node)]


def _last_name(node: ast.Name | ast.Attribute | ast.Subscript) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    key = node.slice
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
