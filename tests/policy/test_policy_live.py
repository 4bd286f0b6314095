"""SimulatePrincipalPolicy and the real decision agree, on policies that are stored and requests that are asked.

Beside `test_policy_properties`, which asks the library: here policies hang on a user, its group and its boundary in
a real database, and the answers come from the operation and from the authoriser that every request passes.
"""

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from policy_documents import ACCOUNT
from policy_strategies import ACTIONS, PRESENTED, documents, statements
from test_policy_properties import EXAMPLES

from keystead.credentials import shelf
from keystead.gateway.call import Call
from keystead.identity import group_records, records
from keystead.identity.entity import entity_of
from keystead.identity.policies import PolicyTooLarge
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.records import Tag
from keystead.products.iam.kinds import ACCESS_KEY
from support.running import RunningAuthority, settings_for

QUESTIONS = 24
LIVE = settings(
    max_examples=max(EXAMPLES // 4, 25),
    deadline=None,
    # The authority is the same for all examples; each one replaces every policy in it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Each example asks 24 questions: 1,700 for KEYSTEAD_POLICY_EXAMPLES are 10,200 cases."""
RESOURCES = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::b/k",
        "arn:aws:s3:::b/bob/k",
        "arn:aws:s3:::b/a:b",
        f"arn:aws:iam::{ACCOUNT}:user/bob",
    ]
)
LATE = st.fixed_dictionaries(
    {},
    optional={
        "aws:sourceip": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:currenttime": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:tagkeys": st.lists(PRESENTED, min_size=1, max_size=3),
    },
)
ASKED = st.lists(st.tuples(ACTIONS, RESOURCES, LATE), min_size=QUESTIONS, max_size=QUESTIONS)
DOCUMENT = documents(max_statements=2)
WORLD = st.tuples(DOCUMENT | st.none(), DOCUMENT | st.none(), DOCUMENT | st.none())
"""What hangs on the user, on its group, and as its boundary."""
DENY_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}


class Live:
    """An authority with one user, bob, in one group; it is asked about bob, live and simulated."""

    def __init__(self, running: RunningAuthority) -> None:
        self._running = running
        self._authority = running.authority
        self._numbers = itertools.count(1)
        self._simulate = (
            self._authority.gateway()._table.services["iam"].entries["SimulatePrincipalPolicy"].method
        )
        self._run(self._write, self._furnish)

    def _run(self, way: Any, job: Any) -> Any:
        return self._running.run(way(job))

    def _write(self, job: Any) -> Any:
        return self._authority.store.write(job)

    def _furnish(self, tx: Any) -> None:
        base = self._authority.base
        user = base.users.create(tx, ACCOUNT, "bob", "/")
        group = base.groups.create(tx, ACCOUNT, "readers", "/")
        base.groups.add(tx, group, user)
        records.put_tag(tx, user.id, Tag("team", "bob"))
        self._authority.issuer.mint(tx, self._authority.kinds[ACCESS_KEY], account=ACCOUNT, owner=user.id)

    def hang(self, world: Any, further: Any = None) -> None:
        """Replace all that bears on bob. Documents that are too large together make the example void."""
        try:
            self._run(self._write, lambda tx: self._replace(tx, world, further))
        except PolicyTooLarge:
            assume(False)

    def _replace(self, tx: Any, world: Any, further: Any) -> None:
        policies = self._authority.base.policies
        user = entity_of(records.user_named(tx, ACCOUNT, "bob"))
        group = entity_of(group_records.group_named(tx, ACCOUNT, "readers"))
        boundary = policies.boundary(tx, user)
        if boundary is not None:
            policies.remove_boundary(tx, user)
            policies.delete(tx, policies.get(tx, ACCOUNT, boundary.arn))
        for entity, document in ((user, world[0]), (group, world[1])):
            for held in ("p", "further"):
                if any(each.name == held for each in policies.documents(tx, entity)):
                    policies.remove_inline(tx, entity, held)
            if document is not None:
                policies.put_inline(tx, entity, "p", json.dumps(document))
        if further is not None:
            policies.put_inline(tx, group, "further", json.dumps(further))
        if world[2] is not None:
            name = f"edge{next(self._numbers)}"
            made = policies.create(tx, ACCOUNT, name, "/", json.dumps(world[2]), None)
            policies.set_boundary(tx, user, made.arn)

    def outcomes(self, asked: Any) -> tuple[list[str], list[str]]:
        """Return the real decisions and the simulated ones."""
        return self._running.run(self._outcomes(asked))

    async def _outcomes(self, asked: Any) -> tuple[list[str], list[str]]:
        authority, reader = self._authority, self._authority.store.reader
        bob, root = (
            authority.principals.of(shelf.of_owner(reader, ACCOUNT, owner, ACCESS_KEY)[0])
            for owner in (records.user_named(reader, ACCOUNT, "bob").id, ROOT_OWNER)
        )
        own = authority.base.authoriser._bearings.of(reader, bob).context
        call = Call("id", root, None, "iam:SimulatePrincipalPolicy", "us-east-1", "127.0.0.1", "", reader)
        live, simulated = [], []
        for action, resource, late in asked:
            decision = authority.base.authoriser.decide(
                reader,
                bob,
                action,
                resource,
                lambda key, late=late: tuple(late[key]) if key in late else None,
            )
            live.append(decision.outcome)
            answer = self._simulate(
                call,
                {
                    "PolicySourceArn": bob.arn,
                    "ActionNames": [action],
                    "ResourceArns": [resource],
                    "ContextEntries": _entries({**late, **own}),
                },
            )
            simulated.append(answer["EvaluationResults"][0]["EvalDecision"])
        return live, simulated


def _entries(keys: Any) -> list[dict[str, Any]]:
    return [
        {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": "stringList"}
        for name, values in keys.items()
    ]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    running = RunningAuthority(settings_for(tmp_path_factory.mktemp("live") / "data", account=ACCOUNT))
    yield Live(running)
    running.stop()


@given(WORLD, ASKED)
@LIVE
def test_simulation_says_what_is_really_decided(live, world, asked) -> None:
    live.hang(world)

    decided, simulated = live.outcomes(asked)

    assert decided == simulated


@given(WORLD, ASKED)
@LIVE
def test_deny_of_everything_always_wins(live, world, asked) -> None:
    live.hang(world, DENY_ALL)

    decided, _ = live.outcomes(asked)

    assert decided == ["explicitDeny"] * len(asked)


@given(WORLD, statements(effects=["Allow"]), ASKED)
@LIVE
def test_adding_an_allow_never_removes_access(live, world, statement, asked) -> None:
    live.hang(world)
    before, _ = live.outcomes(asked)
    live.hang(world, {"Version": "2012-10-17", "Statement": [statement]})
    after, _ = live.outcomes(asked)

    assert all(now == was or now == "allowed" for was, now in zip(before, after, strict=True))
    assert all(now == "explicitDeny" for was, now in zip(before, after, strict=True) if was == "explicitDeny")


@given(WORLD, statements(effects=["Deny"]), ASKED)
@LIVE
def test_adding_a_deny_never_grants(live, world, statement, asked) -> None:
    live.hang(world)
    before, _ = live.outcomes(asked)
    live.hang(world, {"Version": "2012-10-17", "Statement": [statement]})
    after, _ = live.outcomes(asked)

    assert all(now in (was, "explicitDeny") for was, now in zip(before, after, strict=True))
