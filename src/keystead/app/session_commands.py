"""The commands about sessions on nodes: which there are, and what was recorded of one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, looked
from keystead.products.ssm import session_records as records
from keystead.products.ssm.node_access import RECORDINGS
from keystead.products.ssm.session_records import SessionRow

PORTION_BYTES = 1024 * 1024
_MOST = 10_000


async def _ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return the latest sessions, the newest first: on one node (`id`), and only live ones (`kind` is `live`)."""
    looked(authority, uid, "ListSessions", target=arguments.id)
    count, only_live = min(arguments.count, _MOST), arguments.kind == "live"
    rows = await authority.store.read(
        lambda reader: records.latest(reader, arguments.id, count, only_live=only_live)
    )
    return [_shown(row) for row in rows]


async def _record(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return a portion of a session's recording, where the next one begins, and the digest in the journal."""
    session = await authority.store.read(lambda reader: records.find_any(reader, arguments.id))
    if session is None:
        raise CommandFailed(f"no session has the id {arguments.id}; `keystead sessions ls` lists them")
    if session.recording == records.NOT_RECORDED:
        raise CommandFailed(
            f"session {session.id} was not recorded: a setting, its document or its type says so"
        )
    if session.recording == records.DELETED:
        raise CommandFailed(
            f"the recording of session {session.id} was deleted: it was older than `session_recordings_days`; the "
            f"journal's EndSession has its digest"
        )
    if arguments.position == 0:
        looked(authority, uid, "ReadSessionRecording", sessionId=session.id)
    content = _portion(authority.settings.data / RECORDINGS, session, arguments.position)
    at = arguments.position + len(content)
    return {
        # A recording is JSON in ASCII.
        "content": content.decode("ascii", "replace"),
        "next": at if len(content) == PORTION_BYTES else None,
        "digest": session.recording,
    }


def _portion(folder: Path, session: SessionRow, position: int) -> bytes:
    try:
        with (folder / session.account / f"{session.id}.cast").open("rb") as file:
            file.seek(max(0, position))
            return file.read(PORTION_BYTES)
    except OSError as error:
        raise CommandFailed(
            f"the recording of session {session.id} is not there: nothing was shown yet, or somebody removed it"
        ) from error


def _shown(session: SessionRow) -> dict[str, object]:
    """Return what is shown of a session. Times are ISO 8601."""
    return {
        "session": session.id,
        "account": session.account,
        "target": session.target,
        "owner": session.owner_arn,
        "document": session.document,
        "request": session.access_request or None,
        "state": session.state,
        "started": _iso(session.started_at),
        "ended": None if session.ended_at is None else _iso(session.ended_at),
        "because": session.ends_because or None,
        "recording": session.recording or None,
    }


def _iso(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


COMMANDS: Mapping[str, Command] = {"sessions-ls": _ls, "sessions-record": _record}
