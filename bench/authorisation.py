"""What authorisation adds to a request: GetUser as the root, which no policy binds, and as users with policies.

A few microseconds are lost in what sockets cost, which moves by tens from one second to the next. So the gateway is
asked in this process, on the data that a server made: each caller's request in short blocks, in turn, some hundred
times; what counts is the median over the blocks of what a caller's cost more than the root's beside it.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import servers
from bench.compare import Say
from bench.load import LoadFailed
from bench.population import call, create_keys
from bench.requests import Key, Signer, form
from bench.results import Results
from bench.servers import Server
from bench.settings import Effort, Place
from keystead.access.doors import HTTPRequest
from keystead.app.authority import open_authority
from keystead.config.settings import Settings
from keystead.gateway.pipeline import Gateway
from keystead.protocol import WireResponse

ROOT, ONE_POLICY, TEN_POLICIES = "root", "1 policy of 4 statements", "10 policies of 20 statements"
BLOCK = 50
"""Requests in a block: some 10 ms, in which a machine hardly changes its mind."""
_WARM_UP_BLOCKS = 20
_ACCOUNT = "123456789012"
_ASKED_ABOUT = "asked-about"


def authorisation(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.authorisation`. Raises LoadFailed and ServerFailed."""
    directory = place.directory / "authorisation"
    with servers.keystead(directory, place.server_core) as server:
        callers = _populate(server, place.client_core)
        authority = server.authority
    say(f"GetUser as {list(callers)}, in process")
    with _on_core(place.server_core):
        results.authorisation = asyncio.run(_measure(directory, callers, authority, effort))


async def _measure(
    directory: Path, callers: Mapping[str, Key], host: str, effort: Effort
) -> dict[str, list[float]]:
    """Return who asks, to the CPU µs that a request of each block took."""
    opened = open_authority(Settings(data=directory))
    gateway, work = opened.gateway(), opened.start()
    try:
        requests = {name: _request(key, host) for name, key in callers.items()}
        for _ in range(_WARM_UP_BLOCKS):
            for request in requests.values():
                _time_block(gateway, request)
        blocks: dict[str, list[float]] = {name: [] for name in requests}
        for number in range(effort.authorisation_blocks):
            # Who comes after whom must not matter, so the order turns.
            turn = list(requests.items())
            for name, request in turn[number % len(turn) :] + turn[: number % len(turn)]:
                blocks[name].append(_time_block(gateway, request))
            # What waits for the journal is written between blocks, and is not what is measured.
            await asyncio.sleep(0)
        return blocks
    finally:
        await opened.stop(work)


def _time_block(gateway: Gateway, request: HTTPRequest) -> float:
    # The first after another caller's finds the processor's caches full of that one's.
    answer = gateway.answer(request)
    if not isinstance(answer, WireResponse) or answer.status != 200:
        raise LoadFailed("GetUser was not answered with 200")
    start = time.process_time_ns()
    for _ in range(BLOCK):
        gateway.answer(request)
    return (time.process_time_ns() - start) / BLOCK / 1e3


def _request(key: Key, host: str) -> HTTPRequest:
    """Return a signed GetUser as a listener reads it."""
    signed = Signer(key, "iam", host).request(form("iam", "GetUser", UserName=_ASKED_ABOUT))
    head, _, body = signed.partition(b"\r\n\r\n")
    lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    headers = [(name.lower(), value) for name, _, value in lines]
    return HTTPRequest("POST", b"/", b"", headers, dict(headers), body, "127.0.0.1", False)


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _populate(server: Server, core: int) -> Mapping[str, Key]:
    """Make a user for each weight of policies, and return who asks."""
    names = {ONE_POLICY: "one", TEN_POLICIES: "ten"}
    call(server, core, [form("iam", "CreateUser", UserName=name) for name in (*names.values(), _ASKED_ABOUT)])
    document = policy(4, 0)
    call(
        server,
        core,
        [form("iam", "PutUserPolicy", UserName="one", PolicyName="p", PolicyDocument=document)],
    )
    for number in range(10):
        document = policy(20, number)
        call(server, core, [form("iam", "CreatePolicy", PolicyName=f"p{number}", PolicyDocument=document)])
        arn = f"arn:aws:iam::{_ACCOUNT}:policy/p{number}"
        call(server, core, [form("iam", "AttachUserPolicy", UserName="ten", PolicyArn=arn)])
    keys = create_keys(server, core, list(names.values()))
    return {ROOT: server.key, **dict(zip(names, keys, strict=True))}


def policy(statements: int, number: int) -> str:
    """Return a policy of so many statements, the last of which allows what is asked for.

    Every second of the others speaks of GetUser too, but of other users; the rest are about other services.
    """
    others = [
        _about_other_users(number, n) if n % 2 else _about_others(number, n) for n in range(statements - 1)
    ]
    allowing = {
        "Effect": "Allow",
        "Action": ["iam:Get*", "iam:List*"],
        "Resource": f"arn:aws:iam::{_ACCOUNT}:user/*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": _ACCOUNT}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [*others, allowing]}, separators=(",", ":"))


def _about_other_users(number: int, n: int) -> dict[str, Any]:
    effect = "Deny" if n % 4 == 3 else "Allow"
    resource = f"arn:aws:iam::{_ACCOUNT}:user/team-{number}-{n}/*"
    return {"Effect": effect, "Action": "iam:Get*", "Resource": resource}


def _about_others(number: int, n: int) -> dict[str, Any]:
    bucket = f"arn:aws:s3:::bucket-{number}-{n}"
    return {"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": [bucket, f"{bucket}/*"]}
