"""Changes: accepted ones are in force once they are committed, and clients ask what became of them."""

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import unique_id
from keystead.products.route53.arns import bare_id
from keystead.products.route53.times import as_datetime
from keystead.store.interface import Transaction
from keystead.types import route53
from keystead.zones import records
from keystead.zones.records import Change


class Changes:
    """Notes changes, and the operation that shows them."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    def note(self, tx: Transaction, account: str, comment: str = "") -> route53.ChangeInfo:
        """Keep a change and return it as it is answered: pending, as whoever made it has not heard of it."""
        change = Change(unique_id("C", self._entropy), account, now_ms(self._clock), comment)
        records.add_change(tx, change)
        return _shown(change, is_done=False)

    @route53.GetChange("read", resource="change/{Id}")
    def get_change(self, call: Call, request: route53.GetChangeRequest) -> route53.GetChangeResponse:
        """Return a change, which is in force: the doors look afresh before its caller is answered."""
        change_id = bare_id(request["Id"])
        found = records.change(call.reader, call.principal.account, change_id)
        if found is None:
            raise route53.NoSuchChange(f"A change with the ID {change_id} does not exist.")
        return {"ChangeInfo": _shown(found, is_done=True)}


def _shown(change: Change, *, is_done: bool) -> route53.ChangeInfo:
    return {
        "Id": f"/change/{change.id}",
        "Status": "INSYNC" if is_done else "PENDING",
        "SubmittedAt": as_datetime(change.submitted_at),
        "Comment": change.comment or None,
    }
