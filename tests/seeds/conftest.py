"""One running authority per module here, in which every service has a limit that no test reaches by itself."""

from collections.abc import Iterator

import pytest

from iam.room import Room
from keystead.config.values import RateLimit
from support.running import RunningAuthority, settings_for

LIMITED = ("iam", "route53globalresolver", "ssm", "grafana")
"""The services of the seed operations: each contract produces its throttling error once."""
_NEVER_REACHED = RateLimit(1_000_000, 1_000_000)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[Room]:
    """A running authority that the tests of a module share; each makes the users it needs."""
    limits = tuple((service, _NEVER_REACHED) for service in LIMITED)
    folder = tmp_path_factory.mktemp("seeds")
    running = RunningAuthority(
        settings_for(
            folder / "data",
            database=shared_database,
            limits=limits,
            # So few that a resolver can be filled.
            access_tokens_per_resolver=120,
        )
    )
    yield Room(running)
    running.stop()
