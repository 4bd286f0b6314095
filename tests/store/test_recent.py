"""What was made of rows is used again until anything is committed, and never after."""

import asyncio

import pytest
from engines import add, things, with_store

from keystead.store.recent import Recent


@pytest.fixture
def over(engine, tmp_path):
    """Run a test body over a running store of the engine."""
    return lambda test: with_store(engine, tmp_path, test)


def test_a_value_is_made_anew_after_every_commit(over):
    async def test(store):
        recent = Recent(store.reader, 10)
        seen = []
        for number in range(5):
            await store.write(add(number))
            seen += [recent.get("all", lambda: things(store)), recent.get("all", lambda: things(store))]
        return seen

    seen = over(test)

    assert seen == [list(range(number + 1)) for number in range(5) for _ in range(2)]


def test_a_value_is_kept_only_where_the_state_can_be_told(over, engine):
    made = []

    async def test(store):
        recent = Recent(store.reader, 10)
        for _ in range(3):
            recent.get("all", lambda: made.append(1) or 1)

    over(test)

    assert len(made) == (1 if engine.name == "sqlite" else 3)


def test_no_more_is_kept_than_there_is_room_for_or_wanted(over, engine):
    made = []

    async def test(store):
        recent = Recent(store.reader, 2)
        for key in (1, 2, 3, 3, 1):
            recent.get(key, lambda key=key: made.append(key) or key)
        for _ in range(2):
            recent.get("large", lambda: made.append("large") or "large", lambda value: value != "large")

    over(test)

    # PostgreSQL cannot tell its state, and keeps nothing.
    kept = [1, 2, 3, 1] if engine.name == "sqlite" else [1, 2, 3, 3, 1]
    assert made == [*kept, "large", "large"]


def test_a_transaction_cannot_tell_its_state(over):
    async def test(store):
        def job(tx):
            add(1)(tx)
            return tx.state()

        return await store.write(job)

    assert over(test) is None


def test_readers_that_meet_commits_never_see_what_is_older_than_acknowledged(over):
    async def test(store):
        recent = Recent(store.reader, 10)
        behind = []

        async def change(number):
            await store.write(add(number))
            if number not in recent.get("all", lambda: things(store)):
                behind.append(number)

        async def look():
            for _ in range(200):
                recent.get("all", lambda: things(store))
                await asyncio.sleep(0)

        await asyncio.gather(look(), *(change(number) for number in range(100)))
        return behind

    assert over(test) == []
