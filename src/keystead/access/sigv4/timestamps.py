"""The one time format of signatures, ISO 8601 basic `YYYYMMDDThhmmssZ`, and its relatives in answers."""

import functools
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LAST = 253_402_300_799
"""The last second that has a name in four digits of a year, in epoch seconds."""


def epoch_from_basic(text: str) -> float | None:
    """Return epoch seconds of `20150830T123600Z`, or None when `text` is anything else."""
    return _epoch_from_basic(text) if len(text) == 16 else None


# Requests of the same second share the text.
@functools.lru_cache(maxsize=1024)
def _epoch_from_basic(text: str) -> float | None:
    # fromisoformat reads many more forms; of 16 characters with these at their places it reads only this one.
    if text[8] != "T" or text[15] != "Z" or not (text[:8] + text[9:15]).isdigit():
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def basic_from_date_header(text: str) -> str | None:
    """Return the basic form of an RFC 7231 `Date` header, or None when `text` is not one."""
    try:
        moment = parsedate_to_datetime(text)
        # A date without a zone means UTC; RFC 7231 always says GMT.
        return basic((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def basic(epoch_seconds: float) -> str:
    """Return `20150830T123600Z`, fractions of a second cut off."""
    return _moment(epoch_seconds).strftime("%Y%m%dT%H%M%SZ")


def extended(epoch_seconds: float) -> str:
    """Return `2015-08-30T12:36:00Z`, as S3's error documents show times."""
    return _moment(epoch_seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(epoch_seconds: float) -> datetime:
    # A week after the last moment of the year 9999 can be asked for, and is not to be had.
    return datetime.fromtimestamp(min(int(epoch_seconds), _LAST), UTC)
