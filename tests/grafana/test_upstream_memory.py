"""What is held of upstreams, their workspaces and the tokens there is never older than the last change."""

from collections.abc import Iterator

import pytest

from grafana.upstreams import KEY, ScriptedUpstream, answer, point, scripted
from grafana.workspaces import GrafanaRoom
from keystead.identity.epoch import PolicyEpoch
from keystead.kernel.secret import Secret
from keystead.products.grafana.upstream import opentokens
from keystead.products.grafana.upstream.opentokens import OpenTokens
from keystead.products.grafana.upstream.upstream_records import Lodger, Upstream
from keystead.store.interface import Reader

PATH = "/api/dashboards/uid/x"


@pytest.fixture
def workspace(room: GrafanaRoom) -> str:
    return room.workspace()


@pytest.fixture
def upstream(room: GrafanaRoom, workspace: str) -> Iterator[ScriptedUpstream]:
    async def strict(heard, reader, writer):
        is_good = shown(heard) in made.good
        await answer(writer, {"told": made.port} if is_good else {}, 200 if is_good else 401)

    with scripted(room, workspace, strict) as made:
        yield made


def shown(heard) -> str:
    return heard.all("authorization")[0].removeprefix("Bearer ")


def warm(room: GrafanaRoom, workspace: str, key: str) -> None:
    assert [room.ask(workspace, PATH, key).status for _ in range(3)] == [200] * 3


def test_a_warm_request_reads_no_row_and_opens_nothing(room, workspace, upstream, monkeypatch):
    key = room.key(workspace, "VIEWER")
    asked: list[str] = []
    reader = room.authority.authority.store.reader
    found = type(reader).one

    def one(self: Reader, sql: str, parameters=()):
        asked.append(sql)
        return found(self, sql, parameters)

    monkeypatch.setattr(type(reader), "one", one)
    warm(room, workspace, key)
    assert any("kept_secret" in sql for sql in asked)
    asked.clear()
    monkeypatch.setattr(type(room.authority.authority.seal), "open", None)

    assert room.ask(workspace, PATH, key).status == 200

    assert [sql for sql in asked if "grafana" in sql or "kept_secret" in sql] == []


@pytest.mark.parametrize("end", ["workspace", "network", "token", "account"])
def test_what_ends_is_over_at_the_next_request(room, workspace, upstream, end):
    account = room.account(workspace, "VIEWER")
    token = room.mint(workspace, account)
    warm(room, workspace, token["key"])
    before = len(upstream.heard)

    named = {"workspaceId": workspace, "serviceAccountId": account}
    match end:
        case "workspace":
            room.aws.delete_workspace(workspaceId=workspace)
        case "network":
            shut = {"prefixListIds": [], "vpceIds": []}
            room.aws.update_workspace(workspaceId=workspace, networkAccessControl=shut)
        case "token":
            room.aws.delete_workspace_service_account_token(**named, tokenId=token["id"])
        case _:
            room.aws.delete_workspace_service_account(**named)

    wanted = {"workspace": 404, "network": 403, "token": 401, "account": 401}[end]
    assert room.ask(workspace, PATH, token["key"]).status == wanted
    assert len(upstream.heard) == before


def test_an_upstream_that_is_set_anew_is_asked_by_the_next_request(room, workspace, upstream):
    key = room.key(workspace, "VIEWER")
    warm(room, workspace, key)
    other = ScriptedUpstream(upstream.behaviour)
    try:
        before = len(upstream.heard)
        point(room, workspace, other.url, KEY)
        other.behaviour = _told_by(other)

        assert room.ask(workspace, PATH, key).body == {"told": other.port}
        assert (len(upstream.heard), upstream.good & {shown(each) for each in other.heard}) == (
            before,
            {"theirs-1"},
        )
        room.authority.command("workspace-upstream-clear", id=workspace)
        assert room.ask(workspace, PATH, key).status == 404
        assert len(other.heard) == 1
    finally:
        other.stop()


def _told_by(upstream: ScriptedUpstream):
    async def told(heard, reader, writer):
        await answer(writer, {"told": upstream.port})

    return told


def test_a_token_that_was_rotated_is_shown_by_the_next_request(room, workspace, upstream):
    key = room.key(workspace, "VIEWER")
    warm(room, workspace, key)
    upstream.good = {KEY}
    assert room.ask(workspace, PATH, key).status == 200
    assert (upstream.minted, len(upstream.heard)) == (2, 5)

    warm(room, workspace, key)

    assert upstream.minted == 2
    assert {shown(heard) for heard in upstream.heard[4:]} == {"theirs-2"}


def put_behind(serial: str) -> Upstream:
    return Upstream("g-1", "1", "http://x", "", serial, 0)


def test_an_opened_token_is_for_its_upstream_and_role_and_not_for_long():
    tokens, token = OpenTokens(PolicyEpoch()), Secret(b"t")
    tokens.hold(put_behind("a"), Lodger("g-1", "VIEWER", 1, 1, minted_at=100), token)

    assert tokens.of(put_behind("a"), "VIEWER", 149, 50) is token
    assert tokens.of(put_behind("a"), "VIEWER", 150, 50) is None
    assert tokens.of(put_behind("a"), "VIEWER", 99, 50) is None
    assert tokens.of(put_behind("b"), "VIEWER", 149, 50) is None
    assert tokens.of(put_behind("a"), "ADMIN", 149, 50) is None


def test_an_epoch_that_moves_drops_every_token():
    epoch = PolicyEpoch()
    tokens = OpenTokens(epoch)
    tokens.hold(put_behind("a"), Lodger("g-1", "VIEWER", 1, 1, 0), Secret(b"t"))

    epoch.bump()
    assert tokens.of(put_behind("a"), "VIEWER", 1, 50) is None
    tokens.hold(put_behind("a"), Lodger("g-1", "ADMIN", 1, 1, 0), Secret(b"u"))

    assert tokens.of(put_behind("a"), "VIEWER", 1, 50) is None


def test_what_is_held_is_bounded(monkeypatch):
    monkeypatch.setattr(opentokens, "MAX_WORKSPACES", 3)
    tokens = OpenTokens(PolicyEpoch())
    for number in range(10):
        upstream = Upstream(f"g-{number}", "1", "http://x", "", "a", 0)
        tokens.hold(upstream, Lodger(upstream.workspace, "VIEWER", 1, 1, 0), Secret(b"t"))
        assert len(tokens._held) <= 3
