"""The life of a request: asked for, decided on by a policy or by people, ended.

Follows the AWS Systems Manager User Guide, "Just-in-time node access". Every step is in the caller's transaction.
Who may not decide, or comes too late, is told `NotYours` or `TooLate`, and nothing changes.
"""

from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from keystead.credentials.issue import Issuer
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import DomainError, NotFound
from keystead.kernel.ids import RequestIds
from keystead.products.ssm import request_records as records
from keystead.products.ssm.approval_policy import AUTO_SECONDS, ManualPolicy, read_manual
from keystead.products.ssm.document_records import Version
from keystead.products.ssm.evaluation import Automatic, Conflict, Manual
from keystead.products.ssm.library import value_of
from keystead.products.ssm.people import Person, is_meant, principal_tags
from keystead.products.ssm.request_events import RequestEvents
from keystead.products.ssm.request_records import AccessRequest, Approval
from keystead.products.ssm.session_desk import SessionDesk
from keystead.products.ssm.tag_records import Place, put
from keystead.store.interface import Transaction

MANAGED_TAG: Final = "SystemsManagerJustInTimeNodeAccessManaged"
ACCESS_ENDED: Final = "Your access to this node was revoked."
"""What the users of sessions are told that a revoke ends."""
_ID_ATTEMPTS: Final = 8


class NotYours(DomainError):
    """The caller may not decide on this request now."""


class TooLate(DomainError):
    """The request's state does not allow the step any more."""


class _Begun(NamedTuple):
    """How a request begins; of a manual one also the execution that people decide in, and by which text."""

    state: str
    version: Version
    deadline_at: int
    duration_seconds: int = AUTO_SECONDS
    execution: str = ""
    policy_text: str = ""


class Deciding:
    """Makes requests and takes them from state to state."""

    def __init__(
        self, issuer: Issuer, desk: SessionDesk, events: RequestEvents, clock: Clock, entropy: Entropy
    ) -> None:
        self._desk = desk
        self._issuer = issuer
        self._events = events
        self._clock = clock
        self._entropy = entropy
        self._ids = RequestIds(entropy)

    def ask(
        self,
        tx: Transaction,
        person: Person,
        region: str,
        node: str,
        reason: str,
        outcome: Automatic | Manual | Conflict,
    ) -> AccessRequest:
        """Return a new request, decided on already unless people have to."""
        principal, now = person.principal, now_ms(self._clock)
        begun = self._begun(outcome, now)
        made = self._kept(
            tx,
            AccessRequest(
                id="",
                account=principal.account,
                region=region,
                requester_arn=principal.arn,
                requester_id=principal.id,
                requester_person=person.id,
                session_name="" if principal.session is None else principal.session.name,
                reason=reason,
                node=node,
                state=begun.state,
                policy=begun.version.name,
                policy_version=begun.version.version,
                policy_text=begun.policy_text,
                execution=begun.execution,
                level=0,
                deadline_at=begun.deadline_at,
                duration_seconds=begun.duration_seconds,
                created_at=now,
                changed_at=now,
                approved_at=now if begun.state == records.APPROVED else None,
                principal_tags=msgspec.json.encode(principal_tags(tx, principal)).decode(),
            ),
        )
        for type_, resource in (("OpsItem", made.id), ("Automation", made.execution)):
            if resource:
                put(tx, Place(made.account, region, type_, resource), {MANAGED_TAG: "true"})
        if isinstance(outcome, Conflict):
            self._events.failed(tx, made, [each.name for each in outcome.versions])
        else:
            self._tell(tx, made)
        return made

    def _begun(self, outcome: Automatic | Manual | Conflict, now: int) -> _Begun:
        """Return how a request begins of which the policies say this."""
        match outcome:
            case Automatic():
                return _Begun(records.APPROVED, outcome.version, now)
            case Conflict():
                return _Begun(records.FAILED, outcome.versions[0], now)
            case Manual(version=version, policy=policy):
                return _Begun(
                    records.WAITING,
                    version,
                    now + policy.levels[0].timeout_seconds * 1000,
                    policy.duration_seconds,
                    self._ids.next(),
                    msgspec.json.encode(value_of(version)).decode(),
                )

    def _kept(self, tx: Transaction, request: AccessRequest) -> AccessRequest:
        """Keep a new request under an id that is free, and return it with that."""
        for _ in range(_ID_ATTEMPTS):
            made = replace(request, id=f"oi-{self._entropy.token_bytes(6).hex()}")
            if records.add(tx, made):
                return made
        raise RuntimeError("no free request id was drawn")

    def decide(
        self, tx: Transaction, request: AccessRequest, person: Person, decision: str, comment: str
    ) -> None:
        """Approve or reject at the present level. Raises NotYours, TooLate."""
        now = now_ms(self._clock)
        if request.state_at(now) != records.WAITING:
            raise TooLate("The request is not waiting for a decision.")
        policy = policy_of(request)
        level = policy.levels[request.level]
        self._check_may_decide(request, person, [request.level], policy)
        principal = person.principal
        made = Approval(
            request.id, request.level, person.id, principal.arn, principal.id, decision, comment, now
        )
        if not records.add_approval(tx, made):
            raise NotYours("You have decided at this level already.")
        if decision == "Reject":
            self._step(tx, request, records.REJECTED, now)
            return
        given = [
            each
            for each in records.approvals(tx, request.id)
            if each.level == request.level and each.decision == "Approve"
        ]
        if len(given) < level.min_approvals:
            records.touch(tx, request, now)
        elif request.level + 1 < len(policy.levels):
            after = request.level + 1
            deadline = now + policy.levels[after].timeout_seconds * 1000
            if not records.open_level(tx, request, after, deadline, now):
                raise TooLate("The level was decided meanwhile.")
            self._tell(tx, self._again(tx, request))
        else:
            self._step(tx, request, records.APPROVED, now)

    def revoke_as_approver(
        self, tx: Transaction, request: AccessRequest, person: Person, comment: str
    ) -> None:
        """Take an approved request back, as an approver of any level. Raises NotYours, TooLate."""
        if request.state != records.APPROVED:
            raise TooLate("Only an approved request can be revoked.")
        policy = policy_of(request)
        self._check_may_decide(request, person, range(len(policy.levels)), policy)
        principal, now = person.principal, now_ms(self._clock)
        records.add_approval(
            tx,
            Approval(
                request.id,
                len(policy.levels),
                person.id,
                principal.arn,
                principal.id,
                "Revoke",
                comment,
                now,
            ),
        )
        self.revoke(tx, request)

    def revoke(self, tx: Transaction, request: AccessRequest) -> None:
        """End an approved request: all of its keys are gone with this transaction. Raises TooLate."""
        now = now_ms(self._clock)
        if request.state != records.APPROVED:
            raise TooLate("Only an approved request can be revoked.")
        self._step(tx, request, records.REVOKED, now)
        for credential in records.keys(tx, request.id):
            try:
                self._issuer.revoke(tx, credential)
            except NotFound:
                continue  # Swept after its expiry.
        self._desk.terminate_request(tx, request.account, request.id, ACCESS_ENDED)

    def cancel(self, tx: Transaction, request: AccessRequest) -> None:
        """Withdraw a waiting request, or give an approved one back. Raises TooLate."""
        now = now_ms(self._clock)
        if request.state_at(now) == records.WAITING:
            self._step(tx, request, records.CANCELLED, now)
        else:
            self.revoke(tx, request)

    def time_out(self, tx: Transaction, request: AccessRequest) -> None:
        """Write down, and tell, that a level's time has passed. Raises TooLate where somebody decided meanwhile."""
        self._step(tx, request, records.TIMED_OUT, request.deadline_at)

    def _check_may_decide(
        self, request: AccessRequest, person: Person, levels: "range | list[int]", policy: ManualPolicy
    ) -> None:
        if person.id == request.requester_person:
            raise NotYours("Requesters cannot decide on their own requests.")
        if not any(is_meant(person, one) for level in levels for one in policy.levels[level].approvers):
            raise NotYours("You are not an approver of the current level.")

    def _step(self, tx: Transaction, request: AccessRequest, state: str, now: int) -> None:
        if not records.step(tx, request, state, now):
            raise TooLate("The request was decided meanwhile.")
        self._tell(tx, self._again(tx, request))

    def _again(self, tx: Transaction, request: AccessRequest) -> AccessRequest:
        found = records.find(tx, request.account, request.region, request.id)
        if found is None:
            raise NotFound("access request", request.id)
        return found

    def _tell(self, tx: Transaction, request: AccessRequest) -> None:
        self._events.changed(tx, request, policy_of(request) if request.execution else None)


def policy_of(request: AccessRequest) -> ManualPolicy:
    """Return the policy that people decide on a request by, as it was when it was made."""
    if not request.policy_text:
        raise TooLate("Nobody decides on this request.")
    return read_manual(msgspec.json.decode(request.policy_text))
