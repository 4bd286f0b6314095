"""`Source`: a Python file as the rules see it, and `Finding`: what a rule has to say about a line of it."""

import ast
import io
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Finding:
    """One breach. A `warning` is shown and does not fail the run."""

    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        level = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {level}[{self.rule}] {self.message}"


@dataclass(frozen=True)
class Source:
    """A file: its path from the root of the checkout, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def comments(self) -> dict[int, str]:
        """Return the comments by line, without their `#`."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {
            token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT
        }

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def is_under(self, *folders: str) -> bool:
        """Tell whether the file lies in one of these folders of the product, as `kernel` or `app`."""
        return any(self.path.startswith(f"src/keystead/{folder}") for folder in folders)

    def comments_near(self, node: ast.expr | ast.stmt, above: int) -> str:
        """Return what the comments on a node's lines, and on so many lines above it, say."""
        lines = range(node.lineno - above, (node.end_lineno or node.lineno) + 1)
        return " ".join(self.comments[line] for line in lines if line in self.comments)

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def finding(self, rule: str, line: int, message: str, *, warning: bool = False) -> Finding:
        return Finding(self.path, line, rule, message, warning)


Rule = Callable[[Source], Iterator[Finding]]


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or a chain of attributes, and nothing for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""
