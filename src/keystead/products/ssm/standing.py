"""Whether automatic approvals still stand once another policy is in force: those that do not end like a revoke.

UNCONFIRMED at AWS, where nothing is said of approvals from before an edit. Deny wins here, from the commit that
puts it in force. People's approvals are theirs: a deny stops automatic approval only. Nor does a policy that is
deleted end anything; it says neither yes nor no, and Terraform deletes and makes one anew to change its text.
"""

import msgspec

from keystead.audit.event import note_authority
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import request_records as records
from keystead.products.ssm import tag_records
from keystead.products.ssm.approval_policy import AUTO_POLICY, DENY_POLICY
from keystead.products.ssm.cedar import Question
from keystead.products.ssm.deciding import Deciding
from keystead.products.ssm.evaluation import still_approves
from keystead.products.ssm.library import Library
from keystead.products.ssm.people import asked_of
from keystead.products.ssm.request_records import AccessRequest
from keystead.products.ssm.tag_records import Place
from keystead.store.interface import Transaction


class Standing:
    """Asks the policies in force about those who were let in by them."""

    def __init__(self, library: Library, deciding: Deciding, clock: Clock) -> None:
        self._library = library
        self._deciding = deciding
        self._clock = clock

    def written(self, tx: Transaction, account: str, region: str, document: str) -> None:
        """End what is not approved any more, if a document of this name decides on that."""
        if document not in (AUTO_POLICY, DENY_POLICY):
            return
        for each in records.automatic(tx, account, region, now_ms(self._clock)):
            if not still_approves(self._library, tx, account, region, _question(tx, each)):
                self._end(tx, each, document)

    def _end(self, tx: Transaction, request: AccessRequest, document: str) -> None:
        self._deciding.revoke(tx, request)
        note_authority(
            tx,
            self._clock.epoch(),
            "RevokeAccessRequest",
            account=request.account,
            accessRequest=request.id,
            requester=request.requester_arn,
            target=request.node,
            because=f"{document} approves it no longer",
        )


def _question(tx: Transaction, request: AccessRequest) -> Question:
    """Return what a request would be asked today: the tags of its session stay, the rest is as it is now."""
    node_tags = tag_records.tags(tx, Place(request.account, request.region, "ManagedInstance", request.node))
    principal_tags = msgspec.json.decode(request.principal_tags, type=dict[str, str])
    return asked_of(tx, request.requester_person, principal_tags, request.node, node_tags)
