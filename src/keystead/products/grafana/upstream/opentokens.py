"""The tokens of roles at upstreams, opened: each is held in memory until it, or its upstream, may have changed.

What is held of a workspace is dropped on the event loop when a change of one of its tokens is committed, before
anybody is told of that commit, and when the policy epoch moves: an upstream is set or cleared, a commit's outcome
is in doubt. Reading a row and holding its token is one step of the loop. So on one node the staleness is zero
requests.
"""

from dataclasses import dataclass

from keystead.identity.epoch import PolicyEpoch
from keystead.kernel.secret import Secret
from keystead.products.grafana.upstream.upstream_records import Lodger, Upstream
from keystead.store.interface import Transaction

MAX_WORKSPACES = 1_000


@dataclass(frozen=True, slots=True)
class _Opened:
    """`minted_at` is in real epoch milliseconds, `serial` the upstream's that the token is for."""

    serial: str
    minted_at: int
    token: Secret


class OpenTokens:
    """Holds tokens by workspace and role."""

    def __init__(self, epoch: PolicyEpoch) -> None:
        self._epoch = epoch
        self._held: dict[str, dict[str, _Opened]] = {}
        self._held_at = epoch.value

    def of(self, upstream: Upstream, role: str, now: int, younger_than: int) -> Secret | None:
        """Return a role's token that is held and was minted less than so many milliseconds before `now`."""
        if self._held_at != self._epoch.value:
            return None
        opened = self._held.get(upstream.workspace, {}).get(role)
        if opened is None or opened.serial != upstream.serial:
            return None
        return opened.token if 0 <= now - opened.minted_at < younger_than else None

    def hold(self, upstream: Upstream, lodger: Lodger, token: Secret) -> None:
        """Hold a token whose row was read in this step of the loop."""
        if self._held_at != self._epoch.value or len(self._held) >= MAX_WORKSPACES:
            self._held.clear()
            self._held_at = self._epoch.value
        opened = _Opened(upstream.serial, lodger.minted_at, token)
        self._held.setdefault(upstream.workspace, {})[lodger.role] = opened

    def forget_after(self, tx: Transaction, workspace: str) -> None:
        """Drop the tokens of a workspace once `tx`, which changes one of them, is committed."""
        tx.after_commit(lambda: self._forget(workspace))

    def _forget(self, workspace: str) -> None:
        self._held.pop(workspace, None)
