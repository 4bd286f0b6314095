"""The upstream's own API for service accounts, as its administrator: how our accounts there are made and removed.

Follows the Grafana HTTP API, "Service account API", versions 9 to 12. Each role that is used here has one account
there, with one token that is good for two days and replaced after one, so that one which was lost ends by itself.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import DomainError
from keystead.kernel.secret import Secret
from keystead.products.grafana.door.asking import is_array, is_object
from keystead.products.grafana.upstream.wire import Line

TOKEN_SECONDS = 2 * 86_400
_MAX_ANSWER_BYTES = 1024 * 1024
_WORDS = {"VIEWER": "Viewer", "EDITOR": "Editor", "ADMIN": "Admin"}
_SENT = [("Content-Type", "application/json"), ("Accept", "application/json"), ("User-Agent", "keystead")]


class Unwilling(DomainError):
    """The upstream did not do what its administrator asked; `status` is 0 when it did not answer at all."""

    def __init__(self, what: str, status: int = 0) -> None:
        super().__init__(what)
        self.status = status


class Landlord:
    """Speaks to an upstream's API with the administrator's token."""

    def __init__(self, line: Line, admin_token: Secret, seconds: float) -> None:
        self._line = line
        self._admin_token = admin_token
        self._seconds = seconds

    async def health(self) -> Mapping[str, Any]:
        """Return what the upstream says of its health; nobody is named to it. Raises Unwilling."""
        found = await self._call("GET", "/api/health", "say how it is", is_named=False)
        return found if is_object(found) else {}

    async def account_named(self, name: str) -> Mapping[str, Any] | None:
        """Return the service account of a name. Raises Unwilling."""
        found = await self._call(
            "GET", "/api/serviceaccounts/search", "list service accounts", query=f"perpage=100&query={name}"
        )
        accounts = found.get("serviceAccounts") if is_object(found) else None
        if not is_array(accounts):
            raise Unwilling("the upstream lists service accounts in a form that is not Grafana's")
        named = (each for each in accounts if is_object(each) and each.get("name") == name)
        return next(named, None)

    async def house(self, name: str, role: str) -> int:
        """See to it that the account of this name exists, is enabled and has the role; return its number there."""
        found = await self.account_named(name)
        if found is None:
            wanted = {"name": name, "role": _WORDS[role], "isDisabled": False}
            found = await self._call("POST", "/api/serviceaccounts", "make a service account", body=wanted)
        number = _number(found, "id")
        if is_object(found) and (found.get("role") != _WORDS[role] or found.get("isDisabled")):
            wanted = {"name": name, "role": _WORDS[role], "isDisabled": False}
            await self._call("PATCH", f"/api/serviceaccounts/{number}", "set a role", body=wanted)
        return number

    async def mint(self, account: int, entropy: Entropy) -> tuple[int, Secret]:
        """Make a token of an account there; return its number and text. Raises Unwilling."""
        wanted = {"name": f"keystead-{entropy.token_bytes(6).hex()}", "secondsToLive": TOKEN_SECONDS}
        made = await self._call(
            "POST", f"/api/serviceaccounts/{account}/tokens", "make a service account's token", body=wanted
        )
        key = made.get("key") if is_object(made) else None
        if not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key:
            raise Unwilling("the upstream made a token and did not show it")
        return _number(made, "id"), Secret(key.encode())

    async def revoke(self, account: int, token: int) -> None:
        """Delete a token there; one that is gone already is as good. Raises Unwilling."""
        await self._call(
            "DELETE", f"/api/serviceaccounts/{account}/tokens/{token}", "delete a token", missing_ok=True
        )

    async def remove(self, account: int) -> None:
        """Delete an account there with its tokens; one that is gone already is as good. Raises Unwilling."""
        await self._call(
            "DELETE", f"/api/serviceaccounts/{account}", "delete a service account", missing_ok=True
        )

    async def _call(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: str = "",
        body: object = None,
        is_named: bool = True,
        missing_ok: bool = False,
    ) -> Any:
        sent = b"" if body is None else msgspec.json.encode(body)
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._line.ask(
                    method,
                    path.encode(),
                    query.encode(),
                    _SENT,
                    self._admin_token if is_named else None,
                    sent or None,
                )
                async with answer:
                    raw = await answer.content.read(_MAX_ANSWER_BYTES + 1)
                    while len(raw) <= _MAX_ANSWER_BYTES and not answer.content.at_eof():
                        raw += await answer.content.read(_MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unwilling(f"the upstream did not {what}: {told(error)}") from error
        if missing_ok and answer.status == 404:
            return None
        if answer.status not in (200, 201):
            raise Unwilling(f"the upstream did not {what}: it answered {answer.status}", answer.status)
        try:
            return msgspec.json.decode(raw[:_MAX_ANSWER_BYTES])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unwilling(f"the upstream did not {what}: its answer is no JSON", answer.status) from error


def told(error: BaseException) -> str:
    """Return in a few words why a connection failed; the exceptions' own words may quote what was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorDNSError():
            return "its host name is not known"
        case aiohttp.ClientSSLError():
            return "TLS could not be agreed on"
        case TimeoutError():
            return "it took too long"
        case aiohttp.ClientConnectorError():
            return "it cannot be connected to"
        case aiohttp.ServerDisconnectedError():
            return "it closed the connection"
        case _:
            return "its answer is not HTTP as it should be"


def _number(found: Any, name: str) -> int:
    value = found.get(name) if is_object(found) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 53:
        raise Unwilling(f"the upstream's answer has no {name}")
    return value


def account_name(workspace: str, role: str) -> str:
    """Return the name of the account that stands for a role of a workspace."""
    return f"keystead-{workspace}-{role.lower()}"
