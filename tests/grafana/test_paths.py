"""Paths that try to mean something else than they say reach no other decision; generated requests fail nowhere."""

import re
import string
from typing import Any
from urllib.parse import quote, unquote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grafana.workspaces import GrafanaRoom
from keystead.products.grafana.door.paths import segments_of
from keystead.products.grafana.door.routes import Route, RouteTable, path_of

_PARAMETER = re.compile(r"\{(\w+)\}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
Trick = tuple[str, int]


def table_of(room: GrafanaRoom) -> RouteTable:
    doors = [door for parts in room.authority.authority.parts for door in parts.doors]
    return next(door for door in doors if door.name == "grafana").app.embedded._table


def plain(route: Route) -> str:
    """Return a path of a route, its parameters filled with what is a uid and a number."""
    return _PARAMETER.sub("7", path_of(route))


def played(path: str, tricks: list[Trick]) -> bytes:
    """Return a path with tricks played on it, one after the other, each at its place."""
    for trick, place in tricks:
        at = place % len(path)
        slashes = [index for index, char in enumerate(path) if char == "/"] or [0]
        slash = slashes[place % len(slashes)]
        match trick:
            case "double":
                path = path[:slash] + "/" + path[slash:]
            case "dots":
                path = path[:slash] + "/.." * (1 + place % 2) + path[slash:]
            case "up-and-down":
                path = path[: slash + 1] + "x/../" + path[slash + 1 :]
            case "dot":
                path = path[:slash] + "/." + path[slash:]
            case "encoded":
                path = path[:at] + f"%{ord(path[at]):02x}" + path[at + 1 :]
            case "twice":
                path = path[:at] + f"%25{ord(path[at]):02X}" + path[at + 1 :]
            case "slash":
                path = path[:slash] + "%2F" + path[slash + 1 :] if slash else path
            case "backslash":
                path = path[:slash] + ("%5c" if place % 2 else "\\") + path[slash + 1 :] if slash else path
            case "case":
                path = path[:at] + path[at].swapcase() + path[at + 1 :]
            case "parameter":
                path = path[:at] + ";x=1" + path[at:] if at else path
            case "null":
                path = path[:at] + "%00" + path[at:] if at else path
            case "end":
                path += "/"
            case _:
                path += "/" + trick
    return path.encode()


def meant(raw: bytes) -> tuple[bytes, ...]:
    """Return the segments as a careless server would have them: decoded to the end, resolved, in lower case."""
    text = raw.decode()
    while unquote(text) != text:
        text = unquote(text)
    found: list[str] = []
    for segment in re.split(r"[/\\]", text.replace("\0", "")):
        word = segment.partition(";")[0].lower()
        if word == "..":
            found = found[:-1]
        elif word not in ("", "."):
            found.append(word)
    return tuple(quote(each, safe="-_").encode() for each in found)


WORDS = [
    "double",
    "dots",
    "up-and-down",
    "dot",
    "encoded",
    "twice",
    "slash",
    "backslash",
    "case",
    "parameter",
]
TRICKS = st.tuples(st.sampled_from([*WORDS, "null", "end", "search", "permissions"]), st.integers(0, 200))


def test_no_trick_reaches_another_decision(room: GrafanaRoom):
    """Either a path leads nowhere, or it needs what the careless reading of it needs as well."""
    table = table_of(room)

    @settings(max_examples=3000, deadline=None)
    @given(
        route=st.sampled_from(table.routes),
        method=st.sampled_from(METHODS),
        tricks=st.lists(TRICKS, min_size=1, max_size=4),
    )
    def check(route: Route, method: str, tricks: list[Trick]) -> None:
        raw = played(plain(route), tricks)
        segments = segments_of(raw)
        reached = None if segments is None else table.find(method, segments)
        if reached is None:
            return
        careless = table.find(method, meant(raw))
        is_named = any(set(value) & set("/\\%") for value in reached[1].values())
        # Names may hold any character, encoded; no other parameter may.
        assert not is_named or set(reached[1]) == {"name"}
        if careless is not None and not is_named:
            assert reached[0].action == careless[0].action

    check()


def test_each_template_leads_to_its_route_and_nothing_beside_it(room: GrafanaRoom):
    table = table_of(room)
    for route in table.routes:
        path = plain(route).encode()
        segments = segments_of(path)
        assert segments is not None
        found = table.find(route.method, segments)
        assert found is not None
        assert found[0].template.count("{") <= route.template.count("{")
        with_slash = segments_of(path + b"/")
        assert with_slash == segments
        assert table.find(route.method, (b"API", *segments[1:])) is None
        assert segments_of(b"/" + path) is None


NAMES = [
    *(
        "name",
        "title",
        "uid",
        "version",
        "role",
        "isDisabled",
        "secondsToLive",
        "dashboard",
        "folderUid",
        "folderId",
    ),
    *(
        "overwrite",
        "message",
        "type",
        "access",
        "url",
        "jsonData",
        "secureJsonData",
        "isDefault",
        "tags",
        "text",
    ),
    *("time", "timeEnd", "dashboardUID", "dashboardId", "panelId", "items", "permission", "userId", "teamId"),
    *(
        "email",
        "model",
        "kind",
        "interval",
        "path",
        "theme",
        "homeDashboardUID",
        "id",
        "parentUid",
        "permissions",
    ),
    *(
        "data",
        "what",
        "when",
        "expires",
        "key",
        "external",
        "annotationId",
        "homeDashboardId",
        "loginOrEmail",
        "base",
        "new",
        "diffType",
        "deleteKey",
        "city",
    ),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["Viewer", "Editor", "Admin", "panel", "http://x", "../x", "\0", "general", "a" * 50]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.one_of(VALUES, st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
SEGMENTS = st.one_of(
    st.sampled_from(["1", "0", "2", "general", "-1", "9" * 30, "x", "%F0%9F%92%A9", "a%2Fb", "n" * 60]),
    st.text(string.ascii_letters + string.digits + "-_.~", min_size=1, max_size=12),
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *(
                "query",
                "tag",
                "type",
                "limit",
                "page",
                "perpage",
                "from",
                "to",
                "dashboardUID",
                "dashboardId",
            ),
            *("core", "embedded", "includeExpired", "starred"),
            *("name", "sort", "start", "kind", "panelId", "userId", "matchAny"),
        ]
    ),
    st.sampled_from(["", "1", "-1", "x", "9" * 40, "%00", "a&tag=b", "true", "1.5", "%ff"]),
    max_size=4,
)


def test_generated_requests_fail_nowhere(room: GrafanaRoom):
    """Whatever an Admin sends to whichever route, the answer is JSON and no 5xx."""
    table, workspace = table_of(room), room.workspace("12.4")
    # The numbers below 10 are others', so that no request deletes who asks.
    for _ in range(9):
        room.account(workspace)
    key = room.key(workspace)

    @settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(route=st.sampled_from(table.routes), data=st.data())
    def check(route: Route, data: Any) -> None:
        path = _PARAMETER.sub(lambda _: data.draw(SEGMENTS), path_of(route))
        query = "&".join(f"{name}={value}" for name, value in data.draw(QUERIES).items())
        body = None if route.method == "GET" else data.draw(BODIES)
        reply = room.ask(workspace, f"{path}?{query}", key, method=route.method, body=body)
        assert reply.status < 500, (route.method, path, query, body)

    check()
