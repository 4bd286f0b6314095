"""The machine below: its clock, its disk, its limits, and the service models that are installed."""

import os
import resource
import statistics
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from keystead.app.directory import DataDirectory
from keystead.app.examination.finding import Finding, Patient, ok, problem, warning
from keystead.app.server import WANTED_FILES
from keystead.kernel.clock import Clock, MovableClock, SystemClock, now
from keystead.products.product import discover
from keystead.protocol import Models

_CLOCK_TOLERANCE = timedelta(seconds=2)
_SYNCS = 20
_SLOW_MS = 20.0
_UNBELIEVABLE_MS = 0.01
_PAGE = bytes(4096)
_FORGETFUL = {"tmpfs", "ramfs"}
_LAYERED = {"overlay", "aufs"}
_NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs"}


def examine_clock(patient: Patient) -> Iterator[Finding]:
    """Compare the machine's time with the file system's, and tell whether this directory has a time of its own."""
    clock = SystemClock()
    with tempfile.NamedTemporaryFile(dir=patient.settings.data, prefix=".doctor-") as probe:
        ahead = timedelta(seconds=clock.real_epoch() - os.fstat(probe.fileno()).st_mtime)
    behind = timedelta(seconds=_last_write(patient) - clock.real_epoch())
    synchronise = "set the clock, for instance with chrony or systemd-timesyncd; signatures allow 15 minutes"
    if abs(ahead) > _CLOCK_TOLERANCE:
        told = f"this machine and its disk differ by {abs(ahead).total_seconds():.0f} s"
        yield problem("clock", told, synchronise)
    elif behind > _CLOCK_TOLERANCE:
        told = f"the clock is {behind.total_seconds():.0f} s behind the database's last write"
        yield problem("clock", told, synchronise)
    else:
        yield ok("clock", f"{now(clock):%Y-%m-%d %H:%M:%S} UTC, as the disk has it")
    yield from _examine_movable(patient)


def _examine_movable(patient: Patient) -> Iterator[Finding]:
    clock: Clock = DataDirectory(patient.settings.data).clock()
    if not isinstance(clock, MovableClock):
        return
    reset = f"keystead clock reset --data {patient.settings.data}"
    if clock.frozen_at is not None:
        yield warning("test clock", f"frozen at {now(clock):%Y-%m-%d %H:%M:%S} UTC: nothing expires", reset)
    elif clock.offset:
        yield warning("test clock", f"moved by {timedelta(seconds=clock.offset)}: expiry follows it", reset)
    else:
        told = "a test directory, whose clock can be moved; not for credentials that matter"
        yield ok("test clock", told)


def _last_write(patient: Patient) -> float:
    database = DataDirectory(patient.settings.data).database
    return max((path.stat().st_mtime for path in database.parent.glob(f"{database.name}*")), default=0.0)


def examine_disk(patient: Patient) -> Iterator[Finding]:
    """Measure a synced write, the one thing that every acknowledged change waits for."""
    kind, folder = file_system(patient.settings.data), patient.settings.data
    elsewhere = f"move {folder} to a local disk and name it with --data"
    if kind in _FORGETFUL:
        yield warning("disk", f"{folder} is on {kind}, which forgets everything at a restart", elsewhere)
    elif kind in _NETWORKED:
        yield problem("disk", f"{folder} is on {kind}; SQLite's WAL needs a local disk", elsewhere)
    elif kind in _LAYERED:
        yield warning("disk", f"{folder} is in a container's own layer ({kind}), and goes with it", elsewhere)
    milliseconds = _sync_milliseconds(folder)
    told = f"a synced write takes {milliseconds:.2f} ms ({kind})"
    if milliseconds > _SLOW_MS:
        yield warning("disk sync", told, "a faster disk; up to 256 changes share each sync meanwhile")
    elif milliseconds < _UNBELIEVABLE_MS and kind not in _FORGETFUL:
        yield warning(
            "disk sync", f"{told}: does this disk really sync?", "look for a disabled barrier or libeatmydata"
        )
    else:
        yield ok("disk sync", told)


def _sync_milliseconds(folder: Path) -> float:
    """Return the median time of an appended and synced page."""
    clock, taken = SystemClock(), list[float]()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
        for _ in range(_SYNCS):
            began = clock.monotonic()
            probe.write(_PAGE)
            probe.flush()
            os.fdatasync(probe.fileno())
            taken.append((clock.monotonic() - began) * 1000)
    return statistics.median(taken)


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the type of the file system that holds `path`, as proc(5) names it, or `unknown`."""
    try:
        lines = [line.split(" ") for line in mounts.read_text().splitlines()]
    except OSError:
        return "unknown"
    # Field 5 is the mount point, with blanks as octal; the type is the first field after the separator.
    points = {line[4].replace("\\040", " "): line[line.index("-") + 1] for line in lines}
    real = path.resolve()
    holders = [point for point in points if real.is_relative_to(point)]
    return points[max(holders, key=len)] if holders else "unknown"


def examine_file_limit(patient: Patient) -> Iterator[Finding]:
    """Look at how many connections the server may hold; it raises the soft limit itself."""
    del patient
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= WANTED_FILES:
        yield ok("open files", f"{WANTED_FILES} will be allowed")
    else:
        remedy = f"ulimit -Hn {WANTED_FILES}, or LimitNOFILE={WANTED_FILES} in the systemd unit"
        yield warning("open files", f"at most {hard} are allowed; 2 × 4096 connections need more", remedy)


def examine_models(patient: Patient) -> Iterator[Finding]:
    """Tell which models the operations are served by."""
    del patient
    products = discover()
    models = Models([product.models for product in products if product.models is not None])
    digest = models.digest([product.service_name for product in products])
    yield ok("service models", f"botocore {version('botocore')}, digest {digest}")
