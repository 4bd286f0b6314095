"""How results are printed: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence

import click


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as aligned columns under their names; what is missing is a dash."""
    return Columns(columns).add(rows)


class Columns:
    """A table that may grow: columns stay as wide as they were once."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._widths = [0 for _ in columns]
        self._heading = [[column.replace("_", " ") for column in columns]]

    def add(self, rows: Sequence[Mapping[str, object]]) -> str:
        """Return more rows, the first time under the names of the columns."""
        cells = [*self._heading, *([_cell(row.get(column)) for column in self._columns] for row in rows)]
        self._heading = []
        for line in cells:
            self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, line, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, self._widths, strict=True)).rstrip()
            for line in cells
        )


def pairs(content: Mapping[str, object]) -> str:
    """Return one thing as a line per member."""
    width = max(len(name) for name in content)
    return "\n".join(
        f"{name.replace('_', ' ').ljust(width)}  {_cell(value)}" for name, value in content.items()
    )


def show_one(content: Mapping[str, object], as_json: bool) -> None:
    """Print one thing: as JSON, or as a line per member."""
    if as_json:
        show_json(content)
    else:
        click.echo(pairs(content))


def show_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str], as_json: bool) -> None:
    """Print things: all their members as JSON, or some of them as columns."""
    if as_json:
        show_json(rows)
    else:
        click.echo(table(rows, columns))


def show_json(content: object) -> None:
    """Print content as JSON."""
    click.echo(json.dumps(content, indent=2))


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
