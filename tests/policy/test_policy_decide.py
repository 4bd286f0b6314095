"""Policy types combine as the IAM User Guide's evaluation logic says, within and across accounts."""

import pytest
from policy_documents import (
    ACCOUNT,
    ANONYMOUS,
    BOB,
    FEDERATED,
    OBJECT,
    OTHER,
    PROVIDER,
    ROLE_ARN,
    ROOT,
    SERVICE,
    SESSION,
    SOURCE,
    WEB_IDENTITY,
    allow,
    ask,
    deny,
    document,
    policy,
    resource_policy,
    trust,
    trust_policy,
)

from keystead.access.policy import (
    NO_POLICIES,
    Caller,
    PrincipalPolicies,
    ResourceSide,
    compile_policy,
    trust_side,
)

EVERYTHING = policy(allow())
NOTHING = policy(allow("none:None"))
FORBIDDING = policy(allow(), deny())


def bucket(*statements: dict[str, object], account: str = ACCOUNT) -> ResourceSide:
    return ResourceSide(account, resource_policy(*statements))


def to(principal: object) -> ResourceSide:
    return bucket(allow(Principal=principal))


def summary(decision) -> tuple[str, str]:
    return decision.outcome, decision.type


def test_empty_is_deny() -> None:
    assert summary(ask(NO_POLICIES)) == ("implicitDeny", "identity")


def test_allow_names_the_statement_that_allows() -> None:
    decision = ask(policy(deny("iam:*"), allow("s3:*", Sid="Objects")))

    assert summary(decision) == ("allowed", "identity")
    assert decision.statement is not None
    assert (decision.statement.index, decision.statement.sid) == (1, "Objects")
    assert decision.policy_arn == SOURCE.arn


@pytest.mark.parametrize(
    ("policies", "type"),
    [
        (PrincipalPolicies((EVERYTHING, FORBIDDING)), "identity"),
        (PrincipalPolicies((EVERYTHING,), boundary=FORBIDDING), "boundary"),
        (PrincipalPolicies((EVERYTHING,), sessions=(EVERYTHING, FORBIDDING)), "session"),
        (PrincipalPolicies((EVERYTHING,), service_control=((EVERYTHING, FORBIDDING),)), "service-control"),
        (PrincipalPolicies((NOTHING,), boundary=NOTHING, sessions=(FORBIDDING,)), "session"),
    ],
)
def test_explicit_deny_wins_wherever_it_is(policies: PrincipalPolicies, type: str) -> None:
    assert summary(ask(policies)) == ("explicitDeny", type)


@pytest.mark.parametrize(
    ("policies", "type"),
    [
        (PrincipalPolicies((NOTHING,)), "identity"),
        (PrincipalPolicies((EVERYTHING,), boundary=NOTHING), "boundary"),
        (PrincipalPolicies((NOTHING,), boundary=NOTHING, sessions=()), "identity"),
        (PrincipalPolicies((EVERYTHING,), boundary=NOTHING, sessions=()), "boundary"),
        (PrincipalPolicies((EVERYTHING,), sessions=(NOTHING,)), "session"),
        (PrincipalPolicies((EVERYTHING,), sessions=()), "session"),
        (PrincipalPolicies((EVERYTHING,), service_control=((EVERYTHING,), (NOTHING,))), "service-control"),
        (PrincipalPolicies((EVERYTHING,), service_control=((),)), "service-control"),
    ],
)
def test_every_type_that_bears_must_allow(policies: PrincipalPolicies, type: str) -> None:
    assert summary(ask(policies)) == ("implicitDeny", type)


def test_session_policies_allow_by_their_union() -> None:
    policies = PrincipalPolicies((EVERYTHING,), sessions=(NOTHING, policy(allow("s3:GetObject"))))

    assert ask(policies).is_allowed
    assert not ask(policies, "s3:PutObject").is_allowed


def test_federated_user_without_session_policy_has_nothing() -> None:
    assert summary(ask(EVERYTHING, caller=FEDERATED)) == ("implicitDeny", "session")
    assert ask(PrincipalPolicies((EVERYTHING,), sessions=(EVERYTHING,)), caller=FEDERATED).is_allowed


def test_root_is_allowed_without_policies_and_bound_by_a_control_policy() -> None:
    assert summary(ask(NO_POLICIES, caller=ROOT)) == ("allowed", "none")
    bound = PrincipalPolicies(service_control=((FORBIDDING,),))
    assert summary(ask(bound, caller=ROOT)) == ("explicitDeny", "service-control")


def test_everybody_may_ask_who_they_are() -> None:
    for action in ("sts:GetCallerIdentity", "STS:getcalleridentity"):
        assert ask(FORBIDDING, action, "*").is_allowed


@pytest.mark.parametrize("kind", ["identity", "resource", "trust"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        document(allow(Effect="allow")),
        document({"Effect": "Allow", "Resource": "*"}),
        document(allow([])),
        document(allow(), version="2030-01-01"),
    ],
)
def test_document_that_cannot_be_compiled_denies_everything(text: str, kind: str) -> None:
    broken = compile_policy(text, SOURCE, kind)  # type: ignore[arg-type]

    assert broken.fault
    assert summary(ask(PrincipalPolicies((EVERYTHING, broken)))) == ("explicitDeny", "identity")
    assert summary(ask(PrincipalPolicies((EVERYTHING,), boundary=broken))) == ("explicitDeny", "boundary")
    assert ask(EVERYTHING, side=ResourceSide(ACCOUNT, broken)).outcome == "explicitDeny"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (allow(Principal="*"), "identity"),
        ({"Effect": "Allow", "Action": "*"}, "identity"),
        (allow(), "resource"),
        (allow(Principal={}), "resource"),
        (allow(NotPrincipal={"AWS": []}), "resource"),
        ({"Effect": "Allow", "Action": "*", "Principal": "*"}, "resource"),
        (trust(), "trust"),
        (allow(Principal="*"), "trust"),
    ],
)
def test_document_of_the_wrong_kind_denies_everything(statement, kind) -> None:
    assert compile_policy(document(statement), SOURCE, kind).fault


@pytest.mark.parametrize(
    ("principal", "caller", "limited_by_boundary", "needs_identity"),
    [
        ({"AWS": BOB.arn}, BOB, False, False),
        ({"AWS": BOB.id}, BOB, False, False),
        ("*", BOB, False, False),
        ({"AWS": "*"}, BOB, False, False),
        ({"AWS": SESSION.arn}, SESSION, False, False),
        ({"AWS": SESSION.id}, SESSION, False, False),
        ({"AWS": FEDERATED.arn}, FEDERATED, False, False),
        ({"AWS": ROLE_ARN}, SESSION, True, False),
        ({"AWS": SESSION.issuer_id}, SESSION, True, False),
        ("*", SESSION, True, False),
        ({"AWS": ACCOUNT}, BOB, True, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, SESSION, True, True),
    ],
)
def test_resource_policy_of_the_same_account(principal, caller, limited_by_boundary, needs_identity) -> None:
    side = to(principal)
    unlimited = (EVERYTHING,)

    bounded = PrincipalPolicies(unlimited, boundary=NOTHING, sessions=unlimited)
    assert ask(bounded, caller=caller, side=side).is_allowed is not limited_by_boundary
    in_session = PrincipalPolicies(unlimited, sessions=(NOTHING,))
    assert ask(in_session, caller=caller, side=side).is_allowed is not limited_by_boundary
    without = PrincipalPolicies(sessions=unlimited)
    assert ask(without, caller=caller, side=side).is_allowed is not needs_identity


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": OTHER},
        {"AWS": f"arn:aws:iam::{OTHER}:user/bob"},
        {"AWS": "arn:aws:iam::111111111111:user/*"},
        {"AWS": BOB.arn.upper()},
        {"AWS": "AIDAGONE"},
        {"Service": BOB.arn},
        {"CanonicalUser": BOB.arn},
    ],
)
def test_resource_policy_that_names_somebody_else_grants_nothing(principal: object) -> None:
    assert summary(ask(NO_POLICIES, side=to(principal))) == ("implicitDeny", "identity")


def test_resource_policy_allows_only_its_resources_and_actions() -> None:
    side = bucket(allow("s3:GetObject", OBJECT, Principal={"AWS": BOB.arn}))

    decision = ask(NO_POLICIES, side=side)

    assert summary(decision) == ("allowed", "resource")
    assert not ask(NO_POLICIES, "s3:PutObject", side=side).is_allowed
    assert not ask(NO_POLICIES, resource=OBJECT + "2", side=side).is_allowed


def test_deny_of_the_resource_is_named_before_that_of_the_identity() -> None:
    side = bucket(deny(Principal={"AWS": ACCOUNT}))

    assert summary(ask(FORBIDDING, side=side)) == ("explicitDeny", "resource")
    assert summary(ask(EVERYTHING, caller=ROOT, side=side)) == ("explicitDeny", "resource")
    controlled = PrincipalPolicies((FORBIDDING,), service_control=((FORBIDDING,),))
    assert summary(ask(controlled, side=side)) == ("explicitDeny", "service-control")


def test_policy_that_must_allow_is_not_replaced_by_identity_policies() -> None:
    silent = resource_policy(allow("none:None", Principal="*"))

    assert ask(EVERYTHING, side=ResourceSide(ACCOUNT, silent)).is_allowed
    assert not ask(EVERYTHING, side=ResourceSide(ACCOUNT, silent, must_allow=True)).is_allowed
    assert not ask(EVERYTHING, caller=ROOT, side=ResourceSide(ACCOUNT, silent, must_allow=True)).is_allowed
    assert not ask(EVERYTHING, side=ResourceSide(ACCOUNT, None, must_allow=True)).is_allowed


@pytest.mark.parametrize(
    ("listed", "caller", "denied"),
    [
        ([ACCOUNT, BOB.arn], BOB, False),
        ([BOB.arn], BOB, True),
        ([ACCOUNT], BOB, True),
        ([ACCOUNT, ROLE_ARN, SESSION.arn], SESSION, False),
        ([ACCOUNT, ROLE_ARN], SESSION, True),
        ([ROLE_ARN, SESSION.arn], SESSION, True),
        ([ACCOUNT], ROOT, False),
        ([OTHER], ROOT, True),
        (["*"], BOB, False),
        ([ACCOUNT], ANONYMOUS, True),
    ],
)
def test_deny_with_not_principal_spares_whom_it_lists_by_every_name(listed, caller, denied) -> None:
    side = bucket(allow(Principal="*"), deny(NotPrincipal={"AWS": listed}))

    decision = ask(EVERYTHING, caller=caller, side=side)

    assert (decision.outcome == "explicitDeny") is denied


@pytest.mark.parametrize(
    ("listed", "caller", "granted"),
    [
        ([OTHER], BOB, True),
        ([OTHER], ANONYMOUS, True),
        ([BOB.arn], BOB, False),
        ([ACCOUNT], BOB, False),
        ([ROLE_ARN], SESSION, False),
        (["*"], BOB, False),
    ],
)
def test_allow_with_not_principal_grants_everybody_else(listed, caller, granted) -> None:
    side = bucket(allow(NotPrincipal={"AWS": listed}))

    assert ask(NO_POLICIES, caller=caller, side=side).is_allowed is granted


@pytest.mark.parametrize(
    ("caller", "principal", "granted"),
    [
        (ANONYMOUS, "*", True),
        (ANONYMOUS, {"AWS": ACCOUNT}, False),
        (SERVICE, {"Service": "ec2.amazonaws.com"}, True),
        (SERVICE, {"Service": "ssm.amazonaws.com"}, False),
        (SERVICE, {"AWS": "ec2.amazonaws.com"}, False),
        (WEB_IDENTITY, {"Federated": PROVIDER}, True),
        (WEB_IDENTITY, {"Federated": PROVIDER + "x"}, False),
    ],
)
def test_caller_without_policies_of_its_own_needs_the_resources(caller: Caller, principal, granted) -> None:
    assert ask(EVERYTHING, caller=caller, side=to(principal)).is_allowed is granted
    assert not ask(EVERYTHING, caller=caller, side=ResourceSide(ACCOUNT)).is_allowed


@pytest.mark.parametrize(
    "principal", [{"AWS": ACCOUNT}, {"AWS": BOB.arn}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "*"]
)
def test_across_accounts_both_sides_must_allow(principal: object) -> None:
    theirs = bucket(allow(Principal=principal), account=OTHER)

    assert summary(ask(EVERYTHING, side=theirs)) == ("allowed", "resource")
    assert summary(ask(NO_POLICIES, side=theirs)) == ("implicitDeny", "identity")
    bounded = PrincipalPolicies((EVERYTHING,), boundary=NOTHING)
    assert summary(ask(bounded, side=theirs)) == ("implicitDeny", "boundary")


def test_across_accounts_the_other_side_must_allow() -> None:
    for side in (ResourceSide(OTHER), bucket(allow(Principal={"AWS": OTHER}), account=OTHER)):
        assert summary(ask(EVERYTHING, side=side)) == ("implicitDeny", "resource")
        assert summary(ask(EVERYTHING, caller=ROOT, side=side)) == ("implicitDeny", "resource")
    denying = bucket(allow(Principal="*"), deny(Principal={"AWS": BOB.arn}), account=OTHER)
    assert summary(ask(EVERYTHING, side=denying)) == ("explicitDeny", "resource")


def test_what_a_caller_may_not_at_home_does_not_depend_on_the_other_account() -> None:
    sides = [
        trust_side(OTHER, None),
        trust_side(OTHER, trust_policy(trust(Principal="*"))),
        trust_side(OTHER, trust_policy(trust("Deny", Principal="*"))),
    ]

    answers = {summary(ask(NO_POLICIES, "sts:AssumeRole", ROLE_ARN, side=side)) for side in sides}

    assert answers == {("implicitDeny", "identity")}


@pytest.mark.parametrize(
    ("principal", "policies", "allowed"),
    [
        ({"AWS": BOB.arn}, NO_POLICIES, True),
        ({"AWS": BOB.id}, NO_POLICIES, True),
        ({"AWS": ACCOUNT}, NO_POLICIES, False),
        ({"AWS": ACCOUNT}, PrincipalPolicies((EVERYTHING,)), True),
        ({"AWS": OTHER}, PrincipalPolicies((EVERYTHING,)), False),
        ({"AWS": BOB.arn}, PrincipalPolicies((FORBIDDING,)), False),
        ({"Service": "ec2.amazonaws.com"}, PrincipalPolicies((EVERYTHING,)), False),
    ],
)
def test_role_is_assumed_only_by_whom_it_trusts(principal, policies, allowed) -> None:
    side = trust_side(ACCOUNT, trust_policy(trust(Principal=principal)))

    decision = ask(policies, "sts:AssumeRole", ROLE_ARN, side=side)

    assert decision.is_allowed is allowed


def test_role_that_does_not_exist_answers_as_one_that_does_not_trust() -> None:
    for account in (ACCOUNT, OTHER):
        missing = ask(EVERYTHING, "sts:AssumeRole", ROLE_ARN, side=trust_side(account, None))
        silent = trust_side(account, trust_policy(trust(Principal={"Service": "ec2.amazonaws.com"})))

        assert summary(missing) == summary(ask(EVERYTHING, "sts:AssumeRole", ROLE_ARN, side=silent))
        assert summary(missing) == ("implicitDeny", "trust")


def test_trust_of_a_deleted_user_does_not_pass_to_one_of_the_same_name() -> None:
    side = trust_side(ACCOUNT, trust_policy(trust(Principal={"AWS": BOB.arn}), ids={BOB.arn: "AIDAGONE"}))
    same = trust_side(ACCOUNT, trust_policy(trust(Principal={"AWS": BOB.arn}), ids={BOB.arn: BOB.id}))

    assert not ask(EVERYTHING, "sts:AssumeRole", ROLE_ARN, side=side).is_allowed
    assert ask(NO_POLICIES, "sts:AssumeRole", ROLE_ARN, side=same).is_allowed


def test_external_id_is_a_condition_of_the_trust() -> None:
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    theirs = trust_side(OTHER, trust_policy(trust(Principal={"AWS": ACCOUNT}, Condition=condition)))

    right = ask(EVERYTHING, "sts:AssumeRole", ROLE_ARN, side=theirs, context={"sts:ExternalId": "agreed"})
    missing = ask(EVERYTHING, "sts:AssumeRole", ROLE_ARN, side=theirs)

    assert right.is_allowed
    assert summary(missing) == ("implicitDeny", "trust")


def test_implicit_deny_lists_the_context_keys_that_were_missing() -> None:
    asking = policy(
        allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
        allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "${aws:PrincipalTag/team}"}}),
        allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow("iam:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    )

    decision = ask(asking, context={"aws:SecureTransport": "false"})

    assert decision.missing_keys == ("aws:username", "aws:PrincipalTag/Team")


def test_many_actions_are_remembered_within_bounds() -> None:
    from keystead.access.policy.compile import MAX_REMEMBERED_ACTIONS

    one = policy(allow("s3:*"))

    for number in range(MAX_REMEMBERED_ACTIONS * 2 + 1):
        assert ask(one, f"s3:Action{number}").is_allowed

    assert len(one._remembered) <= MAX_REMEMBERED_ACTIONS
