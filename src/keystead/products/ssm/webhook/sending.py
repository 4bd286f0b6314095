"""`Sending`: posts what waits, again and later each time, until it is taken or was tried often enough.

A try is written down before it begins, so that of several servers one makes it, and a killed one's is made again:
receivers hear of everything at least once, and of one request in order.
"""

import asyncio
import logging
import ssl
from typing import Final

import h11

from keystead.kernel.clock import Clock
from keystead.kernel.secret import Secret
from keystead.products.ssm.webhook import outbox_records as records
from keystead.products.ssm.webhook.destination import Destination, Forbidden
from keystead.products.ssm.webhook.envelope import body_of, headers_of
from keystead.products.ssm.webhook.outbox_records import Post
from keystead.products.ssm.webhook.posting import SECONDS, post
from keystead.store.interface import Store

LOOK_SECONDS: Final = 0.5
_FIRST_PAUSE_MS: Final = 1000
_LONGEST_PAUSE_MS: Final = 3600 * 1000
_GRACE_MS: Final = 5000
"""Beyond the time that a try may last, before another server makes it."""
_LOG: Final = logging.getLogger(__name__)


class Sending:
    """The worker. All times are real: a clock that was moved or stopped hurries and delays no receiver."""

    def __init__(
        self, store: Store, destination: Destination, secret: Secret, attempts: int, clock: Clock
    ) -> None:
        self._store = store
        self._destination = destination
        self._secret = secret
        self._attempts = attempts
        self._clock = clock

    async def send_due(self) -> None:
        """Post what is due; the events of different requests side by side."""
        while due := await self._store.read(lambda reader: records.due(reader, self._now_ms())):
            await asyncio.gather(*(self._try(each) for each in due))

    async def _try(self, each: Post) -> None:
        until = self._now_ms() + int(SECONDS * 1000) + _GRACE_MS
        if not await self._store.write(lambda tx: records.take(tx, each, until)):
            return
        answer = await self._answer(each)
        if answer is None:
            await self._store.write(lambda tx: records.drop(tx, each.row))
            return
        tried = each.attempts + 1
        state = records.DEAD if tried >= self._attempts else records.WAITING
        next_at = self._now_ms() + pause_ms(tried)
        await self._store.write(lambda tx: records.put_off(tx, each.row, state, next_at, answer))
        _LOG.warning("webhook: event %s, try %d: %s", each.event.id, tried, answer)

    async def _answer(self, each: Post) -> str | None:
        """Return why a try failed, or None."""
        body = body_of(each.event)
        headers = headers_of(each.event, body, self._secret, self._clock.real_epoch())
        try:
            status = await post(self._destination, headers, body)
        except Forbidden as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        except ssl.SSLError as error:
            return f"TLS: {error.reason or 'failed'}"
        except (OSError, h11.ProtocolError) as error:
            return getattr(error, "strerror", None) or type(error).__name__
        # A redirect is an answer like others that are no yes: it is not followed.
        return None if 200 <= status < 300 else f"status {status}"

    def _now_ms(self) -> int:
        return int(self._clock.real_epoch() * 1000)


def pause_ms(tried: int) -> int:
    """Return how long to wait after so many tries: 1 s, then twice as long each time, an hour at most."""
    return min(_FIRST_PAUSE_MS << min(tried - 1, 20), _LONGEST_PAUSE_MS)
