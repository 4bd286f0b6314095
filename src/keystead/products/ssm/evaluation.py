"""Which policy decides on a request: deny, then auto, then manual.

Follows the AWS Systems Manager User Guide, "Create approval policies for your nodes". A deny stops
auto-approval only. A policy for a tag of the node comes before one for all nodes; two of them are a
conflict. Doubt never approves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.products.ssm.approval_policy import AUTO_POLICY, DENY_POLICY, ManualPolicy
from keystead.products.ssm.cedar import Question
from keystead.products.ssm.document_records import Version
from keystead.products.ssm.library import Library
from keystead.store.interface import Reader


@dataclass(frozen=True, slots=True)
class Automatic:
    """Approved at once by a policy."""

    version: Version


@dataclass(frozen=True, slots=True)
class Manual:
    """People decide, by a policy."""

    version: Version
    policy: ManualPolicy


@dataclass(frozen=True, slots=True)
class Conflict:
    """Several policies for tags of the node: nobody can decide."""

    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class NoPolicy:
    """Nothing lets anybody ask."""


Outcome = Automatic | Manual | Conflict | NoPolicy


def evaluate(library: Library, reader: Reader, account: str, region: str, question: Question) -> Outcome:
    """Return what becomes of a request."""
    if not _is_denied(library, reader, account, region, question):
        auto = library.default(reader, account, region, AUTO_POLICY)
        if auto is not None and library.cedar(auto).decide(question).is_allowed:
            return Automatic(auto)
    return _manual(library, reader, account, region, question.node_tags)


def still_approves(library: Library, reader: Reader, account: str, region: str, question: Question) -> bool:
    """Return whether nothing in force now takes an automatic approval back."""
    if _is_denied(library, reader, account, region, question):
        return False
    auto = library.default(reader, account, region, AUTO_POLICY)
    return auto is None or library.cedar(auto).decide(question).is_allowed


def _is_denied(library: Library, reader: Reader, account: str, region: str, question: Question) -> bool:
    deny = library.default(reader, account, region, DENY_POLICY)
    if deny is None:
        return False
    verdict = library.cedar(deny).decide(question)
    # A forbid that could not be evaluated may have been meant for this request.
    return verdict.is_forbidden or verdict.has_errors


def _manual(library: Library, reader: Reader, account: str, region: str, tags: Mapping[str, str]) -> Outcome:
    policies = library.manual_policies(reader, account, region)
    specific = [Manual(*each) for each in policies if each[1].is_for(tags)]
    if len(specific) > 1:
        return Conflict(tuple(each.version for each in specific))
    general = [Manual(*each) for each in policies if not each[1].tags]
    return next(iter(specific or general), NoPolicy())
