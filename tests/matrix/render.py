"""Prints the matrix into the docs: `python -m matrix.render [--check]` with `tests` on the path.

`--check` writes nothing and fails when the page is not what the table says.
"""

import sys
from pathlib import Path

from matrix.expectations import CONDITIONS, MATRIX, Row

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "matrix.md"
_HEAD = """\
# Which credential opens which door

Generated from `tests/matrix/expectations.py` by `python -m matrix.render`; every cell is a test.
A cell says what the door answers: the HTTP status and, where it refuses, the error's code.
"""


def page() -> str:
    """Return the page as Markdown."""
    meanings = [f"- **{name}**: {meaning}" for name, meaning in CONDITIONS.items()]
    return "\n".join([_HEAD, *meanings, "", *_table(), "", *_notes(), ""])


def _table() -> list[str]:
    head = ["credential", "door", *CONDITIONS]
    return [_line(head), _line(["---"] * len(head)), *(_line(_cells(row)) for row in MATRIX)]


def _cells(row: Row) -> list[str]:
    answers = [str(row.outcomes[condition]) for condition in CONDITIONS]
    return [f"`{row.kind}` of {row.holder}", row.door, *answers]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes() -> list[str]:
    return [f"- `{row.kind}` of {row.holder}, {row.door}: {row.note}" for row in MATRIX if row.note]


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is up to date. Returns the exit status."""
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text() == page():
            return 0
        print(
            f"{PAGE} is not what the matrix says; run `PYTHONPATH=tests python -m matrix.render`",
            file=sys.stderr,
        )
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
