"""`/api/serviceaccounts`: the same records as the AWS operations show and change (facts/grafana.md §8.2)."""

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from keystead.credentials import shelf
from keystead.credentials.usage import Usage
from keystead.kernel.errors import AlreadyExists, NotFound, QuotaExceeded
from keystead.products.grafana import account_records as rows
from keystead.products.grafana.account_records import ServiceAccount, Token
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.roles import RANKS
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.times import shown_time

_READ, _WRITE = "serviceaccounts:read", "serviceaccounts:write"
ROLES = {"Viewer": "VIEWER", "Editor": "EDITOR", "Admin": "ADMIN"}
"""Roles as Grafana spells them, and as they are kept."""
_SPELT = {role: spelt for spelt, role in ROLES.items()}
_MOST_TOKENS = 300
_NEAR = 7 * 86_400
LONGEST_SECONDS = 100 * 365 * 86_400
"""A hundred years: what is asked for beyond is as good as for ever, and no time could be written down for it."""


class ServiceAccountRoutes:
    """Answers for service accounts and their tokens."""

    def __init__(self, keeper: AccountKeeper, usage: Usage) -> None:
        self._keeper = keeper
        self._usage = usage

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one, tokens = "/serviceaccounts/{id}", "/serviceaccounts/{id}/tokens"
        return [
            Route("POST", "/serviceaccounts", "serviceaccounts:create", self._create, writes=True),
            Route("GET", "/serviceaccounts/search", _READ, self._search),
            Route("GET", one, _READ, self._show),
            Route("PATCH", one, _WRITE, self._change, writes=True),
            Route("DELETE", one, "serviceaccounts:delete", self._remove, writes=True),
            Route("GET", tokens, _READ, self._tokens),
            Route("POST", tokens, _WRITE, self._mint, writes=True),
            Route("DELETE", tokens + "/{token}", _WRITE, self._revoke, writes=True),
        ]

    def _create(self, ask: Ask) -> Answer:
        name = ask.text("name")
        if not name.strip():
            raise Refusal(400, "Bad request data")
        role = _role_in(ask, "Viewer")
        try:
            made = self._keeper.create(
                ask.tx, ask.workspace, name, role, is_disabled=ask.flag("isDisabled") or False
            )
        except AlreadyExists:
            ask.refuse(
                400,
                "Failed to create service account",
                "serviceaccounts.ErrAlreadyExists",
                "service account already exists",
            )
        except QuotaExceeded as error:
            raise Refusal(403, "Quota reached") from error
        return Answer(_shown(made, 0), 201)

    def _search(self, ask: Ask) -> Answer:
        wanted, is_disabled = ask.one("query").lower(), ask.one("disabled") or ask.one("Disabled")
        found = [
            account
            for account in rows.accounts(ask.reader, ask.workspace.id)
            if (wanted in account.name.lower() or wanted in account.login)
            and (is_disabled != "true" or account.is_disabled)
        ]
        page, size = ask.count("page", 1), ask.count("perpage", 1000)
        shown = [self._counted(ask, account) for account in found[(page - 1) * size : page * size]]
        return Answer({"totalCount": len(found), "serviceAccounts": shown, "page": page, "perPage": size})

    def _show(self, ask: Ask) -> Answer:
        return Answer(self._profile(ask, _account(ask)))

    def _change(self, ask: Ask) -> Answer:
        account = _account(ask)
        name = ask.text("name", "") or None
        role = None if ask.body.get("role") is None else _role_in(ask, "")
        changed = self._keeper.change(
            ask.tx, account, name=name, role=role, is_disabled=ask.flag("isDisabled")
        )
        return Answer(
            {
                "message": "Service account updated",
                "id": changed.id,
                "name": changed.name,
                "serviceaccount": self._profile(ask, changed),
            }
        )

    def _remove(self, ask: Ask) -> Answer:
        self._keeper.remove(ask.tx, ask.workspace.id, _account(ask).id)
        return Answer({"message": "Service account deleted"})

    def _tokens(self, ask: Ask) -> Answer:
        number = ask.number("id", "Service Account ID is invalid")
        found = rows.tokens(ask.reader, ask.workspace.id, number, limit=_MOST_TOKENS)
        shown = (self._shown_token(ask, token) for token in found)
        return Answer([each for each in shown if each is not None])

    def _mint(self, ask: Ask) -> Answer:
        number, name = _account(ask).id, ask.text("name")
        seconds = ask.whole("secondsToLive")
        if not name.strip():
            raise Refusal(400, "Bad request data")
        if seconds < 0:
            message = "invalid SecondsToLive value"
            ask.refuse(400, message, "serviceaccounts.ErrInvalidInput", message)
        life = timedelta(seconds=seconds) if 0 < seconds <= LONGEST_SECONDS else None
        try:
            token, secret = self._keeper.mint(ask.tx, ask.workspace, number, name, life)
        except AlreadyExists:
            message = "service account token with given name already exists in the organization"
            status = 400 if ask.is_structured else 409
            ask.refuse(status, message, "serviceaccounts.ErrTokenAlreadyExists", message)
        except QuotaExceeded as error:
            raise Refusal(403, "Quota reached") from error
        ask.noted["tokenId"] = token.credential
        # Revealed to who asked for it, once; the journal notes the id only.
        return Answer({"id": token.id, "name": token.name, "key": secret.reveal().decode()})

    def _revoke(self, ask: Ask) -> Answer:
        account = ask.number("id", "Service Account ID is invalid")
        number = ask.number("token", "Token ID is invalid")
        try:
            self._keeper.revoke(ask.tx, ask.workspace.id, account, number)
        except NotFound:
            ask.refuse(
                404,
                "Failed to delete service account token",
                "serviceaccounts.ErrTokenNotFound",
                "service account token not found",
            )
        return Answer({"message": "Service account token deleted"})

    def _counted(self, ask: Ask, account: ServiceAccount) -> dict[str, Any]:
        return _shown(account, len(rows.tokens(ask.reader, ask.workspace.id, account.id)))

    def _profile(self, ask: Ask, account: ServiceAccount) -> dict[str, Any]:
        times = {"createdAt": shown_time(account.created_at), "updatedAt": shown_time(account.updated_at)}
        return {**self._counted(ask, account), **times, "teams": None}

    def _shown_token(self, ask: Ask, token: Token) -> dict[str, Any] | None:
        found, used = shelf.find(ask.reader, token.credential), self._usage.last(ask.reader, token.credential)
        if found is None:
            return None
        credential, ends = found.credential, found.credential.expires_at
        left = 0.0 if ends is None else max(0.0, (ends - ask.now_ms) / 1000)
        return {
            "id": token.id,
            "name": token.name,
            "created": shown_time(credential.created_at),
            "lastUsedAt": None if used is None else shown_time(used.used_at),
            "expiration": None if ends is None else shown_time(ends),
            "secondsUntilExpiration": left if left <= _NEAR else 0,
            "hasExpired": credential.is_expired(ask.now_ms),
            "isRevoked": credential.status != "Active",
        }


def _account(ask: Ask) -> ServiceAccount:
    """Return the account that the path names. Raises Refusal 400, 404."""
    found = rows.find_account(ask.reader, ask.workspace.id, ask.number("id", "Service Account ID is invalid"))
    if found is None:
        ask.refuse(
            404,
            "Failed to retrieve service account",
            "serviceaccounts.ErrNotFound",
            "service account not found",
        )
    return found


def _role_in(ask: Ask, default: str) -> str:
    """Return the role in the body, not above the caller's. Raises Refusal."""
    role = ROLES.get(ask.text("role", default))
    if role is None:
        message = "invalid role specified"
        ask.refuse(400, message, "serviceaccounts.ErrInvalidRoleSpecified", message)
    if RANKS[role] > RANKS[ask.holder.role]:
        message = "can not assign a role higher than user's role"
        ask.refuse(403, message, "serviceaccounts.ErrRoleForbidden", message)
    return role


def spelt(role: str) -> str:
    """Return a role as Grafana spells it."""
    return _SPELT[role]


def avatar_url(name: str) -> str:
    """Return the path of the picture of what has no e-mail address."""
    plain = re.sub(r"[^a-zA-Z0-9]", "", name)
    digest = hashlib.md5(f"{plain}@localhost".lower().encode(), usedforsecurity=False)
    return f"/avatar/{digest.hexdigest()}"


def _shown(account: ServiceAccount, tokens: int) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "login": account.login,
        "orgId": 1,
        "isDisabled": account.is_disabled,
        "role": spelt(account.role),
        "tokens": tokens,
        "avatarUrl": avatar_url(account.name),
    }
