"""Short URLs lead to a path of their workspace, and nowhere else."""

from urllib.parse import urljoin

import pytest

from badinput.rows import rows
from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom


@pytest.fixture(scope="module")
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


def followed(desk: Desk, uid: str, role: str = "VIEWER", method: str = "GET") -> tuple[int, str]:
    """Ask where a short URL leads; return status and Location."""
    connection = desk.room.connect()
    path = f"/_ws/{desk.workspace}/goto/{uid}?orgId=1"
    try:
        shown = {"Authorization": f"Bearer {desk.keys[role]}"} if role else {}
        connection.request(method, path, headers=shown)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("d/abc/board?var-x=1&from=now-6h#a", "d/abc/board?var-x=1&from=now-6h#a"),
        (" explore?left={} ", "explore?left=%7B%7D"),
        ("d/abc/Über uns", "d/abc/%C3%9Cber%20uns"),
        ("d/abc?query=a%2Fb", "d/abc?query=a%2Fb"),
        ("api/org", "api/org"),
    ],
)
def test_path_is_shortened_and_followed(desk: Desk, path: str, leads_to: str):
    made = desk.does("POST", "/short-urls", {"path": path}, "VIEWER")

    root = f"{desk.room.authority.url}/_ws/{desk.workspace}"
    assert made["url"] == f"{root}/goto/{made['uid']}?orgId=1"
    for method in ("GET", "HEAD"):
        assert followed(desk, made["uid"], method=method) == (302, f"/_ws/{desk.workspace}/{leads_to}")


def test_prefix_of_the_workspace_is_not_repeated(desk: Desk):
    made = desk.does("POST", "/short-urls", {"path": f"_ws/{desk.workspace}/d/abc"})

    assert followed(desk, made["uid"]) == (302, f"/_ws/{desk.workspace}/d/abc")


@pytest.mark.parametrize("path", ["_ws/g-0123456789/d/abc", "_ws%2Fg-0123456789/api/org"])
def test_path_of_another_workspace_is_not_shortened(desk: Desk, path: str):
    assert desk.ask("POST", "/short-urls", {"path": path}).status == 400


def test_only_the_signed_in_follow_and_what_is_not_there_leads_nowhere(room: GrafanaRoom, desk: Desk):
    made = desk.does("POST", "/short-urls", {"path": "d/abc"})

    assert followed(desk, made["uid"], role="") == (401, "")
    assert followed(desk, "none") == (404, "")
    other = Desk(room, "9.4")
    assert followed(other, made["uid"]) == (404, "")
    assert room.ask(other.workspace, f"/goto/{made['uid']}", other.keys["ADMIN"]).body == {
        "message": "Not found"
    }
    assert desk.ask("GET", f"/goto/{made['uid']}").status == 404


BAD = [
    ("/d/abc", "absolute-path", "Path should be relative"),
    ("%2Fd/abc", "absolute-path", "Path should be relative"),
    *(
        (path, "invalid-path", "Invalid short URL path")
        for path in (
            "//evil.example/x",
            "\\\\evil.example",
            "d\\..\\..\\x",
            "https://evil.example",
            "javascript:alert(1)",
            "d/../../../_ws/g-0000000000/api/org",
            "d/..",
            "..",
            "d/%2e%2e/%2E./x",
            "d/%252e%252e/x",
            "d/..%2f..%2fx",
            "%2F%2Fevil.example",
            "d/a\u202eb",
            "d/a%00b",
            "d/a%0d%0aSet-Cookie:x",
            "d?x=../y",
            "d/%25252525252e",
        )
    ),
]


@pytest.mark.parametrize(("path", "word", "message"), BAD)
def test_path_that_leads_elsewhere_is_refused(room: GrafanaRoom, desk: Desk, path, word, message):
    before = rows(room.authority)

    reply = desk.ask("POST", "/short-urls", {"path": path}, "VIEWER")

    assert (reply.status, reply.body["messageId"], reply.body["message"]) == (
        400,
        f"shorturl.{word}",
        message,
    )
    assert rows(room.authority) == before


@pytest.mark.parametrize("body", [{}, {"path": ""}, {"path": 1}, {"path": "p" * 4097}, {"path": "a\0b"}])
def test_what_is_no_path_is_refused(room: GrafanaRoom, desk: Desk, body: object):
    before = rows(room.authority)

    desk.is_told(400, "bad request data", "POST", "/short-urls", body)

    assert rows(room.authority) == before


def test_older_versions_say_it_plainly(room: GrafanaRoom):
    older = Desk(room, "9.4")

    reply = older.ask("POST", "/short-urls", {"path": "/d/abc"})

    assert (reply.status, reply.body) == (400, {"message": "Path should be relative"})


def test_what_a_browser_makes_of_it_stays_in_the_workspace(desk: Desk):
    for path in ("d/abc", "d;x/..;/y", "d/...", ".../x", "d/%2", "d//x"):
        made = desk.ask("POST", "/short-urls", {"path": path})
        if made.status == 200:
            _, location = followed(desk, made.body["uid"])
            there = urljoin(desk.room.authority.url + "/a/b", location)
            assert there.startswith(f"{desk.room.authority.url}/_ws/{desk.workspace}/")
