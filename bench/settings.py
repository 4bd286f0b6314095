"""How much effort a run makes, and where on the machine it runs."""

import os
from dataclasses import dataclass
from pathlib import Path

WARM_UP_ROUNDS = 1


class TooFewCores(Exception):
    """The machine cannot keep client and server apart."""


@dataclass(frozen=True)
class Effort:
    """Rounds are those that count; one warm-up round comes before them and is dropped."""

    rounds: int
    seconds: float
    readers: int
    churn: int
    peer_readers: int
    peer_churn: int
    growth_sizes: tuple[int, ...]
    peer_growth_sizes: tuple[int, ...]
    growth_seconds: float
    growth_readers: int
    growth_churn: int
    starts: int
    sync_seconds: float
    dns_tokens: int
    authorisation_blocks: int


# IAM allows 5,000 users in an account, and so does keystead: readers and churn together stay below. The peer gets
# as many free places for keys as it can fill in a round, and few users: it searches them one by one.
FULL = Effort(
    rounds=5,
    seconds=2.0,
    readers=500,
    churn=4_000,
    peer_readers=10,
    peer_churn=800,
    growth_sizes=(10, 1_000, 10_000, 100_000, 500_000),
    peer_growth_sizes=(10, 1_000, 10_000),
    growth_seconds=1.0,
    growth_readers=2_000,
    growth_churn=3_500,
    starts=7,
    sync_seconds=2.0,
    dns_tokens=10_000,
    authorisation_blocks=400,
)
QUICK = Effort(
    rounds=2,
    seconds=0.5,
    readers=50,
    churn=1_500,
    peer_readers=10,
    peer_churn=150,
    growth_sizes=(10, 300),
    peer_growth_sizes=(10, 100),
    growth_seconds=0.5,
    growth_readers=100,
    growth_churn=600,
    starts=2,
    sync_seconds=0.5,
    dns_tokens=100,
    authorisation_blocks=40,
)


@dataclass(frozen=True)
class Place:
    """One core for the servers, another for the client, and a directory on a real disk."""

    server_core: int
    client_core: int
    directory: Path


def choose_place(directory: Path) -> Place:
    """Return the first two cores that this process may use. Raises TooFewCores."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise TooFewCores("the client needs a core of its own: run on a machine with at least two")
    return Place(cores[0], cores[1], directory)
