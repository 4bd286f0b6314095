"""What a connection asks the application about a request before it makes an ASGI scope and a task for it."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from keystead.access.doors import Describe, HTTPRequest, Message
from keystead.protocol import WireResponse

Answer: TypeAlias = WireResponse | Coroutine[Any, Any, WireResponse]
AtOnce: TypeAlias = Callable[[HTTPRequest, Describe], Answer | None]
"""Answers a request that has arrived as a whole, or returns None: it is then the ASGI application's."""
TakesWebsocket: TypeAlias = Callable[[Message], bool]
"""Judges the scope of a request to upgrade; where it says no, the request stays plain."""


def answers_nothing_at_once(request: HTTPRequest, describe: Describe) -> Answer | None:
    """Leave every request to the ASGI application."""
    del request, describe
    return None


def takes_no_websocket(scope: Message) -> bool:
    """Take every request to upgrade as a plain one."""
    del scope
    return False
