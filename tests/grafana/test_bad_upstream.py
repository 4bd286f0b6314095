"""Upstreams that are down, slow or lying: each is told of in Grafana's form, in time, and harms nobody else."""

import asyncio
import http.client
import threading
import time

import pytest

from grafana.upstreams import KEY, Heard, Reader, Writer, answer, free_port, point, scripted
from grafana.workspaces import GrafanaRoom

# `room` gives an upstream 1 s to connect, 2 s to begin its answer, 3 s of silence, and 8 requests at a time.
SLOWEST = 6


@pytest.fixture(scope="module")
def key(room: GrafanaRoom, workspace: str) -> str:
    return room.key(workspace, "EDITOR")


async def slow_first_byte(heard: Heard, reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(60)


async def endless_headers(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def dripping_headers(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.2)


async def huge_header(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 1_000_000 + b"\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def no_http(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def closes_at_once(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.close()


async def endless_continue(heard: Heard, reader: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def switches_protocols(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def short_and_says_longer(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    writer.close()


async def bad_chunk(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def two_lengths(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
    await writer.drain()
    await asyncio.sleep(60)


async def silent_in_mid_body(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    await asyncio.sleep(60)


async def closes_in_mid_body(heard: Heard, reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await writer.drain()
    await asyncio.sleep(0.2)


async def swallows(heard: Heard, reader: Reader, writer: Writer) -> None:
    while await reader.read(65536):
        pass


async def redirects_for_ever(heard: Heard, reader: Reader, writer: Writer) -> None:
    await answer(writer, {}, 302, f"Location: {heard.target}")


@pytest.mark.parametrize(
    ("behaviour", "status", "message_id"),
    [
        (slow_first_byte, 504, "upstream.timeout"),
        (dripping_headers, 504, "upstream.timeout"),
        (endless_continue, 504, "upstream.timeout"),
        (endless_headers, 502, "upstream.broken"),
        (huge_header, 502, "upstream.broken"),
        (no_http, 502, "upstream.broken"),
        (closes_at_once, 502, "upstream.broken"),
        (switches_protocols, 502, "upstream.broken"),
        (short_and_says_longer, 502, "upstream.broken"),
        (bad_chunk, 502, "upstream.broken"),
        (two_lengths, 502, "upstream.broken"),
    ],
)
def test_what_is_no_answer_is_told_in_grafanas_form(room, workspace, key, behaviour, status, message_id):
    with scripted(room, workspace, behaviour):
        began = time.monotonic()

        reply = room.ask(workspace, "/api/folders", key)

        assert (reply.status, reply.body["messageId"], reply.body["statusCode"]) == (
            status,
            message_id,
            status,
        )
        assert time.monotonic() - began < SLOWEST
        assert "127.0.0.1" not in str(reply.body)


def test_older_workspaces_are_told_plainly(room):
    old = room.workspace("9.4")
    with scripted(room, old, slow_first_byte):
        reply = room.ask(old, "/api/folders", room.key(old))

    assert (reply.status, list(reply.body)) == (504, ["message"])


def test_an_upstream_that_is_down_is_a_502_at_once(room, workspace, key):
    point(room, workspace, f"http://127.0.0.1:{free_port()}", KEY, force=True)

    for path, headers in (("/api/folders", key), ("/api/health", "")):
        began = time.monotonic()
        assert room.ask(workspace, path, headers).status == 502
        assert time.monotonic() - began < 2
    # What is ours does not need it.
    assert room.ask(workspace, "/api/user", key).status == 200
    assert room.authority.command("workspace-upstream-check", id=workspace)[0]["verdict"] == "problem"
    room.authority.command("workspace-upstream-clear", id=workspace)


@pytest.mark.parametrize("behaviour", [silent_in_mid_body, closes_in_mid_body])
def test_an_answer_that_breaks_off_ends_the_connection_and_is_never_taken_for_whole(
    room, workspace, key, behaviour
):
    with scripted(room, workspace, behaviour):
        connection = room.connect()
        connection.request("GET", f"/_ws/{workspace}/api/folders", headers={"Authorization": f"Bearer {key}"})

        got = connection.getresponse()

        assert got.status == 200
        with pytest.raises(http.client.IncompleteRead):
            got.read()
        connection.close()


def test_a_redirect_loop_is_the_clients_to_follow(room, workspace, key):
    with scripted(room, workspace, redirects_for_ever) as upstream:
        assert room.ask(workspace, "/api/folders", key).status == 302
        assert len(upstream.heard) == 1


def test_a_slow_upstream_takes_no_place_from_others(room, workspace, key):
    healthy = room.workspace()
    healthy_key = room.key(healthy)
    statuses: list[int] = []
    with scripted(room, workspace, slow_first_byte), scripted(room, healthy):
        waiting = [
            threading.Thread(target=lambda: statuses.append(room.ask(workspace, "/api/folders", key).status))
            for _ in range(40)
        ]
        for thread in waiting:
            thread.start()
        time.sleep(0.5)

        began = time.monotonic()
        assert all(room.ask(healthy, "/api/folders", healthy_key).status == 200 for _ in range(10))
        assert room.ask(workspace, "/api/serviceaccounts/search", room.key(workspace)).status == 200
        assert time.monotonic() - began < 2
        for thread in waiting:
            thread.join()

    # Eight are sent on, eight may wait, and the rest are told at once that it is busy.
    assert set(statuses) == {503, 504}
    assert statuses.count(504) == 8


def test_a_client_that_hangs_up_frees_its_place(room, workspace, key):
    with scripted(room, workspace, slow_first_byte):
        connection = room.connect()
        connection.request("GET", f"/_ws/{workspace}/api/folders", headers={"Authorization": f"Bearer {key}"})
        connection.close()
        assert room.ask(workspace, "/api/health").status == 200


def test_a_long_answer_is_cut_when_its_token_is_revoked(room, workspace):
    async def streams(heard: Heard, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"2\r\nok\r\n")
            await writer.drain()
            await asyncio.sleep(0.1)

    account = room.account(workspace)
    minted = room.mint(workspace, account)
    with scripted(room, workspace, streams):
        connection = room.connect()
        shown = {"Authorization": f"Bearer {minted['key']}"}
        connection.request("GET", f"/_ws/{workspace}/api/folders", headers=shown)
        got = connection.getresponse()
        assert got.read(2) == b"ok"

        room.aws.delete_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, tokenId=minted["id"]
        )
        began = time.monotonic()
        with pytest.raises(http.client.IncompleteRead):
            got.read()

        assert time.monotonic() - began < 1
        connection.close()


def test_a_request_that_waits_is_refused_when_its_token_is_revoked(room, workspace):
    account = room.account(workspace)
    minted = room.mint(workspace, account)
    replies = []
    with scripted(room, workspace, slow_first_byte):
        asking = threading.Thread(
            target=lambda: replies.append(room.ask(workspace, "/api/folders", minted["key"]))
        )
        asking.start()
        time.sleep(0.5)
        room.aws.delete_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, tokenId=minted["id"]
        )
        asking.join()

    assert [(reply.status, reply.body["messageId"]) for reply in replies] == [(401, "api-key.invalid")]


def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(room, workspace, key):
    with scripted(room, workspace, swallows):
        for fields, body in (
            ({"Content-Length": str(11 * 1024 * 1024)}, None),
            ({"Transfer-Encoding": "chunked"}, (b"x" * 65536 for _ in range(11 * 16))),
        ):
            connection = room.connect()
            shown = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **fields}
            try:
                connection.request(
                    "POST", f"/_ws/{workspace}/api/folders", body, shown, encode_chunked=body is not None
                )
                assert connection.getresponse().status == 413
            except (BrokenPipeError, ConnectionResetError):
                # It was refused while it was still being sent.
                assert body is not None
            connection.close()
