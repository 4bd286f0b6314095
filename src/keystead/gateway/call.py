"""`Call`: what an operation knows of the request that called it, beside the request's own members."""

from dataclasses import dataclass
from typing import Any

from keystead.access.policy.context import Late
from keystead.audit.event import Identity
from keystead.credentials.shelf import Credential
from keystead.identity.principals import Principal
from keystead.store.interface import Reader, Transaction

NO_CREDENTIAL = Credential("", "", "", "", "", "", 0, None, 0)
"""What an operation that takes no signature was called with."""


@dataclass(slots=True)
class Call:
    """One authenticated, authorised call.

    `principal` and `credential` are those that were verified; `action` is what policies call the operation.
    `reader` sees the database; in an operation that writes it is the transaction itself. `prepared` is what the
    operation's asynchronous part returned. `late` gives the condition keys of the request, if policies were asked.
    Of an operation that takes no signature the principal is nobody, and it says itself, as `identity`, whom the
    journal shall name.
    """

    request_id: str
    principal: Principal
    credential: Credential
    action: str
    region: str
    source_address: str
    user_agent: str
    reader: Reader
    transaction: Transaction | None = None
    # What the operation's own asynchronous part made; its type is between the two of them.
    prepared: Any = None
    late: Late | None = None
    # What the request is about, where authorisation has looked it up: a reading operation need not look again.
    subject: Any = None
    identity: Identity | None = None

    @property
    def tx(self) -> Transaction:
        """The transaction of an operation that writes."""
        if self.transaction is None:
            raise RuntimeError("an operation declared as reading wants to write")
        return self.transaction
