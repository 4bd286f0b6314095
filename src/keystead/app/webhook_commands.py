"""The webhook's commands: what is still to be posted, and posting it again."""

from collections.abc import Mapping
from datetime import UTC, datetime

from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, changed, looked
from keystead.products.ssm.webhook import outbox_records as records
from keystead.products.ssm.webhook.outbox_records import Post
from keystead.store.interface import Transaction


async def _ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return a portion of what is not posted yet, and where the next one begins."""
    looked(authority, uid, "ListWebhookEvents")
    rows = await authority.store.read(
        lambda reader: records.pending(reader, arguments.after, arguments.limit)
    )
    more = rows[-1].row if len(rows) == arguments.limit else None
    return {"events": [_shown(each) for each in rows], "next": more}


async def _resend(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Have one event posted again, or, without an id, all that were given up."""
    if not authority.settings.webhook_url:
        raise CommandFailed(
            "webhook_url is not set, so nothing is posted; see docs/how-to/hear-of-access-requests.md"
        )

    def change(tx: Transaction) -> int:
        if not arguments.id:
            return records.resend_dead(tx)
        if not records.resend(tx, arguments.id):
            raise CommandFailed(f"no event has the id {arguments.id}; `keystead webhook ls` lists them")
        return 1

    return {"resent": await changed(authority, uid, "ResendWebhookEvents", change, id=arguments.id)}


def _shown(post: Post) -> dict[str, object]:
    """Return what is shown of an event that is not posted yet. Times are ISO 8601."""
    return {
        "id": post.event.id,
        "request": post.event.request,
        "type": post.event.detail_type,
        "at": _iso(post.event.at),
        "state": post.state,
        "attempts": post.attempts,
        "next": _iso(post.next_at) if post.state == records.WAITING and post.next_at else None,
        "answer": post.answer or None,
    }


def _iso(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


COMMANDS: Mapping[str, Command] = {"webhook-ls": _ls, "webhook-resend": _resend}
