"""What to make faster next: where keystead spends its time under each operation.

A run of its own under `bench.sampler`; the shares say what is next, the costs are in the comparison.
"""

import json
import sys
from typing import Any

from bench import operations, servers
from bench.compare import Say
from bench.population import populate
from bench.results import Results
from bench.settings import Effort, Place

PROFILED = ("GetCallerIdentity", "ListAccessKeys", operations.CREATE)
SHOWN = 15
ROUNDS = 3
_READERS, _CHURN = 200, 3_000


def profile(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.profile`. Raises LoadFailed and ServerFailed."""
    for operation in PROFILED:
        say(f"profile of {operation}")
        output = place.directory / f"profile-{operation}.json"
        wrapper = [sys.executable, "-m", "bench.sampler", str(output)]
        directory = place.directory / f"profile-{operation}"
        with servers.keystead(directory, place.server_core, wrapper) as server:
            _exercise(server, operation, place, effort)
        if not output.exists():
            raise servers.ServerFailed(f"the sampler of {operation} left nothing: did keystead stop cleanly?")
        results.profile[operation] = shares(json.loads(output.read_text()))


def shares(counts: dict[str, Any]) -> dict[str, list[tuple[str, float]]]:
    """Return the largest shares per function out of what the sampler wrote."""
    samples = counts["samples"] or 1
    return {
        kind: [(name, seen / samples) for name, seen in _largest(counts[kind], kind)]
        for kind in ("own", "whole")
    }


def _largest(counted: dict[str, int], kind: str) -> list[tuple[str, int]]:
    # Whole stacks begin with the interpreter and the event loop, which every sample shares.
    relevant = {name: seen for name, seen in counted.items() if kind == "own" or not _is_scaffolding(name)}
    return sorted(relevant.items(), key=lambda entry: -entry[1])[:SHOWN]


def _is_scaffolding(name: str) -> bool:
    file = name.partition(":")[0]
    parts = ("runpy", "bench/", "asyncio/", "uvloop/", "bin/", "click/", "cli/", "threading.py")
    return any(part in file for part in parts) or "<frozen" in file


def _exercise(server: servers.Server, operation: str, place: Place, effort: Effort) -> None:
    population = populate(server, place.client_core, _READERS, _CHURN)
    for _ in range(ROUNDS):
        if operation == operations.CREATE:
            operations.churn_round(server, population, effort.seconds, place.client_core)
        else:
            operations.read_round(server, population, operation, effort.seconds, place.client_core)
