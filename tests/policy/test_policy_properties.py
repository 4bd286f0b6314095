"""What must hold of every decision, whatever the policies say."""

import json
import os
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from plain_evaluator import decide as decide_plainly
from policy_documents import ACCOUNT, BOB, SOURCE
from policy_strategies import ACTIONS, CONTEXTS, QUESTIONS, RESOURCES, documents, statements, worlds

from keystead.access.policy import (
    PrincipalPolicies,
    Request,
    RequestContext,
    ResourceSide,
    Simulation,
    compile_policy,
    decide,
    simulate,
)

EXAMPLES = int(os.environ.get("KEYSTEAD_POLICY_EXAMPLES", "350"))
"""Each example of the agreement asks six questions: 350 are 2,100 cases, 1,700 more than 10,000."""
AGREEMENT = settings(max_examples=EXAMPLES, deadline=None)
PROPERTY = settings(max_examples=max(EXAMPLES // 4, 50), deadline=None)


def compiled(listed, kind="identity"):
    policies = tuple(compile_policy(json.dumps(one), SOURCE, kind) for one in listed)
    assert not any(policy.fault for policy in policies)
    return policies


def bearing(world):
    return PrincipalPolicies(
        compiled(world["identity"]),
        compiled(world["boundary"])[0] if world["boundary"] else None,
        None if world["sessions"] is None else compiled(world["sessions"]),
    )


def side_of(world):
    policy = compiled(world["resource"], "resource")[0] if world["resource"] else None
    return ResourceSide(world["owner"], policy, must_allow=world["must_allow"])


def context_of(entries):
    return RequestContext({key: tuple(values) for key, values in entries.items()})


def account_of(resource):
    fields = resource.split(":")
    return fields[4] if len(fields) > 5 else ""


def outcome(policies, action, resource, context):
    request = Request(BOB, action, resource, ResourceSide(ACCOUNT), context_of(context))
    return decide(policies, request).outcome


@given(worlds(), QUESTIONS)
@AGREEMENT
def test_decision_and_simulation_agree_with_an_evaluator_that_compiles_nothing(world, questions) -> None:
    policies, side = bearing(world), side_of(world)

    for action, resource, entries in questions:
        context = context_of(entries)
        owner = account_of(resource) or side.account
        expected = decide_plainly({**world, "owner": owner}, action, resource, entries)
        request = Request(world["caller"], action, resource, replace(side, account=owner), context)

        decision = decide(policies, request)
        (result,) = simulate(Simulation(policies, world["caller"], side, context), [action], [resource])

        assert expected == decision.outcome, (action, resource, entries)
        assert expected == result["EvalDecision"]
        assert (decision.statement is None) == (decision.outcome == "implicitDeny" or decision.type == "none")


@given(st.lists(documents(), max_size=3), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_a_deny_of_everything_always_wins(listed, action, resource, context) -> None:
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}

    assert (
        outcome(PrincipalPolicies(compiled([*listed, everything])), action, resource, context)
        == "explicitDeny"
    )
    beyond = PrincipalPolicies(compiled(listed), *compiled([everything]))
    assert outcome(beyond, action, resource, context) == "explicitDeny"


@given(st.lists(documents(), max_size=3), statements(effects=["Allow"]), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_adding_an_allow_never_removes_access(listed, statement, action, resource, context) -> None:
    added = [*listed, {"Version": "2012-10-17", "Statement": [statement]}]

    before = outcome(PrincipalPolicies(compiled(listed)), action, resource, context)
    after = outcome(PrincipalPolicies(compiled(added)), action, resource, context)

    assert before == after or (before, after) == ("implicitDeny", "allowed")


@given(st.lists(documents(), max_size=3), statements(effects=["Deny"]), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_adding_a_deny_never_grants(listed, statement, action, resource, context) -> None:
    added = [*listed, {"Version": "2012-10-17", "Statement": [statement]}]

    before = outcome(PrincipalPolicies(compiled(listed)), action, resource, context)
    after = outcome(PrincipalPolicies(compiled(added)), action, resource, context)

    assert after in (before, "explicitDeny")


@given(documents(max_statements=6), st.randoms(use_true_random=False), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_the_order_of_statements_does_not_matter(one, random, action, resource, context) -> None:
    shuffled = {**one, "Statement": random.sample(one["Statement"], len(one["Statement"]))}

    expected = outcome(PrincipalPolicies(compiled([one])), action, resource, context)

    assert expected == outcome(PrincipalPolicies(compiled([shuffled])), action, resource, context)


@given(worlds(), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_a_boundary_and_session_policies_only_narrow(world, action, resource, context) -> None:
    wide = PrincipalPolicies(compiled(world["identity"]))
    narrow = bearing(world)

    if outcome(narrow, action, resource, context) == "allowed":
        assert outcome(wide, action, resource, context) == "allowed"


@given(
    st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")), ACTIONS, RESOURCES
)
@PROPERTY
def test_text_that_is_no_policy_denies_everything(text, action, resource) -> None:
    policy = compile_policy(text, SOURCE)

    assert policy.fault
    assert outcome(PrincipalPolicies((policy,)), action, resource, {}) == "explicitDeny"


@given(documents(), st.integers(min_value=0), st.characters(codec="utf-8"), ACTIONS, RESOURCES, CONTEXTS)
@PROPERTY
def test_damaged_text_is_read_or_denies_and_never_raises(
    one, place, character, action, resource, context
) -> None:
    text = json.dumps(one)
    at = place % len(text)

    policy = compile_policy(text[:at] + character + text[at + 1 :], SOURCE)

    assert (
        not policy.fault or outcome(PrincipalPolicies((policy,)), action, resource, context) == "explicitDeny"
    )
