"""What a run found, as data: rounds per operation and server, ratios of rounds, and what made the run doubtful."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bench.load import Outcome
from bench.measure import median, spread

CLIENT_SATURATED, SERVER_IDLE, BARE_SPREAD_LIMIT = 0.95, 0.9, 0.15


@dataclass
class Series:
    """The rounds of one operation at one server, the warm-up left out."""

    rounds: list[Outcome] = field(default_factory=list)

    @property
    def cpu_us(self) -> float:
        return median(outcome.cpu_us for outcome in self.rounds)

    @property
    def rate(self) -> float:
        return median(outcome.rate for outcome in self.rounds)

    @property
    def p50_ms(self) -> float:
        return median(outcome.p50_seconds for outcome in self.rounds) * 1e3

    @property
    def p99_ms(self) -> float:
        return median(outcome.p99_seconds for outcome in self.rounds) * 1e3

    def cpu_ratio(self, other: "Series") -> float:
        """How many times this series' CPU per request is the other's: the median of the rounds' ratios."""
        return _ratio(
            [(mine.cpu_us, its.cpu_us) for mine, its in zip(self.rounds, other.rounds, strict=True)]
        )

    def cpu_more_us(self, other: "Series") -> float:
        """How many µs of CPU more than the other a request costs: the median of the rounds' differences."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return median(mine.cpu_us - its.cpu_us for mine, its in pairs)

    def rate_ratio(self, other: "Series") -> float:
        """How many times the other's throughput this series has, median of the rounds' ratios."""
        return _ratio([(mine.rate, its.rate) for mine, its in zip(self.rounds, other.rounds, strict=True)])

    def p99_ratio(self, other: "Series") -> float:
        """How many times the other's p99 this series has, median of the rounds' ratios."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return _ratio([(mine.p99_seconds, its.p99_seconds) for mine, its in pairs])


# Operation, then server (or size), to its rounds.
Table = dict[str, dict[str, Series]]


@dataclass
class Results:
    """Everything that one command measured; what it did not measure is empty or None."""

    machine: dict[str, Any] = field(default_factory=dict)
    operations: Table = field(default_factory=dict)
    # Who asks, to the CPU µs of a GetUser in each block.
    authorisation: dict[str, list[float]] = field(default_factory=dict)
    # What is asked at the Grafana door, as `operations`.
    grafana: Table = field(default_factory=dict)
    # What the S3 door does, and MB/s of large bodies by what is done and where.
    objects: Table = field(default_factory=dict)
    transfers: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    growth: Table = field(default_factory=dict)
    peer_growth: Table = field(default_factory=dict)
    first_start_seconds: list[float] = field(default_factory=list)
    restart_seconds: list[float] = field(default_factory=list)
    peer_start_seconds: list[float] = field(default_factory=list)
    idle_bytes: int | None = None
    peer_idle_bytes: int | None = None
    resident_bytes: dict[str, int] = field(default_factory=dict)
    syncs_per_create: dict[int, float] = field(default_factory=dict)
    # Operation to the share of samples per function: in it, and in it or below it.
    profile: dict[str, dict[str, list[tuple[str, float]]]] = field(default_factory=dict)
    # Transport and shape of the load, then resolver, to its rounds.
    dns: Table = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return plain data, each round included."""
        return asdict(self)


def doubts(table: Table) -> list[str]:
    """Return what makes a table unusable: a client that was the bottleneck, a machine that would not hold still."""
    found: list[str] = []
    for operation, servers in table.items():
        for server, series in servers.items():
            if any(is_client_bound(outcome) for outcome in series.rounds):
                found.append(f"{operation} at {server}: the client was saturated, not the server")
        bare = servers.get("bare")
        if bare and (wide := spread([outcome.cpu_us for outcome in bare.rounds])) > BARE_SPREAD_LIMIT:
            found.append(
                f"{operation}: the bare server's cost spreads by {wide:.0%}; the machine is too busy"
            )
    return found


def is_client_bound(outcome: Outcome) -> bool:
    """Tell whether the client had no time left while the server had."""
    return outcome.client_busy > CLIENT_SATURATED and outcome.server_busy < SERVER_IDLE


def _ratio(pairs: list[tuple[float, float]]) -> float:
    return median(mine / its for mine, its in pairs if its)
