"""Decides, once and from the raw request head, whether a request is for a product's door or for the API.

Order (DESIGN §8): Host, reserved path, `X-Amz-Target`, an `Action` form at `/`, the service in the SigV4 credential
scope, a declared REST route; and what is left is for the door that takes the rest. What a head claims counts for
nothing until it is verified by whoever gets it.
"""

from collections.abc import Callable, Mapping, Sequence

from keystead.access.doors import HTTPDoor

NamesOperation = Callable[[str, bytes, bytes], bool]
"""Whether method, raw path and raw query name a declared REST operation of the API."""

_FORM = b"application/x-www-form-urlencoded"
_SIGV4 = b"AWS4-"
_MAX_HOSTS = 10_000


class Dispatch:
    """The doors of the products, found by what a request's head shows."""

    def __init__(self, doors: Sequence[HTTPDoor], names_operation: NamesOperation) -> None:
        self._doors = doors
        self._names_operation = names_operation
        self._prefixed = [(prefix, door) for door in doors for prefix in door.prefixes]
        self._targeted = {target: door for door in doors for target in door.targets}
        self._prefixes = tuple(prefix for prefix, _ in self._prefixed)
        self._signed = [
            (f"/{door.signing_name}/aws4_request".encode(), door) for door in doors if door.signing_name
        ]
        self._rest = next((door for door in doors if door.takes_the_rest), None)
        self._by_host: dict[bytes, HTTPDoor | None] = {}

    def find(
        self, method: str, raw_path: bytes, query: bytes, head: Mapping[bytes, bytes]
    ) -> HTTPDoor | None:
        """Return the door that a request is for, or None for the API."""
        if not self._doors:
            return None
        door = self._of_host(head.get(b"host", b""))
        if door is None and raw_path.startswith(self._prefixes):
            door = next(door for prefix, door in self._prefixed if raw_path.startswith(prefix))
        if door is not None:
            return door
        if b"x-amz-target" in head:
            return self._targeted.get(head[b"x-amz-target"])
        return self._of_signature(method, raw_path, query, head)

    def _of_host(self, host: bytes) -> HTTPDoor | None:
        try:
            return self._by_host[host]
        except KeyError:
            name = _without_port(host)
            door = next((each for each in self._doors if each.takes_host(name)), None)
            if len(self._by_host) >= _MAX_HOSTS:
                self._by_host.clear()
            self._by_host[host] = door
            return door

    def _of_signature(
        self, method: str, raw_path: bytes, query: bytes, head: Mapping[bytes, bytes]
    ) -> HTTPDoor | None:
        if raw_path in (b"/", b"") and _is_form(method, head, query):
            return None
        authorization = head.get(b"authorization", b"")
        shown = authorization if authorization.startswith(_SIGV4) else b""
        if not shown and b"X-Amz-Credential=" in query:
            shown = query.replace(b"%2F", b"/").replace(b"%2f", b"/")
        if shown:
            for scope_end, door in self._signed:
                if scope_end in shown:
                    return door
            return None
        # What begins with an underscore is reserved, if for nobody then for us: no bucket has such a name.
        if self._rest is None or raw_path.startswith(b"/_"):
            return None
        if self._names_operation(method, raw_path, query):
            return None
        return self._rest


def _is_form(method: str, head: Mapping[bytes, bytes], query: bytes) -> bool:
    """Whether a request at `/` has the form of a call by the query protocol."""
    if method == "POST":
        return head.get(b"content-type", b"").startswith(_FORM)
    return method == "GET" and b"Action=" in query


def _without_port(host: bytes) -> str:
    """Return a Host field's name or address, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.decode("latin-1").lower().rpartition(":")
    return name if colon and port.isdigit() else host.decode("latin-1").lower()
