"""Times as people type them."""

import re
from datetime import UTC, datetime, timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(text: str) -> timedelta:
    """Return the span that `5s`, `90m`, `12h`, `30d` or `2w` spells, with an optional sign. Raises BadParameter."""
    match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)([smhdw])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no span such as 90m or 30d")
    size = timedelta(**{_UNITS[match[3]]: float(match[2])})
    return -size if match[1] == "-" else size


def moment(text: str, now: datetime) -> datetime:
    """Return the time that ISO 8601 or a span from `now` spells; without a zone it is UTC. Raises BadParameter."""
    if text.startswith("+"):
        return now + span(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither ISO 8601 nor a span such as +30d") from error
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
