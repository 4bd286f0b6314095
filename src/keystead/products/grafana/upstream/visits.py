"""What is at an upstream at this moment: requests and sockets, each cut when its token is no longer good.

A request is judged when it comes; one that lasts, and every socket, is judged again four times a second: token,
account, role, workspace and upstream have to be what they were. So whatever is revoked is over within a second.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from keystead.access.doors import Receive
from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock
from keystead.kernel.errors import StoreUnavailable
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.asking import Holder, Refusal
from keystead.products.grafana.door.opening import open_workspace
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.store.interface import Reader

LOOK_SECONDS = 0.25
_HANG_UP_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class Visit:
    """One request or socket at an upstream. `ear` is where its client is heard, once its request is whole.

    `has_waited` tells that others had their turn since its token was judged. `answers_by` is when, in monotonic
    seconds, the upstream has to have begun its answer; `is_late` that it has not.
    """

    workspace: Workspace
    upstream: Upstream
    holder: Holder
    task: asyncio.Task[object]
    began_at: float
    ear: Receive | None = None
    is_cut: bool = False
    is_answering: bool = False
    has_waited: bool = False
    answers_by: float | None = None
    is_late: bool = False
    listening: asyncio.Task[None] | None = field(default=None)


class Visits:
    """The visits of this process."""

    def __init__(self, reader: Reader, verifier: Verifier, admission: Admission, clock: Clock) -> None:
        self._reader = reader
        self._verifier = verifier
        self._admission = admission
        self._clock = clock
        self._present: set[Visit] = set()

    @contextmanager
    def visit(self, workspace: Workspace, upstream: Upstream, holder: Holder) -> Generator[Visit]:
        """Be at an upstream, for as long as the present task does what follows."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a visit needs a task that can be cut")
        visit = Visit(workspace, upstream, holder, task, self._clock.monotonic())
        asyncio.get_running_loop().call_soon(_has_waited, visit)
        self._present.add(visit)
        try:
            yield visit
        finally:
            self._present.discard(visit)
            if visit.listening is not None:
                visit.listening.cancel()

    @contextmanager
    def answering_within(self, visit: Visit, seconds: float) -> Generator[None]:
        """Raise TimeoutError when what follows takes longer, found out at the next look.

        A clock for each request would cost it more than its token's verification.
        """
        visit.answers_by = self._clock.monotonic() + seconds
        try:
            yield
        except asyncio.CancelledError:
            if visit.is_late and not visit.is_cut and visit.task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            visit.answers_by = None

    def look(self) -> None:
        """Cut what is no longer good, and listen whether the clients of what lasts are still there."""
        now = self._clock.monotonic()
        for visit in list(self._present):
            if not visit.is_cut and not self.is_good(visit):
                visit.is_cut = True
                visit.task.cancel()
            elif visit.answers_by is not None and now > visit.answers_by:
                visit.answers_by, visit.is_late = None, True
                visit.task.cancel()
            elif (
                visit.ear is not None and visit.listening is None and now - visit.began_at > _HANG_UP_SECONDS
            ):
                visit.listening = asyncio.create_task(_hear(visit, visit.ear))

    def is_good(self, visit: Visit) -> bool:
        """Return whether everything still is as it was when a visit began. In doubt it is not."""
        try:
            workspace = open_workspace(self._reader, visit.workspace.id)
            holder = self._admission.holder(self._reader, workspace, visit.holder.credential)
            upstream = records.find(self._reader, workspace.id)
            stands = self._verifier.stands(visit.holder.credential.id)
        except (Refusal, StoreUnavailable):
            return False
        is_same = upstream is not None and upstream.serial == visit.upstream.serial
        return stands and is_same and holder.role == visit.holder.role


def _has_waited(visit: Visit) -> None:
    visit.has_waited = True


async def _hear(visit: Visit, ear: Receive) -> None:
    """End a visit whose client has hung up: nobody waits for its answer."""
    with suppress(asyncio.CancelledError):
        while (await ear())["type"] != "http.disconnect":
            pass
        visit.task.cancel()
