"""SQL lives in few files, names its columns, and is written out: only constants are ever put into it."""

import ast
import re
from collections.abc import Iterator

from rules.source import Finding, Source

RULE = "sql"
HOMES = {"records.py", "shelf.py", "keyring.py"}
STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|REPLACE\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+|TEMP\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s|WITH\s+\w+.*\sAS\s*\()",
    re.DOTALL,
)
EVERY_COLUMN = re.compile(r"\bSELECT\s+(DISTINCT\s+)?(\w+\.)?\*")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def check(source: Source) -> Iterator[Finding]:
    """Find SQL in other files, `SELECT *`, and SQL built from anything but constants."""
    if not source.is_under(""):
        return
    parts = {
        part for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(source.tree):
        if node not in parts:
            yield from _judge(source, node)


def check_file(path: str, text: str) -> Iterator[Finding]:
    """Find `SELECT *` in a migration."""
    for number, line in enumerate(text.splitlines(), 1):
        if EVERY_COLUMN.search(line):
            yield Finding(path, number, RULE, "name the columns")


def _judge(source: Source, node: ast.AST) -> Iterator[Finding]:
    if isinstance(node, ast.Constant | ast.JoinedStr) and STATEMENT.match(text := _text(node)):
        if not (source.name in HOMES or source.name.endswith("_records.py") or source.is_under("store/")):
            yield source.finding(RULE, node.lineno, f"SQL belongs in one of {', '.join(sorted(HOMES))}")
        if EVERY_COLUMN.search(text):
            yield source.finding(RULE, node.lineno, "name the columns")
    for part in _built_from(node):
        if not CONSTANT.fullmatch(ast.unparse(part)):
            yield source.finding(RULE, part.lineno, f"{ast.unparse(part)} in SQL is no constant: bind it")


def _text(node: ast.expr | None) -> str:
    """Return the text of a literal, with a placeholder for each hole of an f-string."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "hole" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _built_from(node: ast.AST) -> list[ast.expr]:
    """Return what is put into a statement: by f-string, `%`, `+` or `format`."""
    if isinstance(node, ast.JoinedStr) and STATEMENT.match(_text(node)):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and STATEMENT.match(_text(node.left)):
        return [] if _text(node.right) else [node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return [node] if STATEMENT.match(_text(node.func.value)) else []
    return []
