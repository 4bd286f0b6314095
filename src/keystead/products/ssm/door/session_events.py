"""What the authority itself does to a session, in the journal: whose it was, where, and by what right."""

from keystead.audit.event import note_authority
from keystead.kernel.clock import Clock
from keystead.products.ssm.session_records import SessionRow
from keystead.store.interface import Transaction


def note_session(tx: Transaction, clock: Clock, name: str, session: SessionRow, **more: object) -> None:
    """Write down what becomes of a session, in the transaction that does it."""
    note_authority(
        tx,
        clock.epoch(),
        name,
        sessionId=session.id,
        target=session.target,
        owner=session.owner_arn,
        accessRequest=session.access_request,
        **more,
    )
