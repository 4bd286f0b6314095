"""What the log may say about a failure: where and of which class, never an exception's own words.

An exception's text quotes what it failed on, and here that may be a token, a secret or a signed request line.
"""

import asyncio
import logging
import traceback
from typing import Final

LOGGER_NAME: Final = "keystead.http"


def keep_discreet(record: logging.LogRecord) -> bool:
    """Replace an exception by its class and its places in the code; drop requests cut by a stop. A log filter."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    if isinstance(error, asyncio.CancelledError):
        return False
    places = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    said = record.getMessage() if record.name != LOGGER_NAME else "a request failed"
    record.msg, record.args = "%s: %s\n%s", (said, type(error).__name__, places)
    record.exc_info = record.exc_text = None
    return True
