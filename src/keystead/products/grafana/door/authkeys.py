"""`/api/auth/keys`: API keys, in the same records as CreateWorkspaceApiKey makes (facts/grafana.md §8.9).

Grafana numbers its keys, AWS names them only: a key's number here is made of its credential's id.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from keystead.credentials import shelf
from keystead.credentials.usage import Usage
from keystead.kernel.errors import AlreadyExists, QuotaExceeded
from keystead.products.grafana import account_records as rows
from keystead.products.grafana.account_records import APIKey
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import LONGEST_SECONDS, ROLES, spelt
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.versions import WITH_KEYS, only_in

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_SHOWS_USE_FROM = 10
_LONGEST_NAME = 100
"""As AWS has it: a key's text carries its name, and may not grow beyond what is taken for a key."""


class KeyRoutes:
    """Answers for API keys."""

    def __init__(self, keeper: AccountKeeper, usage: Usage) -> None:
        self._keeper = keeper
        self._usage = usage

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        path, majors = "/auth/keys", WITH_KEYS
        return [
            Route("GET", path, "apikeys:read", only_in(majors, self._list)),
            Route("POST", path, "apikeys:create", only_in(majors, self._mint), writes=True),
            Route("DELETE", path + "/{id}", "apikeys:delete", only_in(majors, self._revoke), writes=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        with_expired = ask.one("includeExpired") in _TRUE
        shown = (self._shown(ask, key, with_expired) for key in rows.keys(ask.reader, ask.workspace.id))
        return Answer([each for each in shown if each is not None])

    def _mint(self, ask: Ask) -> Answer:
        name, role, seconds = ask.text("name"), ROLES.get(ask.text("role", "")), ask.whole("secondsToLive")
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise Refusal(400, "bad request data")
        if role is None:
            raise Refusal(400, "Invalid role specified")
        if seconds < 0:
            raise Refusal(400, "negative value for SecondsToLive")
        life = timedelta(seconds=seconds) if 0 < seconds <= LONGEST_SECONDS else None
        try:
            key, secret = self._keeper.mint_key(ask.tx, ask.workspace, name, role, life)
        except AlreadyExists as error:
            raise Refusal(409, "API key, organization ID and name must be unique") from error
        except QuotaExceeded as error:
            raise Refusal(403, "Quota reached") from error
        ask.noted["keyId"] = key.credential
        # Revealed to who asked for it, once; the journal notes the id only.
        return Answer({"id": _number(key), "name": key.name, "key": secret.reveal().decode()})

    def _revoke(self, ask: Ask) -> Answer:
        number = ask.number("id", "id is invalid")
        found = [key for key in rows.keys(ask.tx, ask.workspace.id) if _number(key) == number]
        # Of two that have one number neither is meant for certain.
        if len(found) != 1:
            raise Refusal(404, "Failed to delete API key")
        self._keeper.revoke_key(ask.tx, ask.workspace.id, found[0].name)
        return Answer({"message": "API key deleted"})

    def _shown(self, ask: Ask, key: APIKey, with_expired: bool) -> dict[str, Any] | None:
        found = shelf.find(ask.reader, key.credential)
        if found is None or (found.credential.is_expired(ask.now_ms) and not with_expired):
            return None
        shown: dict[str, Any] = {"id": _number(key), "name": key.name, "role": spelt(key.role)}
        ends, used = found.credential.expires_at, self._usage.last(ask.reader, key.credential)
        if ends is not None:
            shown["expiration"] = shown_time(ends)
        if used is not None and ask.workspace.major >= _SHOWS_USE_FROM:
            shown["lastUsedAt"] = shown_time(used.used_at)
        return shown


def _number(key: APIKey) -> int:
    return int.from_bytes(hashlib.sha256(key.credential.encode()).digest()[:6], "big")
