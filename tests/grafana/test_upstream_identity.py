"""No header and no path has a request reach the upstream as somebody else: properties, by generated input."""

import string
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.products.grafana.door.asking import Refusal
from keystead.products.grafana.door.paths import segments_of
from keystead.products.grafana.upstream import headers
from keystead.products.grafana.upstream.address import Address, BadAddress, parse
from keystead.products.grafana.upstream.query import passed_on
from keystead.products.grafana.upstream.screen import Verdict, judge

IDENTITY = [
    "Authorization", "Cookie", "X-WEBAUTH-USER", "X-WEBAUTH-ROLE", "X-JWT-Assertion", "X-Grafana-Id",
    "X-Access-Token", "X-Grafana-Org-Id", "X-Forwarded-For", "X-Forwarded-User", "Forwarded", "X-Real-IP", "Via",
    "Proxy-Authorization", "X-Remote-User", "Remote-User", "X-Id-Token", "X-HTTP-Method-Override", "Host",
    "Connection", "Transfer-Encoding", "TE", "Upgrade", "Expect", "Origin", "X-Original-URL", "X-Rewrite-URL",
]  # fmt: skip
WORDS = [
    "api", "apis", "folders", "users", "admin", "serviceaccounts", "auth", "keys", "login", "org",
    "invites", "orgs", "access-control", "user", "using", "tokens", "teams", "iam.grafana.app",
    "dashboard.grafana.app", "..", ".", "", "1", "%2e%2e", "%2E.", "%2f", "%5c", "%252e%252e",
    "x%2f..%2fadmin", "%61dmin", "ADMIN", "admin;x", "admin%00", "dashboards", "live", "ws", "datasources",
    "proxy", "v1", "render", "healthz", "metrics", "avatar",
]  # fmt: skip
NOBODYS = {"admin", "users", "login", "logout", "invites"}
cased = st.sampled_from(IDENTITY).flatmap(
    lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda up: "".join(c.upper() if u else c.lower() for c, u in zip(name, up, strict=True))
    )
)
any_name = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=30)


@given(st.lists(st.tuples(cased | any_name, st.text(string.printable, max_size=20)), max_size=8))
def test_no_header_of_a_client_says_who_asks(fields):
    sent = [(name.encode(), value.encode()) for name, value in fields]

    passed = headers.forwarded(sent)

    assert {name.lower() for name, _ in passed}.isdisjoint(name.lower() for name in IDENTITY)
    assert not any(
        name.lower().startswith(("x-webauth", "x-forwarded", "x-grafana", "x-auth", "remote", "sec-"))
        for name, _ in passed
    )


@given(st.sampled_from(["User-Agent", "Accept", "Content-Type", "Range"]))
def test_what_connection_names_ends_here(name):
    sent = [(name.encode(), b"x"), (b"Connection", b"close, " + name.lower().encode())]

    assert headers.forwarded(sent) == []


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_path_passes_only_if_every_reading_of_it_may(method, words, slash):
    raw = ("/" + "/".join(words) + ("/" if slash else "")).encode()
    segments = segments_of(raw)
    try:
        verdict = None if segments is None else judge(method, segments)
    except Refusal:
        verdict = None
    if verdict is not Verdict.PASSES:
        return

    read = raw.decode()
    for _ in range(3):
        parts = read.removesuffix("/").split("/")[1:]
        assert not {"", ".", ".."} & set(parts)
        assert parts[0] in ("api", "apis", "render")
        assert parts[1:2] != ["serviceaccounts"]
        assert parts[0] != "api" or parts[1] not in NOBODYS
        assert "iam.grafana.app" not in parts[1:2]
        assert parts[:3] not in (["api", "auth", "keys"], ["api", "org", "invites"], ["api", "user", "using"])
        assert parts[:3] != ["api", "access-control", "users"]
        read = unquote(read)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["auth_token", "auth%5Ftoken", "AUTH_TOKEN", "orgId", "org%49d", "targetOrgId", "q", "limit"]
            ),
            st.text(string.ascii_letters + "&;=%+", max_size=8),
        ),
        max_size=6,
    ),
    st.sampled_from(["&", ";", "&&", "&;"]),
)
def test_no_query_of_a_client_says_who_asks(pairs, between):
    query = between.join(f"{name}={value}" for name, value in pairs).encode()

    passed = passed_on(query).decode()

    for separator in ("&", ";"):
        names = [name.lower() for name, _ in parse_qsl(passed, keep_blank_values=True, separator=separator)]
        assert not {"auth_token", "orgid", "targetorgid"} & set(names)


@given(st.binary(max_size=60))
def test_a_query_is_always_one_line_of_what_urls_hold(query):
    assert all(0x21 <= byte <= 0x7E and byte not in b'#"<>' for byte in passed_on(query))


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "//x", "x", "", "http://", "http://u:p@x", "http://x/?a", "http://x/#a", "http://x/a/../b", "http://x/%2e",
     "http://x y", "http://x:99999", "http://[::1", "http://x/a//b", "file:///etc/passwd", "http://x\\@y", "http://-x",
     "http://x:", "gopher://x"],
)  # fmt: skip
def test_a_url_that_is_not_plain_is_refused(url):
    with pytest.raises(BadAddress):
        parse(url)


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000", ""),
        ("https://Grafana.Example/", "https://grafana.example", ""),
        ("https://grafana.example/sub/path/", "https://grafana.example", "/sub/path"),
        ("http://[::1]:3000/g", "http://[::1]:3000", "/g"),
    ],
)
def test_a_plain_url_is_taken(url, origin, prefix):
    assert parse(url) == Address(origin, prefix)


@given(st.text(string.printable, max_size=30))
def test_a_redirect_never_leads_out_of_the_upstream(location):
    address = parse("https://grafana.example/sub")

    below = address.below(location)

    assert below is None or (below.startswith("/") and location.endswith(below))


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=12), st.binary(max_size=20)), max_size=6))
def test_no_header_of_an_upstream_breaks_lines_or_keeps_a_session(fields):
    try:
        returned = headers.returned([*fields, (b"Set-Cookie", b"grafana_session=x"), (b"Server", b"x")])
    except headers.BadField:
        return

    assert not any(set(name + value) & set(b"\r\n\0") for name, value in returned)
    assert not {name for name, _ in returned} & {
        b"set-cookie",
        b"server",
        b"transfer-encoding",
        b"connection",
    }
