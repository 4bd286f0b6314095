"""What keeps files readable: their size, docstrings on the core, reasons for casts, and no bare TODO."""

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from rules.source import Finding, Function, Source, dotted

FILE_LINES, FILE_LINES_WARNED, FUNCTION_LINES = 600, 500, 60
DOCUMENTED = ("credentials/", "access/", "protocol/", "kernel/")
REASON = re.compile(r"long because \S+", re.IGNORECASE)
LEFT_OVER = re.compile(r"\b(TODO(?!\(#\d+\): )|FIXME|XXX)\b")


def check_size(source: Source) -> Iterator[Finding]:
    """Find long files and functions whose first comment is not `# Long because …`."""
    length = len(source.lines)
    first = source.comments[min(source.comments)] if source.comments else ""
    if length > FILE_LINES_WARNED and not REASON.match(first):
        is_warning = length <= FILE_LINES
        yield source.finding("size", 1, f"{length} lines: look for the second idea", warning=is_warning)
    for function in source.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES and not _gives_reason(source, function):
            yield source.finding("size", function.lineno, f"{function.name} has {lines} lines")


def _gives_reason(source: Source, function: Function) -> bool:
    inside = range(function.lineno - 1, (function.end_lineno or function.lineno) + 1)
    comments = [source.comments[line] for line in inside if line in source.comments]
    return bool(comments and REASON.match(comments[0]))


def check_docstrings(source: Source) -> Iterator[Finding]:
    """Find public functions of the core without a docstring."""
    if source.is_under(*DOCUMENTED):
        for function in _public_functions(source.tree):
            if ast.get_docstring(function) is None:
                yield source.finding("docstring", function.lineno, f"{function.name} has no docstring")


def _public_functions(scope: ast.Module | ast.ClassDef) -> Iterator[Function]:
    """Return the public functions, and the public methods of public classes."""
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from _public_functions(node)
            elif not (_is_accessor(node) or _is_stub(node)):
                yield node


def _is_stub(function: Function) -> bool:
    """A `...` in a protocol, which the class explains."""
    return ast.unparse(function.body[-1]) == "..." and len(function.body) == 1


def _is_accessor(function: Function) -> bool:
    """A property is a noun: its name says it. An overload's documentation is its implementation's."""
    names = {ast.unparse(decorator) for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "overload", "override"})


def check_casts(source: Source) -> Iterator[Finding]:
    """Find `cast` without a comment on its statement or just above, or where the file imports it."""
    if any(_imports_cast(node) and source.comments_near(node, 1) for node in source.tree.body):
        return
    for statement, call in _casts(source.tree):
        if not source.comments_near(call, 1) and not source.comments_near(statement, 1):
            yield source.finding("cast", call.lineno, "cast without a comment that says why it is true")


def _casts(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, ast.Call]]:
    """Return each cast with the statement it stands in; of a statement with a body, the head's expression."""
    for node in ast.walk(tree):
        heads = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if isinstance(node, ast.stmt):
            for whole in heads if hasattr(node, "body") else [node]:
                yield from ((whole, part) for part in ast.walk(whole) if _is_cast(part))


def _imports_cast(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "cast" for alias in node.names)


def _is_cast(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and dotted(node.func) in {"cast", "typing.cast"}


def check_todos(source: Source) -> Iterator[Finding]:
    """Find work left over that no issue knows."""
    for line, comment in source.comments.items():
        if found := LEFT_OVER.search(comment):
            yield source.finding("todo", line, f"{found[0]} without its issue: `TODO(#12): …`")
