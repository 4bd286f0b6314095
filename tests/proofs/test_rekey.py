"""The root key is rotated while the authority serves, can be interrupted anywhere, and opens its own data only.

Follows DESIGN §5, "online rotation, safe to kill". Real kills of a real process are in `prove.kill`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop
from bench.requests import Key
from bench.servers import read_credentials
from prove import child
from prove.client import Caller, Connection, made_key
from prove.within import serving

from keystead.app.authority import Authority, open_authority
from keystead.app.initialise import initialise
from keystead.credentials import keyring, shelf
from keystead.credentials.kind import Kind
from keystead.credentials.rekey import rekey
from keystead.credentials.rootkey import RootKeyFile, RootKeyUnusable
from keystead.credentials.seal import binding
from keystead.kernel.entropy import SystemEntropy
from keystead.kernel.secret import Secret
from keystead.store.interface import Job, Result
from support.running import settings_for

CALLERS = 16
KEYS = 450
"""More than two portions of a rotation, and not a whole number of them."""


class Interrupted(Exception):
    """Stands for the end of the process."""


class Interruption:
    """A store that ends the rotation before its n-th write."""

    def __init__(self, authority: Authority, writes: int) -> None:
        self._store = authority.store
        self.reader = authority.store.reader
        self._left = writes

    async def write(self, job: Job[Result]) -> Result:
        if self._left == 0:
            raise Interrupted
        self._left -= 1
        return await self._store.write(job)


class Unretiring(RootKeyFile):
    """A root key file whose process ends just before the old keys leave it."""

    def retire_all_but_first(self) -> None:
        raise Interrupted


async def call_until(
    done: asyncio.Event, connection: Connection, root: Caller, name: str, key: Key
) -> list[int]:
    """Verify an old key and mint, verify and delete a new one, again and again; return every status."""
    statuses: list[int] = []
    while not done.is_set():
        minted = await root.iam(connection, "CreateAccessKey", UserName=name)
        new = made_key(minted)
        statuses += [
            minted.status,
            (await Caller(key, root.host).whoami(connection)).status,
            (await Caller(new, root.host).whoami(connection)).status,
            (await root.iam(connection, "DeleteAccessKey", UserName=name, AccessKeyId=new.key_id)).status,
        ]
    return statuses


async def rotate_under_load(data: Path) -> tuple[list[int], list[Key], int]:
    """Rotate twice under load; return every status, keys made before, and how many secrets were sealed anew."""
    async with serving(data) as (authority, host, port):
        root = Caller(read_credentials(data / "root-credentials"), f"{host}:{port}")
        connections = [await Connection.open(host, port) for _ in range(CALLERS)]
        keys: list[Key] = []
        for number in range(CALLERS):
            await root.iam(connections[0], "CreateUser", UserName=f"u{number}")
            keys.append(made_key(await root.iam(connections[0], "CreateAccessKey", UserName=f"u{number}")))
        await authority.store.write(lambda tx: mint_many(authority, tx))
        done = asyncio.Event()
        calls = [
            asyncio.create_task(call_until(done, connection, root, f"u{number}", keys[number]))
            for number, connection in enumerate(connections)
        ]
        sealed = 0
        for _ in range(2):
            result = await child.command(data, "rekey")
            sealed += result["secrets"]
        done.set()
        statuses = [status for each in await asyncio.gather(*calls) for status in each]
        for connection in connections:
            await connection.close()
        return statuses, keys, sealed


def mint_many(authority: Authority, tx: object) -> list[tuple[str, Secret]]:
    """Mint many keys in one transaction and return ids and secrets."""
    kind: Kind = authority.kinds["iam.access-key"]
    account = authority.settings.account
    minted = [authority.issuer.mint(tx, kind, account=account, owner=f"AIDA{n}") for n in range(KEYS)]
    return [(each.credential.id, each.secret) for each in minted]


def test_no_request_fails_while_the_root_key_is_rotated(tmp_path: Path) -> None:
    statuses, _, sealed = uvloop.run(rotate_under_load(tmp_path / "data"))

    assert len(statuses) > CALLERS
    assert set(statuses) == {200}
    assert sealed >= 2 * (KEYS + CALLERS)


def test_a_rotation_leaves_no_old_key_and_a_restart_opens_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    initialise(settings_for(data), test=True)
    old = (data / "root.key").read_bytes().split()[1]

    _, keys, _ = uvloop.run(rotate_under_load(data))

    assert len((data / "root.key").read_bytes().splitlines()) == 1
    assert [path.name for path in data.rglob("*") if path.is_file() and old in path.read_bytes()] == []
    assert uvloop.run(statuses_of(data, keys)) == {200}


async def statuses_of(data: Path, keys: list[Key]) -> set[int]:
    """Serve a directory and return what its keys are answered."""
    async with serving(data) as (_, host, port):
        connection = await Connection.open(host, port)
        statuses = {(await Caller(key, f"{host}:{port}").whoami(connection)).status for key in keys}
        await connection.close()
        return statuses


@contextmanager
def opened(data: Path) -> Iterator[Authority]:
    """Have a directory open, and given up without any farewell."""
    authority = open_authority(settings_for(data))
    try:
        yield authority
    finally:
        authority.store.close()


def filled(data: Path) -> list[tuple[str, Secret]]:
    """Make a directory with many keys and return them."""
    initialise(settings_for(data), test=True)
    with opened(data) as authority:
        return authority.store.write_now(lambda tx: mint_many(authority, tx))


async def rotate(data: Path, *, writes: int = -1, file: type[RootKeyFile] = RootKeyFile) -> None:
    """Rotate on an opened directory, interrupted before the write of this number."""
    authority = open_authority(settings_for(data))
    authority.store.start()
    try:
        root_key_file = file(authority.settings.root_key_path, SystemEntropy())
        await rekey(Interruption(authority, writes), authority.seal, root_key_file, authority.clock)
    except Interrupted:
        return
    finally:
        await authority.store.stop()


def closed_secrets(data: Path, keys: list[tuple[str, Secret]]) -> list[str]:
    """Return the ids of the keys whose secret a fresh start cannot open."""
    with opened(data) as authority:
        return [key_id for key_id, secret in keys if opened_secret(authority, key_id) != secret]


def opened_secret(authority: Authority, key_id: str) -> Secret:
    found = shelf.find(authority.store.reader, key_id)
    assert found is not None
    assert found.sealed is not None
    key = found.credential
    return authority.seal.open(found.sealed, binding(key.id, key.account, key.kind, key.version))


@pytest.mark.parametrize("writes", range(7))
def test_a_rotation_interrupted_before_any_write_leaves_every_secret_open(
    tmp_path: Path, writes: int
) -> None:
    data = tmp_path / "data"
    keys = filled(data)

    asyncio.run(rotate(data, writes=writes))

    assert len((data / "root.key").read_text().splitlines()) == 2
    assert closed_secrets(data, keys) == []
    assert_rotates_to_the_end(data, keys)


def test_a_rotation_interrupted_before_the_old_keys_go_can_be_repeated(tmp_path: Path) -> None:
    data = tmp_path / "data"
    keys = filled(data)

    asyncio.run(rotate(data, file=Unretiring))

    assert closed_secrets(data, keys) == []
    assert_rotates_to_the_end(data, keys)


def assert_rotates_to_the_end(data: Path, keys: list[tuple[str, Secret]]) -> None:
    """Check that another rotation leaves one root key and one sealing key, and every secret open."""
    asyncio.run(rotate(data))
    assert len((data / "root.key").read_text().splitlines()) == 1
    assert closed_secrets(data, keys) == []
    with opened(data) as authority:
        purposes = [key.purpose for key in keyring.all_keys(authority.store.reader)]
    assert sorted(purposes) == ["digest", "marker", "seal"]


def test_a_root_key_of_other_data_is_refused_at_the_start(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    for directory in (data, other):
        initialise(settings_for(directory), test=True)
    (data / "root.key").write_bytes((other / "root.key").read_bytes())

    with pytest.raises(RootKeyUnusable, match="of this data is not in the root key file"):
        open_authority(settings_for(data))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_root_key_that_others_can_reach_is_refused_at_the_start(tmp_path: Path, mode: int) -> None:
    data = tmp_path / "data"
    initialise(settings_for(data), test=True)
    (data / "root.key").chmod(mode)

    with pytest.raises(RootKeyUnusable, match=r"is open to others: chmod 600 .*root\.key"):
        open_authority(settings_for(data))


@pytest.mark.parametrize("content", ["", "\n", "one\n", "a b c\n", "ab !!!\n", "ab c2hvcnQ=\n", "ab \xff\n"])
def test_a_file_that_holds_no_root_key_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    data = tmp_path / "data"
    initialise(settings_for(data), test=True)
    (data / "root.key").write_text(content, "latin-1")

    with pytest.raises(RootKeyUnusable, match=r"root\.key"):
        open_authority(settings_for(data))


def test_serve_says_in_one_line_why_it_does_not_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    initialise(settings_for(data), test=True)
    (data / "root.key").chmod(0o644)

    server = child.spawn(data, tmp_path / "log")

    assert server.process.wait(child.START_SECONDS) == 1
    assert server.written() == f"keystead: {data}/root.key is open to others: chmod 600 {data}/root.key\n"
