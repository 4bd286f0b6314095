"""One bad job or action must not stop the authority: the writer goes on for everybody else.

Apart from the contract so that an engine's author sees which robustness is asked for.
"""

import asyncio

import pytest
from engines import add, things, with_store


@pytest.fixture
def over(engine, tmp_path):
    return lambda test: with_store(engine, tmp_path, test)


@pytest.mark.parametrize(
    "error", [StopIteration("x"), RecursionError("x"), MemoryError("x"), AssertionError("x")]
)
def test_no_exception_of_a_job_stops_the_writer(over, error):
    def failing(tx):
        raise error

    async def test(store):
        failed, good = await asyncio.wait_for(
            asyncio.gather(store.write(failing), store.write(add(1)), return_exceptions=True), 3
        )
        await asyncio.wait_for(store.write(add(2)), 3)
        return failed, good, things(store)

    failed, good, seen = over(test)

    assert isinstance(failed, Exception)
    assert (good, seen) == (1, [1, 2])


def test_no_base_exception_of_a_job_stops_the_writer(over):
    def failing(tx):
        raise asyncio.CancelledError

    async def test(store):
        with pytest.raises(BaseException):  # noqa: B017, PT011 - which one is the engine's choice.
            await asyncio.wait_for(store.write(failing), 3)
        await asyncio.wait_for(store.write(add(2)), 3)

    over(test)


def test_an_action_that_fails_does_not_leave_its_batch_waiting(over):
    def failing(tx):
        def action():
            raise ValueError("an action failed")

        tx.after_commit(action)

    async def test(store):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await asyncio.wait_for(
            asyncio.gather(store.write(failing), store.write(add(1)), return_exceptions=True), 3
        )
        await asyncio.wait_for(store.write(add(2)), 3)
        return things(store)

    assert over(test) == [1, 2]
