"""The S3 door beside moto's S3 server, `rclone serve s3` and the bare server, in one interleaved run.

keystead verifies each signature, decides each request and has each write on disk before it answers; one more
keystead has its data directory in memory, which shows what the disk's syncs cost. rclone verifies signatures and
syncs nothing; moto does neither and keeps everything in memory.
"""

import contextlib
import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import boto3

from bench import servers
from bench.compare import Say
from bench.load import LoadFailed, Outcome, Plan, run
from bench.requests import REGION, Key
from bench.results import Results, Series, Table, doubts
from bench.s3requests import S3Signer
from bench.servers import Server
from bench.settings import WARM_UP_ROUNDS, Effort, Place
from bench.transfer import Transfer
from bench.transfer import run as transfer

PUT, GET, ONE = "PUT 4 KiB", "GET 4 KiB", "GET 4 KiB, 1 connection"
LIST, FIRST_PAGE = "list of 100 keys", "list of 100 keys of 1,100"
UP, DOWN = "PUT 64 MiB", "GET 64 MiB"
OURS, IN_MEMORY, RCLONE = "keystead", "keystead, in memory", "rclone"
CONNECTIONS = {GET: 16, ONE: 1, LIST: 16, FIRST_PAGE: 16, PUT: 16}
"""Writes come last: until then every server's bucket holds the same objects."""
LARGE_BYTES = 64 * 1024 * 1024
_SMALL_BYTES = 4096
_KEYS = 1000
_NEW_KEYS = 10_000
"""How many objects a round of writes can write: each is new, in a folder that rclone has already."""
_BUCKET = "bench-objects"
_LISTED = {
    LIST: {"list-type": "2", "prefix": "list/", "max-keys": "100"},
    FIRST_PAGE: {"list-type": "2", "max-keys": "100"},
}
"""The 100 objects of one folder, and the first page of the whole bucket, as a sync asks for it."""
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Side:
    """A server and a key that may use the bucket."""

    server: Server
    key: Key

    @property
    def signer(self) -> S3Signer:
        """A signer for now: signatures are good for some minutes."""
        return S3Signer(self.key, self.server.authority)


def s3(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.objects` and `results.transfers`. Raises LoadFailed and ServerFailed."""
    with contextlib.ExitStack() as running:
        sides = _start(running, results, place, say)
        for side in sides:
            _fill(side, place)
        results.objects = _small(sides, place, effort, say)
        say("64 MiB up and down")
        results.transfers = _large(sides, place, effort)
    results.problems += doubts(results.objects)


def _start(running: contextlib.ExitStack, results: Results, place: Place, say: Say) -> list[Side]:
    say("starting keystead twice, rclone, moto and the bare server")
    core, directory = place.server_core, place.directory
    ours = running.enter_context(servers.keystead(directory / "s3", core))
    sides = [_with_bucket(ours)]
    if _MEMORY.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="keystead-bench-", dir=_MEMORY))
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        other = running.enter_context(servers.keystead(folder / "s3", core))
        sides.append(_with_bucket(replace(other, name=IN_MEMORY)))
    else:
        results.notes.append(f"the price of syncs was not measured: there is no {_MEMORY}")
    program = servers.rclone_program()
    if program is None:
        results.notes.append("rclone was not measured: none that can `serve s3` is installed")
    else:
        (directory / "rclone" / _BUCKET).mkdir(parents=True)
        peer = running.enter_context(servers.rclone(program, directory, core))
        sides.append(Side(peer, peer.key))
    moto = running.enter_context(servers.moto(directory, core))
    _ask(moto, S3Signer(moto.key, moto.authority).request("PUT", f"/{_BUCKET}"), place)
    sides.append(Side(moto, moto.key))
    bare = running.enter_context(servers.bare(directory, core))
    return [*sides, Side(bare, sides[0].key)]


def _with_bucket(server: Server) -> Side:
    lightsail = boto3.Session().client(
        "lightsail",
        endpoint_url=f"http://{server.authority}",
        region_name=REGION,
        aws_access_key_id=server.key.key_id,
        aws_secret_access_key=server.key.secret,
    )
    lightsail.create_bucket(bucketName=_BUCKET, bundleId="small_1_0")
    made = lightsail.create_bucket_access_key(bucketName=_BUCKET)["accessKey"]
    return Side(server, Key(made["accessKeyId"], made["secretAccessKey"]))


def _fill(side: Side, place: Place) -> None:
    """Put the objects that are read and listed."""
    keys = [f"read/{number:04}" for number in range(_KEYS)] + [f"list/{number:03}" for number in range(100)]
    puts = [_put(side.signer, key) for key in keys]
    outcome = run(_plan(side.server, puts, 60.0, 8, repeat=False), place.client_core)
    _require(side.server, "filling", outcome)


def _put(signer: S3Signer, key: str) -> bytes:
    body = key.encode().ljust(_SMALL_BYTES, b".")
    digest = hashlib.sha256(body).hexdigest()
    return signer.request("PUT", f"/{_BUCKET}/{key}", body=body, payload=digest)


def _requests(side: Side, name: str, number: int) -> list[bytes]:
    signer = side.signer
    if name == PUT:
        return [_put(signer, f"read/new-{number}-{each:05}") for each in range(_NEW_KEYS)]
    if name in _LISTED:
        return [signer.request("GET", f"/{_BUCKET}", _LISTED[name])]
    return [signer.request("GET", f"/{_BUCKET}/read/{number:04}") for number in range(_KEYS)]


def _small(sides: list[Side], place: Place, effort: Effort, say: Say) -> Table:
    table: Table = {name: {} for name in CONNECTIONS}
    for name, row in table.items():
        say(f"{name}: {[side.server.name for side in sides]}")
        for number in range(WARM_UP_ROUNDS + effort.rounds):
            for side in sides:
                requests = _requests(side, name, number)
                again = name != PUT
                plan = _plan(side.server, requests, effort.seconds, CONNECTIONS[name], repeat=again)
                outcome = run(plan, place.client_core)
                _require(side.server, name, outcome)
                if number >= WARM_UP_ROUNDS:
                    row.setdefault(side.server.name, Series()).rounds.append(outcome)
    return table


def _large(sides: list[Side], place: Place, effort: Effort) -> dict[str, dict[str, list[float]]]:
    """Return MB/s of each round, up and then down, by server; the bare one has nothing to give."""
    found: dict[str, dict[str, list[float]]] = {UP: {}, DOWN: {}}
    for number in range(WARM_UP_ROUNDS + effort.rounds):
        for side in sides:
            for name, size in ((UP, LARGE_BYTES), (DOWN, 0)):
                if name == DOWN and side.server.name == "bare":
                    continue
                method = "PUT" if size else "GET"
                head = side.signer.head(method, f"/{_BUCKET}/large", length=size)
                server = side.server
                seconds = transfer(Transfer(server.host, server.port, head, size), place.client_core)
                if number >= WARM_UP_ROUNDS:
                    found[name].setdefault(server.name, []).append(LARGE_BYTES / 1e6 / seconds)
    return found


def _plan(
    server: Server, requests: list[bytes], seconds: float, connections: int, *, repeat: bool = True
) -> Plan:
    return Plan(
        server.host,
        server.port,
        server.pid,
        requests,
        seconds,
        connections=connections,
        repeat=repeat,
        deferred_seconds=server.deferred_seconds,
    )


def _ask(server: Server, request: bytes, place: Place) -> None:
    _require(server, "a bucket", run(_plan(server, [request], 10.0, 1, repeat=False), place.client_core))


def _require(server: Server, what: str, outcome: Outcome) -> None:
    if outcome.unexpected or not outcome.answered:
        raise LoadFailed(f"{what} at {server.name}: {outcome.unexpected} {outcome.unexpected_example}")
