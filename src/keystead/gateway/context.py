"""The condition keys that belong to a request, worked out only when a policy asks for one.

Follows the IAM User Guide, "AWS global condition context keys". What belongs to the principal is not here; what
belongs to a resource or is a service's own comes from the product's face.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from keystead.access.policy.context import Values
from keystead.gateway.exchange import Exchange
from keystead.kernel.clock import Clock

_REQUEST_TAG = "aws:requesttag/"


class RequestKeys:
    """Gives the condition keys of one request by name, in lower case."""

    # Made for each request, asked by few: so nothing is bound or worked out ahead.
    __slots__ = ("_account", "_clock", "_exchange")

    def __init__(self, exchange: Exchange, account: str, clock: Clock) -> None:
        """`account` is the resource's."""
        self._exchange = exchange
        self._account = account
        self._clock = clock

    def __call__(self, key: str) -> Values | None:
        """Return the values of a key, or None when the request has none."""
        answer = _GLOBAL.get(key)
        if answer is not None:
            return answer(self)
        if key.startswith(_REQUEST_TAG):
            return self._request_tag(key.removeprefix(_REQUEST_TAG))
        call, entry = self._exchange.call, self._exchange.entry
        if call is None or entry is None:
            return None
        return entry.face.condition_key(call.reader, call, self._exchange.params, key)

    def source_ip(self) -> Values:
        """The peer's address, or what a trusted proxy says it forwards for."""
        return (self._exchange.request.source_address,)

    def secure_transport(self) -> Values:
        """Whether the request came over TLS."""
        return ("true" if self._exchange.request.is_secure else "false",)

    def current_time(self) -> Values:
        """The authority's time, ISO 8601."""
        return (datetime.fromtimestamp(int(self._clock.epoch()), UTC).isoformat().replace("+00:00", "Z"),)

    def epoch_time(self) -> Values:
        """The authority's time, in seconds."""
        return (str(int(self._clock.epoch())),)

    def requested_region(self) -> Values | None:
        """The region of the credential scope."""
        presented = self._exchange.presented
        return None if presented is None else (presented.region,)

    def user_agent(self) -> Values | None:
        """What the client calls itself."""
        return self._header(b"user-agent")

    def referer(self) -> Values | None:
        """The Referer header."""
        return self._header(b"referer")

    def resource_account(self) -> Values:
        """Whose resource it is."""
        return (self._account,)

    def tag_keys(self) -> Values | None:
        """The keys of the tags that the request adds or removes."""
        params = self._exchange.params
        keys = params.get("TagKeys", params.get("tagKeys"))
        named: list[str] = list(keys) if keys else list(tags_of(params))
        return tuple(named) or None

    def _request_tag(self, wanted: str) -> Values | None:
        for key, value in tags_of(self._exchange.params).items():
            if key.lower() == wanted:
                return (value,)
        return None

    def _header(self, name: bytes) -> Values | None:
        value = self._exchange.header(name)
        return (value,) if value else None


# By key, in lower case. The principal's own keys are found before these.
_GLOBAL: Mapping[str, Callable[[RequestKeys], Values | None]] = {
    "aws:sourceip": RequestKeys.source_ip,
    "aws:securetransport": RequestKeys.secure_transport,
    "aws:currenttime": RequestKeys.current_time,
    "aws:epochtime": RequestKeys.epoch_time,
    "aws:requestedregion": RequestKeys.requested_region,
    "aws:useragent": RequestKeys.user_agent,
    "aws:referer": RequestKeys.referer,
    "aws:resourceaccount": RequestKeys.resource_account,
    "aws:tagkeys": RequestKeys.tag_keys,
}


def tags_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a request carries: a list of keys and values at most services, a map at some."""
    tags: object = params.get("Tags", params.get("tags"))
    if isinstance(tags, Mapping):
        # The model says what a map of tags holds.
        return {str(key): str(value) for key, value in cast("Mapping[str, str]", tags).items()}
    if not isinstance(tags, list):
        return {}
    found: dict[str, str] = {}
    # The model says what a list of tags holds; both spellings of its members are in use.
    for tag in cast("list[Mapping[str, str]]", tags):
        found[tag.get("Key", tag.get("key", ""))] = tag.get("Value", tag.get("value", ""))
    return found
