"""Which requests go on to an upstream, which are answered here, and which by nobody.

The table names what passes; a path that is not in it is 404, never open, since every version of Grafana brings new
routes. What makes, changes or lends identities stays here: service accounts and API keys are ours, and users,
organisations, logins and role assignments of the upstream are nobody's. Every path is read twice, as it was written
and with its encodings resolved, and passes only if both readings do: it does not matter which one a router takes.
"""

import enum
import re
from collections.abc import Mapping
from functools import lru_cache

from keystead.products.grafana.door.asking import Refusal
from keystead.products.grafana.door.paths import decoded

READ = frozenset({"GET", "HEAD"})
ANY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
LIVE = (b"api", b"live", b"ws")
"""The one path that goes on as a WebSocket: Grafana Live."""

_PASSING: Mapping[tuple[str, ...], frozenset[str]] = {
    ("access-control", "dashboards"): ANY,
    ("access-control", "datasources"): ANY,
    ("access-control", "folders"): ANY,
    ("access-control", "teams"): ANY,
    ("access-control", "user", "actions"): READ,
    ("access-control", "user", "permissions"): READ,
    ("alert-notifications",): ANY,
    ("alertmanager",): ANY,
    ("alerts",): ANY,
    ("annotations",): ANY,
    ("dashboard",): ANY,
    ("dashboards",): ANY,
    ("datasources",): ANY,
    ("ds",): ANY,
    ("folders",): ANY,
    ("frontend", "settings"): READ,
    ("library-elements",): ANY,
    ("live",): ANY,
    ("ngalert",): ANY,
    ("org",): READ,
    ("org", "preferences"): ANY,
    ("orgs",): READ,
    ("playlists",): ANY,
    ("plugin-proxy",): ANY,
    ("plugins",): ANY,
    ("prometheus",): ANY,
    ("ruler",): ANY,
    ("search",): READ,
    ("short-urls",): ANY,
    ("snapshot",): READ,
    ("snapshots",): ANY,
    ("snapshots-delete",): READ,
    ("teams",): ANY,
    ("v1", "provisioning"): ANY,
}
# Groups of the API of Grafana 12 and later. Not `iam.grafana.app`, which makes accounts and tokens.
_PASSING_GROUPS: Mapping[str, frozenset[str]] = {
    "dashboard.grafana.app": ANY,
    "folder.grafana.app": ANY,
    "notifications.alerting.grafana.app": ANY,
    "playlist.grafana.app": ANY,
    "rules.alerting.grafana.app": ANY,
}
_HERE: Mapping[tuple[str, ...], frozenset[str]] = {
    ("access-control", "serviceaccounts"): ANY,
    ("auth", "keys"): ANY,
    ("serviceaccounts",): ANY,
    ("user", "using"): ANY,
}
# Whole paths that are answered here: what is below them is an account's own, and the account there is shared.
_HERE_EXACTLY = {("user",), ("user", "orgs"), ("user", "teams")}
_SERVER_ADMIN = {"admin", "users"}
_TWICE_ENCODED = re.compile(r"%(?:2[eEfF]|5[cC]|25)")


class Verdict(enum.Enum):
    """Where a request goes."""

    PASSES = "passes"
    HERE = "here"
    HEALTH = "health"


@lru_cache(maxsize=256)
def judge(method: str, segments: tuple[bytes, ...]) -> Verdict:
    """Return where a request goes. Raises Refusal 404 for what is in no table, 403 for server administration."""
    written = tuple(segment.decode("ascii") for segment in segments)
    verdict = _judge(method, written)
    if "%" in "".join(written) and _judge(method, _resolved(segments)) != verdict:
        raise Refusal(404, "Not found")
    return verdict


def _judge(method: str, path: tuple[str, ...]) -> Verdict:
    if path in (("api", "health"), ("healthz",)) and method in READ:
        return Verdict.HEALTH
    match path:
        case ("api", *rest):
            return _judge_api(method, tuple(rest))
        case ("apis",) if method in READ:
            return Verdict.PASSES
        case ("apis", group, *_) if method in _PASSING_GROUPS.get(group, ()):
            return Verdict.PASSES
        case ("render", _, *_) if method in READ:
            return Verdict.PASSES
        case _:
            raise Refusal(404, "Not found")


def _judge_api(method: str, path: tuple[str, ...]) -> Verdict:
    if path[:1] and path[0] in _SERVER_ADMIN:
        raise Refusal(403, "Permission denied")
    if path == ("live", "ws"):
        # A socket, which the gate lets through by itself, or nothing.
        raise Refusal(404, "Not found")
    if path in _HERE_EXACTLY or _is_in(_HERE, method, path):
        return Verdict.HERE
    if _is_in(_PASSING, method, path):
        return Verdict.PASSES
    raise Refusal(404, "Not found")


def _is_in(table: Mapping[tuple[str, ...], frozenset[str]], method: str, path: tuple[str, ...]) -> bool:
    return any(method in table.get(path[:depth], ()) for depth in (1, 2, 3))


def _resolved(segments: tuple[bytes, ...]) -> tuple[str, ...]:
    """Return a path's segments as a router sees them that resolves encodings first. Raises Refusal 404."""
    texts = [decoded(segment) or "" for segment in segments]
    parts = tuple("/".join(texts).replace("\\", "/").split("/"))
    if any(part in ("", ".", "..") for part in parts) or any(_TWICE_ENCODED.search(text) for text in texts):
        raise Refusal(404, "Not found")
    return parts


def shown_name(segments: tuple[bytes, ...]) -> str:
    """Return what the journal calls a request that passed: its group, and nothing that its sender chose."""
    return "/" + "/".join(segment.decode("ascii") for segment in segments[:2]) + " (upstream)"
