"""Policies and requests that often meet: few names, many ways to write them."""

from hypothesis import strategies as st
from plain_evaluator import NEGATED, POSITIVE
from policy_documents import ACCOUNT, BOB, FEDERATED, OTHER, ROLE_ARN, ROOT, SESSION

ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:GetUser", "IAM:getuser", "sts:AssumeRole"])
ACTION_PATTERNS = st.sampled_from(
    ["*", "s3:*", "s3:Get*", "s3:?etObject", "S3:getobject", "iam:*User", "iam:GetUser", "sts:AssumeRole"]
)
RESOURCES = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::b/k",
        "arn:aws:s3:::b/bob/k",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/a:b",
        f"arn:aws:iam::{ACCOUNT}:user/bob",
        f"arn:aws:iam::{OTHER}:user/bob",
        f"arn:aws:iam::{ACCOUNT}:user/x+y",
    ]
)
RESOURCE_PATTERNS = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/k",
        "arn:aws:s3:::*/k",
        "arn:aws:s3:::b/?",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'bob'}/k",
        "arn:aws:s3:::b/${aws:TagKeys}/k",
        "arn:aws:s3:::b/${*}",
        "arn:aws:s3:::b/${aws:username",
        "arn:aws:s3:*",
        "arn:aws:iam::*:user/*",
        f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",
        "arn:aws:iam::${aws:PrincipalAccount}:user/bob",
        "arn:*:iam:*:11?111111111:user/x+*",
    ]
)
VALUES = st.sampled_from(
    [
        "bob",
        "BOB",
        "b*",
        "${aws:username}",
        "${aws:PrincipalTag/team}",
        "${aws:username",
        "${*}",
        "5",
        "7.50",
        "true",
        "false",
        "2026-01-31T12:00:00Z",
        "2026-02-01",
        "1769860800",
        "10.0.0.0/8",
        "10.1.2.3",
        "2001:db8::/32",
        "Qm9i",
        f"arn:aws:iam::{ACCOUNT}:user/bob",
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::${aws:PrincipalAccount}:user/*",
        "",
    ]
)
KEYS = st.sampled_from(
    [
        "aws:username",
        "AWS:UserName",
        "aws:PrincipalTag/team",
        "aws:TagKeys",
        "aws:SourceIp",
        "aws:CurrentTime",
    ]
)
OPERATORS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from([*POSITIVE, *NEGATED, "Unheard"]),
    st.sampled_from(["", "", "IfExists"]),
) | st.just("Null")
ONE_OR_MORE = st.lists(VALUES, max_size=3)
CONDITION_VALUES = VALUES | ONE_OR_MORE
PRESENTED = st.sampled_from(
    [
        "bob",
        "Bob",
        "b*",
        "5",
        "7.5",
        "TRUE",
        "false",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "1769860801",
        "10.1.2.3",
        "2001:db8::1",
        "Qm9i",
        "*",
        f"arn:aws:iam::{ACCOUNT}:user/bob",
        "",
    ]
)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:principaltag/team": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:tagkeys": st.lists(PRESENTED, min_size=1, max_size=3),
        "aws:sourceip": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:currenttime": st.lists(PRESENTED, min_size=1, max_size=1),
        "aws:principalaccount": st.just([ACCOUNT]),
    },
)


@st.composite
def _null_safe_conditions(draw):
    conditions = {}
    for operator in draw(st.lists(OPERATORS, max_size=2, unique=True)):
        values = st.sampled_from(["true", "false", True, ["true", "false"]])
        body = st.dictionaries(
            KEYS, values if operator == "Null" else CONDITION_VALUES, min_size=1, max_size=2
        )
        conditions[operator] = draw(body)
    return conditions


@st.composite
def statements(draw, effects=("Allow", "Allow", "Deny")):
    statement = {"Effect": draw(st.sampled_from(effects))}
    name = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    statement[name] = draw(st.lists(ACTION_PATTERNS, min_size=1, max_size=3))
    name = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
    statement[name] = draw(st.lists(RESOURCE_PATTERNS, min_size=1, max_size=3))
    if draw(st.booleans()):
        statement["Condition"] = draw(_null_safe_conditions())
    return statement


ANY_STATEMENT = statements()


def documents(statement=ANY_STATEMENT, max_statements=4):
    return st.builds(
        lambda version, listed: {"Version": version, "Statement": listed},
        st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
        st.lists(statement, min_size=1, max_size=max_statements),
    )


CALLERS = st.sampled_from([BOB, SESSION, FEDERATED, ROOT])
PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": "*"},
        {"AWS": ACCOUNT},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": [BOB.arn]},
        {"AWS": [BOB.id, SESSION.arn]},
        {"AWS": ROLE_ARN},
        {"AWS": [ACCOUNT, ROLE_ARN, SESSION.arn]},
        {"AWS": [ACCOUNT, BOB.arn]},
        {"AWS": [FEDERATED.arn, OTHER]},
    ]
)


@st.composite
def resource_statements(draw):
    statement = draw(statements())
    statement[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(PRINCIPALS)
    return statement


SOME = st.lists(documents(), max_size=3)
FEW = documents(max_statements=2)
BOUNDARIES = st.none() | st.lists(FEW, min_size=1, max_size=1)
SESSION_POLICIES = st.none() | st.lists(FEW, max_size=2)
RESOURCE_POLICIES = st.none() | st.lists(documents(resource_statements()), min_size=1, max_size=1)


@st.composite
def worlds(draw):
    """Everything that bears on a request, as the reference evaluator takes it."""
    return {
        "caller": draw(CALLERS),
        "identity": draw(SOME),
        "boundary": draw(BOUNDARIES),
        "sessions": draw(SESSION_POLICIES),
        "resource": draw(RESOURCE_POLICIES),
        "owner": draw(st.sampled_from([ACCOUNT, ACCOUNT, OTHER])),
        "must_allow": draw(st.booleans()),
    }


QUESTIONS = st.lists(st.tuples(ACTIONS, RESOURCES, CONTEXTS), min_size=6, max_size=6)
