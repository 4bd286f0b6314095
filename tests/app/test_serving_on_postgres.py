"""`keystead serve --database`: the same authority over PostgreSQL, through boto3, a kill and a restart."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from support.running import Key, client, root_key_of

SECRET = "canary-77c0"
_START_SECONDS = 60


@pytest.fixture
def url(cluster):
    url = cluster.lend()
    yield url
    cluster.take_back(url)


def _keystead(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from keystead.cli.main import main; main()", *map(str, arguments)]


@contextmanager
def serving(data, url, *further):
    """Serve in another process; give the process and what it says when ready. It is stopped at the end."""
    ready_file = data.parent / "ready.json"
    ready_file.unlink(missing_ok=True)
    free = ("--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--doh", "127.0.0.1:0", "--dot", "127.0.0.1:0")
    command = _keystead(
        "serve", "--data", data, "--database", url, *free, "--ready-file", ready_file, *further
    )
    log = data.parent / "log"
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not ready_file.exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield process, json.loads(ready_file.read_text())
        finally:
            process.send_signal(signal.SIGTERM)


def _key(made):
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def test_what_was_acknowledged_is_there_after_a_kill(url, tmp_path):
    data = tmp_path / "data"
    with serving(data, url) as (process, ready):
        iam = client(ready["http"], "iam", root_key_of(data))
        iam.create_user(UserName="bob")
        kept, revoked = (_key(iam.create_access_key(UserName="bob")["AccessKey"]) for _ in range(2))
        assert client(ready["http"], "sts", revoked).get_caller_identity()["Arn"].endswith(":user/bob")
        iam.delete_access_key(UserName="bob", AccessKeyId=revoked.id)
        process.kill()
        process.wait(10)

    with serving(data, url) as (process, ready):
        who = client(ready["http"], "sts", kept).get_caller_identity()
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            client(ready["http"], "sts", revoked).get_caller_identity()
        verified = subprocess.run(
            _keystead("audit", "verify", "--data", data), capture_output=True, text=True, check=False
        )

    assert who["Arn"].endswith(":user/bob")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_later_verbs_and_starts_find_the_database_by_the_directory(url, tmp_path):
    data = tmp_path / "data"
    with serving(data, url):
        pass
    listed = subprocess.run(
        _keystead("creds", "ls", "--data", data), capture_output=True, text=True, check=False
    )
    with serving(data, "") as (_, ready):
        who = client(ready["http"], "sts", root_key_of(data)).get_caller_identity()

    assert root_key_of(data).id in listed.stdout
    assert who["Arn"].endswith(":root")
    assert not (data / "keystead.db").exists()


def test_a_second_server_on_the_database_is_refused_in_one_line(url, tmp_path):
    with serving(tmp_path / "data", url):
        second = subprocess.run(
            _keystead("serve", "--data", tmp_path / "other", "--database", url),
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )

    assert second.returncode == 1
    assert second.stderr.strip() == "keystead: the database is in use by another keystead"


def test_a_directory_with_another_empty_database_is_refused(url, cluster, tmp_path):
    data, other = tmp_path / "data", cluster.lend()
    try:
        with serving(data, url):
            pass
        served = subprocess.run(
            _keystead("serve", "--data", data, "--database", other),
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
    finally:
        cluster.take_back(other)

    assert served.returncode == 1
    assert "belongs to another one" in served.stderr


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path):
    url = f"postgresql://clerk:{SECRET}@127.0.0.1:1/x"
    by_flag = subprocess.run(
        _keystead("serve", "--data", tmp_path / "data", "--database", url),
        capture_output=True,
        text=True,
        check=False,
    )
    by_variable = subprocess.run(
        _keystead("serve", "--data", tmp_path / "data"),
        env={**os.environ, "KEYSTEAD_DATABASE": url},
        capture_output=True,
        text=True,
        check=False,
    )

    for refused in (by_flag, by_variable):
        assert refused.returncode == 1
        assert "database_password_file" in refused.stderr
        assert SECRET not in refused.stdout + refused.stderr
    assert not (tmp_path / "data").exists()


def test_tour_ends_well_on_a_database(url, cluster):
    done = subprocess.run(
        _keystead("tour", "--database", url), capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every door opened and shut as it must." in done.stdout
    ((accounts,),) = cluster.ask_in(url, "SELECT count(*) FROM account")
    assert accounts == 1
