"""The scope of a session as a request passes it: session policies, tags, and what goes on from the calling session.

Follows the IAM User Guide, "Session policies", "Pass session tags in AWS STS" and "Monitor and control actions
taken with assumed roles" (source identity).
"""

import gzip
from collections.abc import Sequence
from typing import TypedDict, cast

import msgspec

from keystead.access.policy import lint_identity_policy
from keystead.identity.policies import Policies
from keystead.identity.principals import Principal
from keystead.identity.session_records import Scope
from keystead.kernel.errors import NotFound
from keystead.products.sts import errors
from keystead.store.interface import Reader
from keystead.types import sts
from keystead.types.errors import ValidationError

MAX_POLICY_CHARACTERS = 2048
MAX_POLICY_ARNS = 10
PACKED_BYTES = 2048
"""UNCONFIRMED: AWS does not say how it packs. Here policies and tags are compressed together."""
AWS_OWN = "aws:"


class Passed(TypedDict, total=False):
    """The members that the operations which make limited sessions share, as far as each has them."""

    Policy: str
    PolicyArns: list[sts.PolicyDescriptorType]
    Tags: list[sts.Tag]
    TransitiveTagKeys: list[str]
    SourceIdentity: str


class Scopes:
    """Reads scopes out of requests."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def read(
        self, reader: Reader, account: str, request: object, caller: Principal | None, *, has_mfa: bool | None
    ) -> Scope:
        """Return the scope that a request passes, for a session in `account`.

        `caller` hands on the transitive tags and the source identity of its own session. Raises MalformedPolicy,
        ValidationError, InvalidParameterValue, NotForThisCaller.
        """
        passed = _passed(request)
        policy = passed.get("Policy")
        if policy is not None:
            if len(policy) > MAX_POLICY_CHARACTERS:
                raise ValidationError(errors.POLICY_TOO_LONG.format(limit=MAX_POLICY_CHARACTERS))
            lint_identity_policy(policy)
        before = Scope() if caller is None or caller.session is None else caller.session.scope
        handed_on = {key: value for key, value in before.tags.items() if key in before.transitive}
        tags = _tags(passed.get("Tags", []), handed_on)
        return Scope(
            policy,
            self._policy_arns(reader, account, passed.get("PolicyArns", [])),
            {**handed_on, **tags},
            (*before.transitive, *_transitive(passed.get("TransitiveTagKeys", []), tags)),
            _source_identity(passed.get("SourceIdentity", ""), before.source_identity),
            has_mfa=has_mfa,
        )

    def _policy_arns(
        self, reader: Reader, account: str, given: Sequence[sts.PolicyDescriptorType]
    ) -> tuple[str, ...]:
        if len(given) > MAX_POLICY_ARNS:
            raise ValidationError(errors.TOO_MANY_POLICIES.format(limit=MAX_POLICY_ARNS))
        arns = tuple(each.get("arn", "") for each in given)
        for arn in arns:
            if not arn:
                raise ValidationError(errors.NO_POLICY_ARN)
            try:
                self._policies.get(reader, account, arn)
            except NotFound as error:
                raise ValidationError(errors.NO_SUCH_POLICY.format(arn=arn)) from error
        return arns


def packed_percent(scope: Scope, given: object) -> int | None:
    """Return how much of the space for policies and tags a request uses, in percent; None when it passes none.

    Raises PackedPolicyTooLargeException above 100.
    """
    passed = _passed(given)
    if not scope.is_limited and not passed.get("Tags"):
        return None
    plain = msgspec.json.encode((scope.policy, scope.policy_arns, passed.get("Tags")))
    percent = -(-len(gzip.compress(plain, mtime=0)) * 100 // PACKED_BYTES)
    if percent > 100:
        raise sts.PackedPolicyTooLargeException(errors.PACKED_TOO_LARGE.format(percent=percent))
    return percent


def _passed(request: object) -> Passed:
    # Every request that comes here is a TypedDict with some of these members.
    return cast("Passed", request)


def _tags(given: Sequence[sts.Tag], handed_on: dict[str, str]) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in given}
    keys = {key.lower() for key in tags}
    if len(keys) != len(given):
        errors.refuse_tags(errors.DUPLICATE_TAGS)
    if any(key.startswith(AWS_OWN) for key in keys):
        errors.refuse_tags(errors.RESERVED_TAG)
    if keys & {key.lower() for key in handed_on}:
        errors.refuse_tags(errors.INHERITED)
    return tags


def _transitive(given: Sequence[str], tags: dict[str, str]) -> tuple[str, ...]:
    """Return the keys as the tags spell them."""
    spelt = {key.lower(): key for key in tags}
    if any(key.lower() not in spelt for key in given):
        errors.refuse_tags(errors.NOT_IN_TAGS)
    return tuple(dict.fromkeys(spelt[key.lower()] for key in given))


def _source_identity(given: str, before: str) -> str:
    """Return the source identity: once set, it stays through every session that follows."""
    if given.lower().startswith(AWS_OWN):
        raise ValidationError(errors.RESERVED_IDENTITY)
    if before and given and given != before:
        raise errors.NotForThisCaller(errors.OTHER_IDENTITY)
    return given or before
