"""Proof: large bodies pass through in bounded memory, whole and unchanged.

    python -m prove.transfer --mib 1024

boto3 with a bucket's key uploads a file in parts and downloads it in ranges; then a body of the same size goes up
in one piece and comes down in one stream; then 64 clients upload at once. Each time what comes back is compared by
SHA-256 with what was sent, and the server's resident memory may grow by so much and no more. Exit status 1 for a
miss. The file and the server's data directory need four times the size on disk.
"""

import argparse
import hashlib
import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from bench.requests import REGION, Key
from bench.servers import read_credentials
from botocore.config import Config

from prove.child import Child, serving

MIB = 1 << 20
GROWTH_MIB = 64
"""How much resident memory may grow while one client moves a large body."""
PARALLEL, PARALLEL_MIB, PARALLEL_GROWTH_MIB = 64, 16, 192
"""How many upload at once, how much each of them, and by how much that may make resident memory grow in all."""
_BUCKET = "prove-transfer"
_BLOCK = hashlib.shake_256(b"prove.transfer").digest(MIB)


@dataclass
class Step:
    """What was moved, by how much memory grew at the most, and what was wrong."""

    name: str
    mib: int
    seconds: float
    growth_mib: float
    allowed_mib: int
    broken: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all came back as it was sent, within the memory that is allowed."""
        return not self.broken and self.growth_mib < self.allowed_mib


class Proof:
    """One server, and a bucket of it."""

    def __init__(self, child: Child, folder: Path) -> None:
        self._child = child
        self._folder = folder
        endpoint = f"http://{child.authority}"
        root = read_credentials(child.data / "root-credentials")
        lightsail = _client("lightsail", endpoint, root)
        lightsail.create_bucket(bucketName=_BUCKET, bundleId="small_1_0")
        made = lightsail.create_bucket_access_key(bucketName=_BUCKET)["accessKey"]
        self._s3 = _client("s3", endpoint, Key(made["accessKeyId"], made["secretAccessKey"]))
        # What is loaded once, and held from then on, is not growth.
        self._s3.put_object(Bucket=_BUCKET, Key="first", Body=bytes(2 * MIB))
        self._s3.get_object(Bucket=_BUCKET, Key="first")["Body"].read()

    def in_parts(self, mib: int) -> Step:
        """Upload a file as boto3 does it by itself, and download it to another."""
        sent, back = self._folder / "sent", self._folder / "back"
        with sent.open("wb") as file:
            file.writelines(_blocks(0, mib))

        def move() -> list[str]:
            self._s3.upload_file(str(sent), _BUCKET, "in-parts")
            self._s3.download_file(_BUCKET, "in-parts", str(back))
            return _difference("the file", _file_digest(back), _digest(_blocks(0, mib)))

        step = self._measured(f"boto3, {mib} MiB in parts up, in ranges down", 2 * mib, GROWTH_MIB, move)
        sent.unlink()
        back.unlink()
        return step

    def in_one_piece(self, mib: int) -> Step:
        """Upload a body by one request, and download it by one."""

        def move() -> list[str]:
            self._put("in-one-piece", 1, mib)
            return self._compare("in-one-piece", 1, mib)

        return self._measured(f"one PUT of {mib} MiB, one GET", 2 * mib, GROWTH_MIB, move)

    def at_once(self, clients: int, mib: int) -> Step:
        """Have many clients upload at the same time."""

        def move() -> list[str]:
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(lambda number: self._put(f"at-once-{number}", number, mib), range(clients)))
            return [
                text for number in range(clients) for text in self._compare(f"at-once-{number}", number, mib)
            ]

        return self._measured(
            f"{clients} uploads of {mib} MiB at once", 2 * clients * mib, PARALLEL_GROWTH_MIB, move
        )

    def _put(self, key: str, number: int, mib: int) -> None:
        """Send a body as fast as it is taken, without holding it here. Raises RuntimeError."""
        url = self._s3.generate_presigned_url("put_object", Params={"Bucket": _BUCKET, "Key": key})
        connection = http.client.HTTPConnection(self._child.host, self._child.port, timeout=300)
        target = url.removeprefix(f"http://{self._child.authority}")
        connection.request(
            "PUT", target, _blocks(number, mib), {"content-length": str(mib * MIB)}, encode_chunked=False
        )
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{key}: {answer.status} {said!r}")

    def _compare(self, key: str, number: int, mib: int) -> list[str]:
        body = self._s3.get_object(Bucket=_BUCKET, Key=key)["Body"]
        return _difference(key, _digest(body.iter_chunks(MIB)), _digest(_blocks(number, mib)))

    def _measured(self, name: str, mib: int, allowed_mib: int, move: Callable[[], list[str]]) -> Step:
        process = Path(f"/proc/{self._child.process.pid}")
        # proc(5): this sets the peak back to what is resident now.
        (process / "clear_refs").write_text("5")
        before, began = _peak_mib(process), time.monotonic()
        broken = move()
        return Step(name, mib, time.monotonic() - began, _peak_mib(process) - before, allowed_mib, broken)


def prove(folder: Path, mib: int, clients: int, each_mib: int) -> list[Step]:
    """Move bodies of so many MiB, then so many at once, each of `each_mib`."""
    with serving(folder / "data") as child:
        proof = Proof(child, folder)
        return [proof.in_parts(mib), proof.in_one_piece(mib), proof.at_once(clients, each_mib)]


def _client(service: str, endpoint: str, key: Key) -> Any:
    return boto3.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        config=Config(proxies={}),
    )


def _blocks(number: int, mib: int) -> Iterator[bytes]:
    """Give a body, of which no two blocks and no two numbers are alike."""
    for block in range(mib):
        yield b"%016d%016d" % (number, block) + _BLOCK[32:]


def _digest(blocks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _difference(name: str, found: str, expected: str) -> list[str]:
    return [] if found == expected else [f"{name} came back changed"]


def _peak_mib(process: Path) -> float:
    """Return the most memory that was resident. Source: proc(5), VmHWM, in KiB."""
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> None:
    """Run the proof and show what it found."""
    parser = argparse.ArgumentParser(prog="prove.transfer", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1024, help="size of the large bodies (1024)")
    parser.add_argument("--clients", type=int, default=PARALLEL, help="uploads at once (64)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="keystead-transfer-") as folder:
        steps = prove(Path(folder), asked.mib, asked.clients, PARALLEL_MIB)
    for step in steps:
        print(
            f"{step.name:50} {step.mib / step.seconds:6.0f} MiB/s  memory +{step.growth_mib:.0f} MiB"
            f" (less than {step.allowed_mib})  {'holds' if step.holds else 'MISSED'}"
        )
        for text in step.broken:
            print(f"  {text}")
    sys.exit(not all(step.holds for step in steps))


if __name__ == "__main__":
    main()
