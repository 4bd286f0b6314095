"""One running authority with an upstream per module here."""

from collections.abc import Iterator

import pytest

from resolver.room import DNSRoom
from resolver.upstream import Upstream
from support.running import ANY_PORT, RunningAuthority, settings_for


@pytest.fixture(scope="module")
def dns_room(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[DNSRoom]:
    upstream = Upstream()
    settings = settings_for(
        tmp_path_factory.mktemp("dns") / "data",
        database=shared_database,
        upstream=(upstream.address,),
        do53=ANY_PORT,
        global_resolvers_per_account=1000,
        dns_views_per_account=1000,
        dns_token_extensions=True,
    )
    running = RunningAuthority(settings)
    yield DNSRoom(running, upstream)
    running.stop()
    upstream.close()
