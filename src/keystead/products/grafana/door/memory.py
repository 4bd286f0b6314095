"""What the door holds in memory of workspaces: their rows, who holds which credential, and answers to reads.

All that is held of a workspace is dropped on the event loop when a change of anything in it is committed, before
anybody is told of that commit, and when the policy epoch moves, which it does as well when a commit's outcome is in
doubt. Reading and keeping is one step of the loop. So on one node the staleness is zero requests. That a credential
is still good is never held here: the verifier judges it each time.
"""

from dataclasses import dataclass, field

from keystead.identity.epoch import PolicyEpoch
from keystead.products.grafana.door.asking import Holder
from keystead.products.grafana.records import Workspace
from keystead.store.interface import Transaction

MAX_WORKSPACES = 1_000
MAX_HOLDERS = 10_000
MAX_ANSWER_BYTES = 256 * 1024
MAX_ANSWERS_BYTES = 32 * 1024 * 1024
"""Of all workspaces together: when there would be more, every answer is dropped."""
_ENTRY_BYTES = 1024
"""What an answer costs beside its body: small ones must not be free."""

Asked = tuple[int | str, bytes, bytes]
"""Whose request it is, its raw path and its raw query: all that an answer that is held depends on."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that is held: the template of its route, for the journal, and the encoded body."""

    template: str
    body: bytes


@dataclass(slots=True)
class Held:
    """What is held of one workspace; `holders` are by the ids of credentials."""

    workspace: Workspace
    epoch: int
    holders: dict[str, Holder] = field(default_factory=dict[str, Holder])
    answers: dict[Asked, Told] = field(default_factory=dict[Asked, Told])


class Memory:
    """Holds workspaces by id until something in them changes."""

    def __init__(self, epoch: PolicyEpoch) -> None:
        self._epoch = epoch
        self._held: dict[str, Held] = {}
        self._answers_bytes = 0

    def of(self, workspace_id: str) -> Held | None:
        """Return what is held of a workspace, None when that is nothing or may have changed."""
        held = self._held.get(workspace_id)
        return held if held is not None and held.epoch == self._epoch.value else None

    def hold(self, workspace: Workspace) -> Held:
        """Begin to hold a workspace that was read in this step of the loop."""
        self.forget(workspace.id)
        if len(self._held) >= MAX_WORKSPACES:
            self._held.clear()
            self._answers_bytes = 0
        held = self._held[workspace.id] = Held(workspace, self._epoch.value)
        return held

    def keep_holder(self, held: Held, holder: Holder) -> None:
        """Hold whose a credential is, as it was read in this step of the loop."""
        if len(held.holders) >= MAX_HOLDERS:
            held.holders.clear()
        held.holders[holder.credential.id] = holder

    def keep_answer(self, held: Held, asked: Asked, told: Told) -> None:
        """Hold an answer made of what was read in this step of the loop, unless it is large."""
        cost = _cost(told)
        if cost > MAX_ANSWER_BYTES or self.of(held.workspace.id) is not held or asked in held.answers:
            return
        if self._answers_bytes + cost > MAX_ANSWERS_BYTES:
            for each in self._held.values():
                each.answers.clear()
            self._answers_bytes = 0
        self._answers_bytes += cost
        held.answers[asked] = told

    def forget_after(self, tx: Transaction, workspace_id: str) -> None:
        """Drop what is held of a workspace once `tx`, which changes something in it, is committed."""
        tx.after_commit(lambda: self.forget(workspace_id))

    def forget(self, workspace_id: str) -> None:
        """Drop what is held of a workspace."""
        held = self._held.pop(workspace_id, None)
        if held is not None:
            self._answers_bytes -= sum(map(_cost, held.answers.values()))


def _cost(told: Told) -> int:
    return len(told.body) + _ENTRY_BYTES
