"""What is measured: each operation as the requests of one round.

Requests are signed anew for each round, so none ever leaves the window in which a date is accepted. CreateAccessKey
and DeleteAccessKey make one round together: the keys that the first makes are the ones that the second deletes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.load import Outcome, Plan, run
from bench.population import KEYS_PER_USER, Population, delete_form, key_ids, require_expected
from bench.requests import Signer, form
from bench.servers import Server

CREATE, DELETE = "CreateAccessKey", "DeleteAccessKey"
BAD_SIGNATURE = "GetCallerIdentity, bad signature"
PAGE_OF_USERS = "ListUsers, a page of 10"
_DELETE_LIMIT_SECONDS = 60.0
# As long as a real one.
_SOME_KEY_ID = "AKIAIOSFODNN7EXAMPLE"


@dataclass(frozen=True)
class Operation:
    """A reading operation: how to build its requests, what they should be answered."""

    build: Callable[[Server, Population], list[bytes]]
    expected_status: int = 200
    connections: int = 32


def _get_caller_identity(server: Server, population: Population) -> list[bytes]:
    body = form("sts", "GetCallerIdentity")
    return [Signer(key, "sts", server.authority).request(body) for key in population.callers]


def _bad_signature(server: Server, population: Population) -> list[bytes]:
    body = form("sts", "GetCallerIdentity")
    return [Signer(key, "sts", server.authority).forged(body) for key in population.callers]


def _of_readers(action: str) -> Callable[[Server, Population], list[bytes]]:
    def build(server: Server, population: Population) -> list[bytes]:
        signer = Signer(server.key, "iam", server.authority)
        return [signer.request(form("iam", action, UserName=name)) for name in population.readers]

    return build


def _page_of_users(server: Server, population: Population) -> list[bytes]:
    signer = Signer(server.key, "iam", server.authority)
    pages = [{}, *({"Marker": marker} for marker in population.markers)]
    return [signer.request(form("iam", "ListUsers", MaxItems="10", **page)) for page in pages]


READS = {
    "GetCallerIdentity": Operation(_get_caller_identity),
    "ListAccessKeys": Operation(_of_readers("ListAccessKeys")),
    "GetUser": Operation(_of_readers("GetUser")),
    BAD_SIGNATURE: Operation(_bad_signature, expected_status=403),
    # Few connections: moto answers with every user there is, and 32 such answers take minutes.
    PAGE_OF_USERS: Operation(_page_of_users, connections=4),
}


def read_round(server: Server, population: Population, name: str, seconds: float, core: int) -> Outcome:
    """Measure a reading operation once. Raises LoadFailed."""
    operation = READS[name]
    requests = operation.build(server, population)
    expected = operation.expected_status if server.name != "bare" else 200
    plan = _plan(server, requests, seconds, connections=operation.connections, expected_status=expected)
    return _measured(server, name, plan, core)


def churn_round(server: Server, population: Population, seconds: float, core: int) -> dict[str, Outcome]:
    """Measure CreateAccessKey until the time or the free places are over, then delete what it made."""
    owners = [name for _ in range(KEYS_PER_USER) for name in population.churn]
    if server.name == "bare":
        return _churn_at_bare(server, owners, seconds, core)
    created, made = create_round(server, owners, seconds, core)
    signer = Signer(server.key, "iam", server.authority)
    deletes = [signer.request(delete_form(name, key_id)) for name, key_id in made]
    plan = _plan(server, deletes, _DELETE_LIMIT_SECONDS, repeat=False)
    return {CREATE: created, DELETE: _measured(server, DELETE, plan, core)}


def create_round(
    server: Server, owners: list[str], seconds: float, core: int, connections: int = 32
) -> tuple[Outcome, list[tuple[str, str]]]:
    """Measure one CreateAccessKey per owner, as far as time allows; also return the owners and ids of the keys."""
    signer = Signer(server.key, "iam", server.authority)
    creates = [signer.request(form("iam", CREATE, UserName=name)) for name in owners]
    plan = _plan(server, creates, seconds, connections=connections, repeat=False, keep_bodies=True)
    created = _measured(server, CREATE, plan, core)
    made = [(owners[index], key_ids(body)[0]) for index, body in created.bodies]
    created.bodies.clear()
    return created, made


def _churn_at_bare(server: Server, owners: list[str], seconds: float, core: int) -> dict[str, Outcome]:
    signer = Signer(server.key, "iam", server.authority)
    creates = [signer.request(form("iam", CREATE, UserName=name)) for name in owners]
    deletes = [signer.request(delete_form(name, _SOME_KEY_ID)) for name in owners]
    return {
        name: _measured(server, name, _plan(server, requests, seconds), core)
        for name, requests in ((CREATE, creates), (DELETE, deletes))
    }


def _plan(server: Server, requests: list[bytes], seconds: float, **options: object) -> Plan:
    return Plan(
        server.host,
        server.port,
        server.pid,
        requests,
        seconds,
        deferred_seconds=server.deferred_seconds,
        **options,  # type: ignore[arg-type]  # Named by the callers above only.
    )


def _measured(server: Server, name: str, plan: Plan, core: int) -> Outcome:
    outcome = run(plan, core)
    require_expected(server, name, outcome)
    return outcome
