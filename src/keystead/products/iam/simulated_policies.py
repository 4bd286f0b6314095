"""The policies that a simulation looks at: given as text, or hanging on a user, group or role.

Follows the IAM API reference, "SimulatePrincipalPolicy": a user's groups' policies count among its own, and the
members of PolicyExclusionList take policies away from what hangs on the entity.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from keystead.access.policy import CompiledPolicy, PolicySource, compile_policy
from keystead.access.policy.compile import PolicyKind, SourcePolicyType
from keystead.identity import group_records, managed
from keystead.identity.entity import Entity, entity_of
from keystead.identity.policies import Policies, SourcedDocument
from keystead.store.interface import Reader
from keystead.types import iam

# UNCONFIRMED: AWS's wording of each of these.
BAD_POLICY = "{name}: the policy document is not valid."
BAD_EXCLUSION = "A policy identifier names one of PolicyType, PolicyArn and InlinePolicyIdentifier."
TOO_MANY_WILDCARDS = "A policy identifier may hold one * at most."


def given(texts: Iterable[str], name: str) -> tuple[CompiledPolicy, ...]:
    """Return the policies of a member that lists documents. Raises InvalidInputException."""
    return tuple(compiled(text, PolicySource(f"{name}.{n}", "none")) for n, text in enumerate(texts, 1))


def compiled(text: str, source: PolicySource, kind: PolicyKind = "identity") -> CompiledPolicy:
    """Return a document compiled. Raises InvalidInputException when it cannot be."""
    policy = compile_policy(text, source, kind)
    if policy.fault:
        raise iam.InvalidInputException(BAD_POLICY.format(name=source.id))
    return policy


def hanging_on(policies: Policies, reader: Reader, entity: Entity) -> Iterator[SourcedDocument]:
    """Yield the documents of an entity, and of its groups when it is a user."""
    yield from policies.documents(reader, entity)
    if entity.kind == "user":
        for group in group_records.groups_of_user(reader, entity.id):
            yield from policies.documents(reader, entity_of(group))


def stored(document: SourcedDocument) -> CompiledPolicy:
    """Return what hangs on an entity, compiled; one that cannot be denies, as it does live."""
    if document.arn is not None:
        kind: SourcePolicyType = "aws-managed" if managed.find(document.arn) else "user-managed"
        return compile_policy(document.document, PolicySource(document.name, kind, document.arn))
    if document.holder is None:
        return compile_policy(document.document, PolicySource(document.name, "none"))
    holder = document.holder
    source = PolicySource(f"{holder.kind}_{holder.name}_{document.name}", holder.kind)
    return compile_policy(document.document, source)


class Exclusions:
    """A PolicyExclusionList."""

    def __init__(self, identifiers: Sequence[iam.PolicyIdentifier]) -> None:
        """Raises InvalidInputException for an identifier that is not one."""
        self._types = {one["PolicyType"] for one in identifiers if "PolicyType" in one}
        self._arns = [_pattern(one["PolicyArn"]) for one in identifiers if "PolicyArn" in one]
        inline = [one["InlinePolicyIdentifier"] for one in identifiers if "InlinePolicyIdentifier" in one]
        # AWS's words allow wildcards in the entity's name, and its model's pattern forbids them.
        self._inline = {
            (one["AttachmentType"], one["AttachmentName"].lower(), one["PolicyName"].lower())
            for one in inline
        }
        if any(len(one) != 1 for one in identifiers):
            raise iam.InvalidInputException(BAD_EXCLUSION)

    def spare(self, document: SourcedDocument) -> bool:
        """Return whether a policy stays in the simulation."""
        if document.arn is not None:
            kind = "aws-managed" if managed.find(document.arn) else "user-managed"
            arn = document.arn
            return kind not in self._types and not any(one.fullmatch(arn) for one in self._arns)
        return "inline" not in self._types and not self._names_inline(document)

    def spares_boundary(self, document: SourcedDocument) -> bool:
        """Return whether the entity's boundary stays in the simulation."""
        arn = document.arn or ""
        is_named = any(one.fullmatch(arn) for one in self._arns)
        return "permission-boundary" not in self._types and not is_named

    def _names_inline(self, document: SourcedDocument) -> bool:
        holder = document.holder
        return holder is not None and (
            (holder.kind, holder.name.lower(), document.name.lower()) in self._inline
        )


def _pattern(text: str) -> re.Pattern[str]:
    if text.count("*") > 1:
        raise iam.InvalidInputException(TOO_MANY_WILDCARDS)
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))
