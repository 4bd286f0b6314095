"""The commands of administration: one function each, the same whether the server runs or not.

Every command is written to the journal as `local-operator/<uid>`: a change in its own transaction, a look
within the second. Arguments come from a socket and are checked by type before anything is done.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from keystead.app import (
    account_commands,
    audit_commands,
    explain_command,
    session_commands,
    webhook_commands,
    workspace_commands,
)
from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, changed, looked, nothing
from keystead.credentials import shelf
from keystead.credentials.kind import ACTIVE, INACTIVE
from keystead.credentials.rekey import rekey
from keystead.credentials.rootkey import RootKeyUnusable
from keystead.credentials.shelf import Credential
from keystead.kernel.clock import MovableClock, now
from keystead.kernel.errors import DomainError, StoreUnavailable
from keystead.store.interface import Reader, Transaction


async def perform(authority: Authority, name: str, arguments: Mapping[str, Any], uid: int) -> object:
    """Carry a command out for user `uid` and return its result, ready for JSON. Raises CommandFailed."""
    command = COMMANDS.get(name)
    if command is None:
        raise CommandFailed(f"no such command: {name}")
    try:
        checked = msgspec.convert(arguments, Arguments)
        return await command(authority, checked, uid)
    except (DomainError, StoreUnavailable, RootKeyUnusable, msgspec.ValidationError) as error:
        raise CommandFailed(str(error)) from error


def _shown(authority: Authority, reader: Reader, credential: Credential) -> dict[str, object]:
    """Return a credential as the inventory shows it. Times are ISO 8601."""
    owner = authority.principals.read(reader, credential)
    use = authority.usage.last(reader, credential.id)
    expired = credential.is_expired(authority.clock.epoch() * 1000)
    return {
        "kind": credential.kind,
        "id": credential.id,
        "account": credential.account,
        "owner": credential.owner if owner is None else owner.arn,
        "audience": credential.audience,
        "status": "Expired" if expired else credential.status,
        "created": _iso(credential.created_at),
        "expires": None if credential.expires_at is None else _iso(credential.expires_at),
        "last_used": None if use is None else _iso(use.used_at),
        "last_used_service": None if use is None else use.service,
    }


def _iso(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def _find(reader: Reader, credential_id: str) -> Credential:
    found = shelf.find(reader, credential_id)
    if found is None:
        raise CommandFailed(f"no credential has the id {credential_id}; `keystead creds ls` lists them")
    return found.credential


async def _creds_ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ListCredentials", kind=arguments.kind, owner=arguments.owner)
    kinds = authority.issuer.kinds
    if arguments.kind and arguments.kind not in kinds:
        known = ", ".join(sorted(kind.name for kind in kinds))
        raise CommandFailed(f"no kind is called {arguments.kind[:64]!r}; there are {known}")
    # Lists show ARNs where an owner has one; what is kept is its unique id.
    arn = arguments.owner if arguments.owner.startswith("arn:") else ""

    def look(reader: Reader) -> object:
        rows = shelf.inventory(
            reader,
            after=arguments.after,
            limit=arguments.limit,
            kind=arguments.kind,
            owner="" if arn else arguments.owner,
        )
        shown = (_shown(authority, reader, credential) for _, credential in rows)
        listed = [each for each in shown if not arn or each["owner"] == arn]
        more = rows[-1][0] if len(rows) == arguments.limit else None
        return {"credentials": listed, "next": more}

    return await authority.store.read(look)


async def _creds_show(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ShowCredential", id=arguments.id)
    reader = authority.store.reader
    return _shown(authority, reader, _find(reader, arguments.id))


def _switch(status: str, name: str) -> Command:
    async def command(authority: Authority, arguments: Arguments, uid: int) -> object:
        def change(tx: Transaction) -> object:
            credential = authority.issuer.set_status(tx, _find(tx, arguments.id), status)
            return _shown(authority, tx, credential)

        return await changed(authority, uid, name, change, id=arguments.id)

    return command


async def _creds_expire(authority: Authority, arguments: Arguments, uid: int) -> object:
    def change(tx: Transaction) -> object:
        credential = _find(tx, arguments.id)
        at_ms = None if arguments.at is None else int(arguments.at.timestamp() * 1000)
        return _shown(authority, tx, authority.issuer.expire(tx, credential, at_ms))

    return await changed(authority, uid, "ExpireCredential", change, id=arguments.id, at=str(arguments.at))


async def _creds_revoke(authority: Authority, arguments: Arguments, uid: int) -> object:
    def change(tx: Transaction) -> object:
        credential = _find(tx, arguments.id)
        shown = _shown(authority, tx, credential)
        authority.issuer.revoke(tx, credential.id)
        return {**shown, "status": "Revoked"}

    return await changed(authority, uid, "RevokeCredential", change, id=arguments.id)


async def _rekey(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    async with authority.rekeying:
        await changed(authority, uid, "BeginRekey", nothing)
        done = await rekey(authority.store, authority.seal, authority.root_key_file, authority.clock)
        await changed(authority, uid, "EndRekey", nothing)
    return {"accounts": done.accounts, "secrets": done.secrets}


def _movable(authority: Authority) -> MovableClock:
    if not isinstance(authority.clock, MovableClock):
        raise CommandFailed(
            "the clock moves only in a directory made by `keystead init --test`, and this is none"
        )
    return authority.clock


def _clock_shown(authority: Authority) -> dict[str, object]:
    clock = authority.clock
    movable = clock if isinstance(clock, MovableClock) else MovableClock()
    frozen_at = movable.frozen_at
    ahead = movable.offset if frozen_at is None else frozen_at - movable.real_epoch()
    return {
        "now": now(clock).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "frozen": frozen_at is not None,
        "ahead_seconds": round(ahead, 3),
        "movable": clock is movable,
    }


async def _clock_show(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    looked(authority, uid, "ShowClock")
    return _clock_shown(authority)


async def _move(
    authority: Authority, uid: int, name: str, move: Callable[[MovableClock], None], **parameters: object
) -> object:
    clock = _movable(authority)
    moved = MovableClock(clock.offset, clock.frozen_at)
    move(moved)
    await changed(authority, uid, name, nothing, **parameters)
    authority.directory.keep_clock(moved)
    clock.offset, clock.frozen_at = moved.offset, moved.frozen_at
    return _clock_shown(authority)


async def _clock_freeze(authority: Authority, arguments: Arguments, uid: int) -> object:
    return await _move(
        authority, uid, "FreezeClock", lambda clock: clock.freeze(arguments.at), at=str(arguments.at)
    )


async def _clock_advance(authority: Authority, arguments: Arguments, uid: int) -> object:
    by = timedelta(seconds=arguments.seconds)
    return await _move(
        authority, uid, "AdvanceClock", lambda clock: clock.advance(by), seconds=arguments.seconds
    )


async def _clock_reset(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    return await _move(authority, uid, "ResetClock", lambda clock: clock.reset())


async def _stats(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return the writer's counters; the bench reads syncs from here. Not journalled: it tells of nobody."""
    del arguments, uid
    counts = authority.store.counts
    return {"commits": counts.commits, "jobs": counts.jobs, "failed_commits": counts.failed_commits}


COMMANDS: Mapping[str, Command] = {
    "creds-ls": _creds_ls,
    "creds-show": _creds_show,
    "creds-deactivate": _switch(INACTIVE, "DeactivateCredential"),
    "creds-activate": _switch(ACTIVE, "ActivateCredential"),
    "creds-expire": _creds_expire,
    "creds-revoke": _creds_revoke,
    "rekey": _rekey,
    "clock-show": _clock_show,
    "clock-freeze": _clock_freeze,
    "clock-advance": _clock_advance,
    "clock-reset": _clock_reset,
    "stats": _stats,
    **account_commands.COMMANDS,
    **audit_commands.COMMANDS,
    **explain_command.COMMANDS,
    **session_commands.COMMANDS,
    **webhook_commands.COMMANDS,
    **workspace_commands.COMMANDS,
}
