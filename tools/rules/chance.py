"""Time and randomness are arguments (DESIGN rule 9): only the kernel asks the machine for them."""

import ast
from collections.abc import Iterator

from rules.source import Finding, Source, dotted

RULE = "chance"
MODULES = {"secrets", "random", "uuid"}
FUNCTIONS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "date.today",
    "datetime.date.today",
    "os.urandom",
    "os.getrandom",
    "ssl.RAND_bytes",
}


def check(source: Source) -> Iterator[Finding]:
    """Find clocks and randomness that did not come through a constructor."""
    if not source.is_under("") or source.is_under("kernel"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute):
            for taken in _taken(node):
                yield source.finding(
                    RULE, node.lineno, f"{taken} outside kernel/: take a Clock or an Entropy"
                )


def _taken(node: ast.Import | ast.ImportFrom | ast.Attribute) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [name] if (name := dotted(node)) in FUNCTIONS else []
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.Import):
        return [name for name in names if name in MODULES]
    if node.module in MODULES:
        return [node.module]
    return [whole for name in names if (whole := f"{node.module}.{name}") in FUNCTIONS]
