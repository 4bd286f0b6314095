"""Timestamps in the three formats of the AWS protocols: date-time, HTTP date, and epoch seconds.

Follows Smithy's `timestampFormat` trait: `iso8601` is RFC 3339 (any offset is read, `Z` is written),
`rfc822` is the IMF-fixdate of RFC 9110, `unixTimestamp` is seconds with an optional fraction. AWS writes
milliseconds at the most; finer parts are cut.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ISO8601 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_RFC822 = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) "
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)? (?:GMT|UTC|[+-]0000)",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?(?:[eE]\+?\d{1,2})?", re.ASCII)


def parse_iso8601(text: str) -> datetime:
    """Return the instant, in UTC. Raises `ValueError`."""
    if not _ISO8601.fullmatch(text):
        raise ValueError("is not an ISO 8601 timestamp")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no moment between the years 1 and 9999") from None


def parse_rfc822(text: str) -> datetime:
    """Return the instant of an HTTP date, in UTC. Raises `ValueError`."""
    found = _RFC822.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        raise ValueError("is not an HTTP date")
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    microsecond = int((found[7] or "0").ljust(6, "0"))
    month = _MONTHS.index(found[2]) + 1
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    except ValueError:
        raise ValueError("is no moment between the years 1 and 9999") from None


def parse_unix(seconds: float) -> datetime:
    """Return the instant `seconds` after the epoch. Raises `ValueError` outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError("is no moment between the years 1 and 9999") from None


def parse_unix_text(text: str) -> datetime:
    """Return the instant that a decimal number of seconds says. Raises `ValueError`."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("is not a number of seconds")
    return parse_unix(float(text))


def format_iso8601(value: datetime) -> str:
    """Return `2026-01-31T12:00:00Z`, with milliseconds only where there are any."""
    text = _aware(value).isoformat()
    # 25 characters are a whole second; otherwise the fraction begins at 19.
    if len(text) == 25 or text[19:23] == ".000":
        return text[:19] + "Z"
    return text[:23] + "Z"


def format_rfc822(value: datetime) -> str:
    """Return `Sat, 31 Jan 2026 12:00:00 GMT`."""
    at = _aware(value)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} "
        f"{at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT"
    )


def format_unix(value: datetime) -> int | float:
    """Return seconds since the epoch: a whole number where there is no millisecond."""
    since = _aware(value) - _EPOCH
    milliseconds = since // timedelta(milliseconds=1)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def text_reader(timestamp_format: str) -> Callable[[str], datetime]:
    """Return the reader of `iso8601`, `rfc822` or `unixTimestamp` text."""
    return {"iso8601": parse_iso8601, "rfc822": parse_rfc822, "unixtimestamp": parse_unix_text}[
        timestamp_format.lower()
    ]


def text_writer(timestamp_format: str) -> Callable[[Any], str]:
    """Return the writer of `iso8601`, `rfc822` or `unixTimestamp` text."""
    return {"iso8601": format_iso8601, "rfc822": format_rfc822, "unixtimestamp": _format_unix_text}[
        timestamp_format.lower()
    ]


def _format_unix_text(value: datetime) -> str:
    return str(format_unix(value))


def _aware(value: datetime) -> datetime:
    """Return `value` in UTC; a naive time would silently be read as local time, so it is refused."""
    zone = value.tzinfo
    if zone is UTC:
        return value
    if zone is None:
        raise TypeError("a timestamp without a time zone cannot be put on the wire")
    return value.astimezone(UTC)
