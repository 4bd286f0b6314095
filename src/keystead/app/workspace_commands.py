"""The Grafana behind a workspace: the commands that set, show, check and clear it.

The administrator's token of that Grafana comes by the administration socket, is sealed, and is never shown again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, changed, looked
from keystead.kernel.clock import now_ms
from keystead.kernel.secret import Secret
from keystead.products.grafana import records as workspaces
from keystead.products.grafana.records import DELETING, Workspace
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.address import parse
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.store.interface import Reader, Transaction

_LONGEST_TOKEN = 4096


async def _set(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Set the upstream of a workspace. It is looked at first, unless the operator says `force`."""
    from keystead.products.grafana.upstream.checkup import Checkup
    from keystead.products.grafana.upstream.wire import times_of, tls_context

    workspace = _workspace(authority.store.reader, arguments.id)
    address, admin_token = parse(arguments.url), _token(arguments.secret)
    if arguments.ca:
        tls_context(arguments.ca)
    times = times_of(authority.settings)
    if not arguments.force:
        checkup = Checkup(workspace, address.text, arguments.ca, admin_token, times)
        for found in await checkup.findings(authority.store.reader, None):
            if found.verdict == "problem":
                told = (
                    f"{found.told}\nmend: {found.remedy}\nnothing was set; --unchecked sets it all the same"
                )
                raise CommandFailed(told)
    before = records.find(authority.store.reader, workspace.id)
    left = await _leave(authority, before) if before is not None else []
    made = Upstream(
        workspace.id,
        workspace.account,
        address.text,
        arguments.ca,
        authority.entropy.token_bytes(8).hex(),
        now_ms(authority.clock),
    )

    def change(tx: Transaction) -> None:
        _workspace(tx, workspace.id)
        records.drop(tx, workspace.id)
        records.put(tx, made, authority.seal, admin_token)
        # Whoever holds upstreams, here or on another node, reads them afresh.
        authority.base.epoch.bump_after(tx)

    await changed(authority, uid, "SetGrafanaUpstream", change, workspaceId=workspace.id, url=made.url)
    return {**_shown(authority.store.reader, made), "left": left}


async def _show(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ShowGrafanaUpstream", workspaceId=arguments.id)
    return _shown(authority.store.reader, _upstream(authority.store.reader, arguments.id))


async def _ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    looked(authority, uid, "ListGrafanaUpstreams")
    reader = authority.store.reader
    return [_shown(reader, upstream) for upstream in records.listed(reader)]


async def _check(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Return the findings on a workspace's upstream, as the doctor's are."""
    from keystead.products.grafana.upstream.checkup import examined
    from keystead.products.grafana.upstream.wire import times_of

    reader = authority.store.reader
    looked(authority, uid, "CheckGrafanaUpstream", workspaceId=arguments.id)
    workspace, upstream = _workspace(reader, arguments.id), records.find(reader, arguments.id)
    if upstream is None:
        told = f"{workspace.id} has no upstream: its Grafana API is answered here"
        return [{"subject": "upstream", "verdict": "ok", "told": told, "remedy": ""}]
    found = await examined(reader, authority.seal, workspace, upstream, times_of(authority.settings))
    return [asdict(each) for each in found]


async def _clear(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Take the upstream away: the workspace answers by itself again, and our accounts there are deleted."""
    upstream = _upstream(authority.store.reader, arguments.id)

    def change(tx: Transaction) -> None:
        records.drop(tx, upstream.workspace)
        authority.base.epoch.bump_after(tx)

    left = await _leave(authority, upstream)
    await changed(authority, uid, "ClearGrafanaUpstream", change, workspaceId=upstream.workspace)
    return {"workspace": upstream.workspace, "url": upstream.url, "left": left}


async def _leave(authority: Authority, upstream: Upstream) -> list[str]:
    from keystead.products.grafana.upstream.moving import leave
    from keystead.products.grafana.upstream.wire import times_of

    return await leave(authority.store.reader, authority.seal, upstream, times_of(authority.settings))


def _workspace(reader: Reader, workspace_id: str) -> Workspace:
    found = workspaces.find(reader, workspace_id)
    if found is None or found.status == DELETING:
        raise CommandFailed(f"no workspace {workspace_id}; `aws grafana list-workspaces` lists an account's")
    return found


def _upstream(reader: Reader, workspace_id: str) -> Upstream:
    found = records.find(reader, workspace_id)
    if found is None:
        raise CommandFailed(
            f"{workspace_id} has no upstream; `keystead workspace upstream ls` lists those that have"
        )
    return found


def _token(text: str) -> Secret:
    """Return the administrator's token. Raises CommandFailed for what cannot be one."""
    bare = text.strip()
    if not bare or len(bare) > _LONGEST_TOKEN or not bare.isascii() or not bare.isprintable() or " " in bare:
        raise CommandFailed("the token file holds no token: one line of ASCII without spaces")
    return Secret(bare.encode())


def _shown(reader: Reader, upstream: Upstream) -> Mapping[str, object]:
    changed_at = datetime.fromtimestamp(upstream.changed_at // 1000, UTC).isoformat().replace("+00:00", "Z")
    roles = [lodger.role for lodger in records.lodgers(reader, upstream.workspace)]
    return {
        "workspace": upstream.workspace,
        "account": upstream.account,
        "url": upstream.url,
        "ca": "given" if upstream.ca else "of this machine",
        "set": changed_at,
        "minted": ", ".join(roles),
    }


COMMANDS: Mapping[str, Command] = {
    "workspace-upstream-set": _set,
    "workspace-upstream-show": _show,
    "workspace-upstream-ls": _ls,
    "workspace-upstream-check": _check,
    "workspace-upstream-clear": _clear,
}
