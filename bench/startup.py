"""From the command to the first signed answer, and the memory of a server that nobody uses."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from bench import servers
from bench.compare import Say
from bench.measure import resident_bytes, tree
from bench.results import Results
from bench.settings import Effort, Place

IDLE_SECONDS = 3.0
Starter = Callable[[], AbstractContextManager[servers.Server]]


def startup(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill the start-up times (first start, which makes the data directory, and restart) and the idle memory."""
    core = place.server_core
    # Once for nothing: the first start ever compiles what an installation has compiled already.
    _first_answer(lambda: servers.keystead(place.directory / "compiled", core))
    for number in range(effort.starts):
        say(f"start-up {number + 1} of {effort.starts}")
        directory = place.directory / f"start-{number}"
        ours: Starter = lambda directory=directory: servers.keystead(directory, core)  # noqa: E731
        results.first_start_seconds.append(_first_answer(ours)[0])
        results.restart_seconds.append(_first_answer(ours)[0])
        results.peer_start_seconds.append(_first_answer(lambda: servers.moto(place.directory, core))[0])
    say("idle memory")
    results.idle_bytes = _first_answer(
        lambda: servers.keystead(place.directory / "start-0", core), IDLE_SECONDS
    )[1]
    results.peer_idle_bytes = _first_answer(lambda: servers.moto(place.directory, core), IDLE_SECONDS)[1]


def _first_answer(start: Starter, idle_seconds: float = 0.0) -> tuple[float, int]:
    started_at = time.perf_counter()
    with start() as server:
        if not servers.answers(server):
            raise servers.ServerFailed(f"{server.name} is up, but refuses a signed GetCallerIdentity")
        took = time.perf_counter() - started_at
        time.sleep(idle_seconds)
        return took, resident_bytes(tree(server.pid))
