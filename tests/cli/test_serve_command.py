"""`serve` and `init`: what they make, what they say, and how they stop."""

import json
import os
import re
import socket
import stat
from pathlib import Path

import pytest
from cli_support import ANYWHERE, Served, keystead, start


def test_ready_file_says_all_that_the_design_lists(served: Served) -> None:
    ready = served.ready

    assert list(ready) == ["http", "https", "data", "account", "region", "doh", "dot", "do53", "console"]
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", ready["http"])
    assert re.fullmatch(r"https://127\.0\.0\.1:[0-9]+", ready["https"])
    assert (str(served.data), "123456789012", "us-east-1") == (
        ready["data"],
        ready["account"],
        ready["region"],
    )


def test_ready_file_is_renamed_into_place(served: Served) -> None:
    beside = sorted(path.name for path in served.ready_file.parent.glob(f"{served.ready_file.name}*"))

    assert [served.ready_file.name] == beside


def test_everything_secret_is_its_owners_alone(served: Served) -> None:
    secrets = [served.data, *served.data.glob("keystead.db*"), *served.data.glob("tls/*.key")]
    secrets += [
        served.data / name for name in ("root.key", "root-credentials", "credentials", "admin.sock", "tls")
    ]

    open_to_others = [path for path in secrets if stat.S_IMODE(path.stat().st_mode) & 0o077]

    assert open_to_others == []


def test_greeting_ends_with_the_line_to_paste(tmp_path: Path) -> None:
    server = start(tmp_path / "da ta")
    ready = server.ready

    server.process.terminate()
    said, _ = server.process.communicate(timeout=30)

    assert f"  DNS over HTTPS  {ready['doh']}/dns-query\n" in said
    assert f"  DNS over TLS    {ready['dot']}\n" in said
    eval_line, next_line = said.rstrip().splitlines()[-2:]
    assert eval_line.startswith('  eval "$(/')
    assert eval_line.endswith(f"""env --data '{tmp_path / "da ta"}')\"""")
    assert next_line == "  aws sts get-caller-identity"
    assert server.process.returncode == 0


def test_sigterm_answers_the_request_in_flight_and_exits_with_0(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    host, port = server.ready["http"].removeprefix("http://").split(":")
    body = b"Action=GetCallerIdentity&Version=2011-06-15"

    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"POST / HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: {len(body)}\r\n"
        form = "content-type: application/x-www-form-urlencoded\r\n\r\n"
        connection.sendall(f"{head}{form}".encode() + body[:10])
        # The server has read the first part once it answers another caller.
        assert server.keystead("health").stdout == "ready\n"
        server.process.terminate()
        connection.sendall(body[10:])
        answer = connection.recv(65536)
    server.process.communicate(timeout=30)

    assert b"403" in answer.splitlines()[0]
    assert server.process.returncode == 0
    assert not (server.data / "ready.json").exists()
    assert not (server.data / "admin.sock").exists()


@pytest.mark.parametrize("listener", ["--http", "--https", "--doh", "--dot"])
def test_port_in_use_is_one_line_that_says_what_to_do(made: Path, listener: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        refused = keystead("serve", "--data", made, *ANYWHERE, listener, address)

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        f"keystead: {address} is in use; "
        "give another with --http, --https, --doh or --dot, port 0 for a free one\n"
    )


def test_second_server_on_a_directory_is_refused(served: Served) -> None:
    refused = served.keystead(
        "serve",
        "--http",
        "127.0.0.1:0",
        "--https",
        "127.0.0.1:0",
        "--doh",
        "127.0.0.1:0",
        "--dot",
        "127.0.0.1:0",
    )

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"keystead: {served.data} is in use by another keystead")


def test_plain_http_on_a_public_address_needs_a_flag(made: Path) -> None:
    refused = keystead("serve", "--data", made, "--http", "0.0.0.0:0")

    assert refused.returncode == 1
    assert "plain_http_anywhere" in refused.stderr


def test_ready_file_in_a_missing_folder_is_told_before_anything_is_made(tmp_path: Path) -> None:
    refused = keystead("serve", "--data", tmp_path / "data", "--ready-file", tmp_path / "none" / "ready.json")

    assert refused.returncode == 2
    assert "--ready-file" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_unusable_directory_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused = keystead("serve", "--data", tmp_path / "file")

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in refused.stderr


def test_init_twice_keeps_what_is_there(made: Path) -> None:
    before = (made / "root-credentials").read_bytes()

    again = keystead("init", "--data", made)

    assert again.returncode == 0
    assert again.stdout.startswith(f"There is already an authority in {made}")
    assert before == (made / "root-credentials").read_bytes()


def test_init_says_what_to_type_next(tmp_path: Path) -> None:
    made = keystead("init", "--data", tmp_path / "data")

    assert made.stdout.splitlines()[-1].endswith(f"serve --data {tmp_path / 'data'}")


def test_directory_cannot_become_a_test_directory_later(made: Path) -> None:
    refused = keystead("init", "--test", "--data", made)

    assert refused.returncode == 1
    assert "new directory" in refused.stderr


def test_account_is_what_init_made_whatever_a_later_start_says(tmp_path: Path) -> None:
    assert keystead("init", "--data", tmp_path / "data", "--account", "999988887777").returncode == 0

    server = start(tmp_path / "data")
    account = server.ready["account"]
    server.stop()

    assert account == "999988887777"


def test_long_path_moves_the_socket_and_keeps_administration_working(tmp_path: Path) -> None:
    data = tmp_path / ("d" * 120)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    server = start(data, XDG_RUNTIME_DIR=str(runtime))

    try:
        assert not (data / "admin.sock").exists()
        assert json.loads(server.keystead("creds", "ls", "--json").stdout)[0]["kind"] == "iam.access-key"
    finally:
        server.stop()
    assert os.listdir(runtime) == []
