"""What authorisation adds to a request: GetUser as the root, which no policy binds, and as users with policies.

All callers ask the same server the same question, in turn, so that the difference is what policies cost.
"""

import json
from collections.abc import Mapping
from typing import Any

from bench import servers
from bench.compare import Say
from bench.load import Plan, run
from bench.population import call, create_keys, require_expected
from bench.requests import Key, Signer, form
from bench.results import Results, Series
from bench.servers import Server
from bench.settings import WARM_UP_ROUNDS, Effort, Place

ROOT, ONE_POLICY, TEN_POLICIES = "root", "1 policy of 4 statements", "10 policies of 20 statements"
_CONNECTIONS = 32
_ACCOUNT = "123456789012"
_ASKED_ABOUT = "asked-about"


def authorisation(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.authorisation`. Raises LoadFailed and ServerFailed."""
    with servers.keystead(place.directory / "authorisation", place.server_core) as server:
        callers = _populate(server, place.client_core)
        say(f"GetUser as {list(callers)}")
        for number in range(WARM_UP_ROUNDS + effort.rounds):
            for name, key in callers.items():
                body = form("iam", "GetUser", UserName=_ASKED_ABOUT)
                request = Signer(key, "iam", server.authority).request(body)
                plan = Plan(
                    server.host,
                    server.port,
                    server.pid,
                    [request],
                    effort.seconds,
                    connections=_CONNECTIONS,
                    deferred_seconds=server.deferred_seconds,
                )
                outcome = run(plan, place.client_core)
                require_expected(server, name, outcome)
                if number >= WARM_UP_ROUNDS:
                    results.authorisation.setdefault(name, Series()).rounds.append(outcome)


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
