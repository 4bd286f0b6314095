"""Policies, callers and questions for tests, with the defaults that a test does not care about."""

import json
from collections.abc import Iterable, Mapping

from keystead.access.policy import (
    Caller,
    CompiledPolicy,
    Decision,
    PolicySource,
    PrincipalPolicies,
    Request,
    RequestContext,
    ResourceSide,
    compile_policy,
    context_values,
    decide,
)

ACCOUNT, OTHER = "111111111111", "222222222222"
BOB = Caller("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/bob", "AIDABOB")
ROOT = Caller("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/Deploy"
SESSION = Caller(
    "role-session",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/run1",
    "AROADEPLOY:run1",
    ROLE_ARN,
    "AROADEPLOY",
)
FEDERATED = Caller(
    "federated-user",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:federated-user/ann",
    f"{ACCOUNT}:ann",
    BOB.arn,
    BOB.id,
)
ANONYMOUS = Caller("anonymous", "")
SERVICE = Caller("service", "", provider="ec2.amazonaws.com")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"
WEB_IDENTITY = Caller("web-identity", "", provider=PROVIDER)

SOURCE = PolicySource("test", "user-managed", f"arn:aws:iam::{ACCOUNT}:policy/test")
OBJECT = "arn:aws:s3:::b/k"
JSON = dict[str, object]


def allow(action: object = "*", resource: object = "*", **more: object) -> JSON:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: object) -> JSON:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(effect: str = "Allow", action: object = "sts:AssumeRole", **more: object) -> JSON:
    return {"Effect": effect, "Action": action, **more}


def document(*statements: JSON, version: str | None = "2012-10-17") -> str:
    head = {} if version is None else {"Version": version}
    return json.dumps({**head, "Statement": list(statements)})


def policy(*statements: JSON, version: str | None = "2012-10-17") -> CompiledPolicy:
    compiled = compile_policy(document(*statements, version=version), SOURCE)
    assert compiled.fault == ""
    return compiled


def resource_policy(*statements: JSON, ids: Mapping[str, str] | None = None) -> CompiledPolicy:
    compiled = compile_policy(document(*statements), SOURCE, "resource", principal_ids=ids)
    assert compiled.fault == ""
    return compiled


def trust_policy(*statements: JSON, ids: Mapping[str, str] | None = None) -> CompiledPolicy:
    compiled = compile_policy(document(*statements), SOURCE, "trust", principal_ids=ids)
    assert compiled.fault == ""
    return compiled


def ask(
    policies: PrincipalPolicies | CompiledPolicy,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    *,
    caller: Caller = BOB,
    side: ResourceSide | None = None,
    context: Mapping[str, str | Iterable[str]] | None = None,
) -> Decision:
    """Decide one request; the resource is of the caller's account and without a policy unless said."""
    bearing = policies if isinstance(policies, PrincipalPolicies) else PrincipalPolicies((policies,))
    side = side or ResourceSide(caller.account)
    return decide(
        bearing, Request(caller, action, resource, side, RequestContext(context_values(context or {})))
    )


def is_allowed(*statements: JSON, **question: object) -> bool:
    return ask(policy(*statements), **question).is_allowed  # type: ignore[arg-type]
