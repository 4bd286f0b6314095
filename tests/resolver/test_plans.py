"""A view's plan is as of the query that waits for it, however fast other changes come."""

import asyncio
from types import SimpleNamespace

from keystead.products.globalresolver.door.plans import Plans
from keystead.zones.changes import Changes

VIEW = SimpleNamespace(id="dnsv-1")


class BusyStore:
    """During each reading something is committed."""

    def __init__(self, changes):
        self.changes = changes
        self.reads = 0
        self.is_reading = asyncio.Event()

    async def read(self, _):
        self.reads += 1
        self.is_reading.set()
        await asyncio.sleep(0)
        self.changes.bump()
        return SimpleNamespace(), SimpleNamespace()


def test_changes_that_come_faster_than_plans_hold_nobody_up():
    changes = Changes()
    store = BusyStore(changes)
    plans = Plans(store, changes, SimpleNamespace(), SimpleNamespace())

    plan = asyncio.run(asyncio.wait_for(plans.of(VIEW), 5))

    assert plan.made_at == 0
    assert store.reads == 1


def test_query_after_a_change_does_not_take_the_plan_that_was_begun_before_it():
    changes = Changes()
    store = BusyStore(changes)
    plans = Plans(store, changes, SimpleNamespace(), SimpleNamespace())

    async def ask():
        first = asyncio.create_task(plans.of(VIEW))
        await store.is_reading.wait()
        changes.bump()
        return await plans.of(VIEW), await first

    second, first = asyncio.run(asyncio.wait_for(ask(), 5))

    assert (second.made_at > 0, first.made_at >= 0) == (True, True)
    assert store.reads == 2
