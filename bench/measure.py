"""What a round cost: processor time, memory and waiting, read from /proc.

Processor time per answered request is the first number of every comparison: on a shared machine it stays within
5 % where throughput moves by a factor of two.
"""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """Return a process and all its living descendants."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time of these processes, their threads and their finished children; 10 ms steps."""
    return sum(cpu_ticks(_read(pid, "stat")) for pid in pids) / _TICKS_PER_SECOND


def cpu_ticks(stat: str) -> int:
    """Return utime + stime + cutime + cstime out of a line of /proc/PID/stat; 0 for a process that has gone."""
    # The command's name may hold spaces and parentheses; it ends at the last one.
    fields = stat.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of these processes together."""
    return sum(resident_of(_read(pid, "status")) for pid in pids)


def resident_of(status: str) -> int:
    """Return VmRSS in bytes out of /proc/PID/status; 0 for a process that has gone."""
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of a sorted sequence; 0.0 for an empty one."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(values: Iterable[float]) -> float:
    """Return the middle value, or the mean of the middle two; 0.0 for none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values: Sequence[float]) -> float:
    """Return (largest − smallest) ÷ median, 0.0 if there is nothing to compare."""
    return (max(values) - min(values)) / median(values) if values and median(values) else 0.0


def filesystem(path: Path) -> str:
    """Return the type of the file system that holds a path: a sync on tmpfs costs nothing and proves nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [(mount, kind) for mount, kind in mounts if path.resolve().is_relative_to(mount)]
    return max(holding, key=lambda entry: len(entry[0]))[1]


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
