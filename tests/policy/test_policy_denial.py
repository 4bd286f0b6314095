"""AccessDenied says who, what, where and which kind of policy, in AWS's words."""

import pytest
from policy_documents import ACCOUNT, BOB, OBJECT, SOURCE, deny, policy

from keystead.access.policy import Decision, PolicySource, access_denied_message, compile_policy

STATEMENT = policy(deny()).statements[0]
WHO = f"User: {BOB.arn} is not authorized to perform: s3:GetObject on resource: {OBJECT} "


def message(decision: Decision, resource: str = OBJECT, *, same_account: bool = True) -> str:
    return access_denied_message(BOB.arn, "s3:GetObject", resource, decision, same_account=same_account)


@pytest.mark.parametrize(
    ("type", "phrase"),
    [
        ("identity", "no identity-based policy allows"),
        ("boundary", "no permissions boundary allows"),
        ("session", "no session policy allows"),
        ("resource", "no resource-based policy allows"),
        ("trust", "no role trust policy allows"),
        ("service-control", "no service control policy allows"),
    ],
)
def test_implicit_deny_names_the_type_that_lacks_an_allow(type, phrase) -> None:
    expected = f"{WHO}because {phrase} the s3:GetObject action"

    assert expected == message(Decision("implicitDeny", type))


@pytest.mark.parametrize(
    ("type", "phrase"),
    [
        ("identity", f"an identity-based policy: {SOURCE.arn}"),
        ("boundary", f"a permissions boundary: {SOURCE.arn}"),
        ("session", f"a session policy: {SOURCE.arn}"),
        ("service-control", f"a service control policy: {SOURCE.arn}"),
        ("resource", "a resource-based policy"),
        ("trust", "the role trust policy"),
    ],
)
def test_explicit_deny_names_the_policy(type, phrase) -> None:
    expected = f"{WHO}with an explicit deny in {phrase}"

    assert expected == message(Decision("explicitDeny", type, STATEMENT))


def test_inline_policy_has_no_arn_to_name() -> None:
    inline = compile_policy('{"broken"', PolicySource("user_bob_inline", "user")).statements[0]

    text = message(Decision("explicitDeny", "identity", inline))

    assert text.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(("action", "shown"), [("iam:ListUsers", True), ("sts:GetAccessKeyInfo", False)])
def test_action_without_resource_shows_a_star_but_at_sts(action: str, shown: bool) -> None:
    decision = Decision("implicitDeny", "identity")

    text = access_denied_message(BOB.arn, action, "*", decision, same_account=True)

    assert (" on resource: * because" in text) == shown


@pytest.mark.parametrize("type", ["resource", "trust"])
def test_across_accounts_an_explicit_deny_reads_like_a_missing_allow(type) -> None:
    denied = message(Decision("explicitDeny", type, STATEMENT), same_account=False)

    assert denied == message(Decision("implicitDeny", type), same_account=False)
    assert ACCOUNT in denied
