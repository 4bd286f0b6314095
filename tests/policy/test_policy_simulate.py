"""Simulation reports the decision, the statements behind it and what it was not told."""

import json
from dataclasses import replace

import pytest
from policy_documents import ACCOUNT, BOB, OBJECT, OTHER, allow, deny, document, resource_policy

from keystead.access.policy import (
    InvalidContextEntry,
    PolicySource,
    PrincipalPolicies,
    RequestContext,
    ResourceSide,
    Simulation,
    compile_policy,
    context_keys,
    context_layer,
    parse_document,
    simulate,
)


def custom(*texts: str) -> tuple:
    return tuple(
        compile_policy(text, PolicySource(f"PolicyInputList.{number}", "none"))
        for number, text in enumerate(texts, 1)
    )


def simulation(*texts: str, context=(), side: ResourceSide | None = None, **more: object) -> Simulation:
    policies = PrincipalPolicies(custom(*texts), **more)  # type: ignore[arg-type]
    return Simulation(policies, BOB, side or ResourceSide(ACCOUNT), RequestContext(context_layer(context)))


def entry(name: str, *values: str, type: str = "string") -> dict[str, object]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": type}


def test_the_awscli_example() -> None:
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    late = simulation(text, context=[entry("aws:CurrentTime", "2019-04-25T11:00:00Z", type="date")])
    early = simulation(text, context=[entry("aws:CurrentTime", "2014-04-25T11:00:00Z", type="date")])

    (allowed,) = simulate(late, ["dynamodb:CreateBackup"], [])
    (denied,) = simulate(early, ["dynamodb:CreateBackup"], [])

    assert allowed == {
        "EvalActionName": "dynamodb:CreateBackup",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [
            {
                "SourcePolicyId": "PolicyInputList.1",
                "SourcePolicyType": "none",
                "StartPosition": {"Line": 1, "Column": 38},
                "EndPosition": {"Line": 1, "Column": 167},
            }
        ],
        "MissingContextValues": [],
    }
    assert (denied["EvalDecision"], denied["MatchedStatements"]) == ("implicitDeny", [])


def test_one_result_for_each_action_and_resource_in_order() -> None:
    results = list(
        simulate(simulation(document(allow())), ["s3:GetObject", "s3:PutObject"], [OBJECT, OBJECT + "2"])
    )

    assert [(one["EvalActionName"], one["EvalResourceName"]) for one in results] == [
        ("s3:GetObject", OBJECT),
        ("s3:GetObject", OBJECT + "2"),
        ("s3:PutObject", OBJECT),
        ("s3:PutObject", OBJECT + "2"),
    ]
    assert all(
        one["ResourceSpecificResults"][0]["EvalResourceName"] == one["EvalResourceName"] for one in results
    )


def test_all_allows_are_listed_and_of_a_denied_request_only_the_denies() -> None:
    texts = [document(allow("s3:*"), allow("iam:*")), document(allow("s3:GetObject"), deny("s3:Get*"))]

    (allowed,) = simulate(simulation(texts[0], document(allow("s3:GetObject"))), ["s3:GetObject"], [])
    (denied,) = simulate(simulation(*texts), ["s3:GetObject"], [])

    assert [one["SourcePolicyId"] for one in allowed["MatchedStatements"]] == [
        "PolicyInputList.1",
        "PolicyInputList.2",
    ]
    assert denied["EvalDecision"] == "explicitDeny"
    (statement,) = denied["MatchedStatements"]
    assert statement["StartPosition"]["Column"] > len(json.dumps(allow("s3:GetObject")))


def test_missing_context_is_listed_and_not_invented() -> None:
    text = document(
        allow("s3:*", "arn:aws:s3:::b/${aws:username}", Condition={"Bool": {"aws:SecureTransport": "true"}})
    )

    (result,) = simulate(simulation(text), ["s3:GetObject"], [OBJECT])

    assert result["MissingContextValues"] == ["aws:username", "aws:SecureTransport"]
    assert result["ResourceSpecificResults"][0]["MissingContextValues"] == [
        "aws:username",
        "aws:SecureTransport",
    ]


@pytest.mark.parametrize(
    ("statement", "allowed"), [(allow("s3:*"), True), (allow("iam:*"), False), (deny(), False)]
)
def test_boundary_and_organisation_are_reported_apart(statement, allowed: bool) -> None:
    (limit,) = custom(document(statement))

    (bounded,) = simulate(simulation(document(allow()), boundary=limit), ["s3:GetObject"], [])
    (controlled,) = simulate(simulation(document(allow()), service_control=((limit,),)), ["s3:GetObject"], [])

    assert bounded["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": allowed}
    assert controlled["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": allowed}
    assert (bounded["EvalDecision"] == "allowed") is allowed
    assert (controlled["EvalDecision"] == "allowed") is allowed


def test_resource_policy_is_asked_and_named() -> None:
    attached = compile_policy(
        document(allow(Principal={"AWS": BOB.arn})), PolicySource("ResourcePolicy", "resource"), "resource"
    )

    (result,) = simulate(simulation(side=ResourceSide(ACCOUNT, attached)), ["s3:GetObject"], [OBJECT])

    assert result["EvalDecision"] == "allowed"
    assert [one["SourcePolicyType"] for one in result["MatchedStatements"]] == ["resource"]
    assert result["EvalDecisionDetails"] == {}


def test_across_accounts_each_side_is_reported() -> None:
    side = ResourceSide(OTHER, resource_policy(allow(Principal={"AWS": ACCOUNT})))

    (result,) = simulate(simulation(document(deny()), side=side), ["s3:GetObject"], [OBJECT])

    assert result["EvalDecision"] == "explicitDeny"
    assert result["EvalDecisionDetails"] == {"IAM Policy": "explicitDeny", "Resource Policy": "allowed"}


def test_the_account_in_an_arn_owns_the_resource() -> None:
    (result,) = simulate(simulation(document(allow())), ["iam:GetUser"], [f"arn:aws:iam::{OTHER}:user/ann"])

    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalDecisionDetails"]["IAM Policy"] == "allowed"


def test_without_a_caller_identity_policies_are_tried_wherever_the_resource_is() -> None:
    anonymous = replace(simulation(document(allow("iam:GetUser"))), caller=None)

    (result,) = simulate(anonymous, ["iam:GetUser"], [f"arn:aws:iam::{OTHER}:user/ann"])

    assert result["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    "bad",
    [
        entry("a:b", "x", type="numeric"),
        entry("a:b", "1", "x", type="numericList"),
        entry("a:b", "x", "y"),
        entry("a:b", "perhaps", type="boolean"),
        entry("a:b", "1.2.3", type="ip"),
        entry("a:b", "soon", type="date"),
        entry("a:b", "!", type="binary"),
    ],
)
def test_context_entry_of_another_type_is_refused(bad) -> None:
    with pytest.raises(InvalidContextEntry):
        context_layer([bad])


def test_context_entries_of_every_type_are_taken() -> None:
    layer = context_layer(
        [
            entry("A:String", "x"),
            entry("a:strings", "x", "y", type="stringList"),
            entry("a:number", "1.5", type="numeric"),
            entry("a:ips", "10.0.0.1", "2001:db8::/32", type="ipList"),
            entry("a:none", type="stringList"),
        ]
    )

    assert layer["a:string"] == ("x",)
    assert layer["a:strings"] == ("x", "y")
    assert RequestContext(layer).get("a:none") is None


def test_context_keys_are_those_of_conditions_and_variables_once_as_first_spelt() -> None:
    first = document(
        allow("s3:*", ["arn:aws:s3:::${s3:x}/${aws:userid, 'u'}", "arn:aws:${no}:::x"]),
        allow(Condition={"StringLike": {"aws:PrincipalTag/Team": ["${aws:UserName}", "${*}", "${broken"]}}),
        allow(Condition={"NumericEquals": {"s3:max-keys": "${not:one}"}, "Null": {"AWS:USERID": "true"}}),
    )
    old = document(allow(resource="arn:aws:s3:::${aws:text}"), version="2008-10-17")

    expected = ["s3:x", "aws:userid", "aws:PrincipalTag/Team", "aws:UserName", "s3:max-keys"]
    assert expected == context_keys([parse_document(first), parse_document(old)])
