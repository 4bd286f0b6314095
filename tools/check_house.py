"""Checks the house's own rules on this checkout, and lists who reveals secrets: `python tools/check_house.py`.

Each rule lies in `tools/rules/` beside what it forbids and why; `tests/house` plants a breach of each.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rules import chance, form, secrecy, sql
from rules.source import Finding, Rule, Source

ROOT = Path(__file__).resolve().parent.parent
GENERATED = "src/keystead/types/"

PRODUCT_RULES: list[Rule] = [
    chance.check,
    sql.check,
    secrecy.check_reveal,
    secrecy.check_telling,
    form.check_docstrings,
    form.check_casts,
]
EVERY_RULE: list[Rule] = [form.check_size, form.check_todos]
"""What holds for tests and tools as well."""


def sources(root: Path) -> Iterator[Source]:
    """Return the Python files of the checkout."""
    for folder in ("src", "tests", "tools", "bench", "prove"):
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not name.startswith(GENERATED):
                yield Source(name, path.read_text())


def breaches(found: Iterable[Source]) -> Iterator[Finding]:
    """Return what the rules say about these files."""
    for source in found:
        rules = PRODUCT_RULES + EVERY_RULE if source.path.startswith("src/") else EVERY_RULE
        for rule in rules:
            yield from rule(source)


def migrations(root: Path) -> Iterator[Finding]:
    """Return what the rules say about SQL files."""
    for path in sorted((root / "src").rglob("*.sql")):
        yield from sql.check_file(path.relative_to(root).as_posix(), path.read_text())


def revealers(found: Iterable[Source]) -> Iterator[str]:
    """Return where secrets are revealed, one `path:line function` each."""
    for source in found:
        if source.path.startswith("src/"):
            for call in secrecy.reveals(source):
                yield f"{source.path}:{call.lineno} {_function_around(source, call)}"


def _function_around(source: Source, call: ast.Call) -> str:
    around = [f for f in source.functions() if f.lineno <= call.lineno <= (f.end_lineno or 0)]
    return around[-1].name if around else "(module)"


def main() -> int:
    """Print the breaches and the callers of `reveal()`; return 1 if something must change."""
    everything = list(sources(ROOT))
    found = sorted([*breaches(everything), *migrations(ROOT)])
    for finding in found:
        print(finding)
    print("Secrets are revealed at:", *revealers(everything), sep="\n  ")
    failures = sum(not finding.warning for finding in found)
    print(f"House rules: {len(everything)} files, {failures} breaches, {len(found) - failures} warnings.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
