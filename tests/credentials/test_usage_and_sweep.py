"""Last use is coalesced and never outlives its credential; sweeping tidies what expired long ago, and only that."""

import asyncio
from datetime import timedelta

import pytest
from credential_core import SESSION, Core

from keystead.credentials import shelf
from keystead.credentials.kind import KEEP_EXPIRED
from keystead.credentials.shelf import LastUse
from keystead.credentials.sweep import sweep
from keystead.kernel.errors import StoreUnavailable


def _flush(core):
    asyncio.run(core.usage.flush(core.inline))


def _rows(core):
    return core.store.reader.one("SELECT count(*) FROM credential_usage")[0]


def test_the_last_use_is_seen_at_once_and_written_by_the_flush(core):
    key_id = core.mint().credential.id
    assert core.usage.last(core.store.reader, key_id) is None

    for region in ("us-east-1", "eu-west-1"):
        core.clock.advance(1)
        core.usage.touch(key_id, "iam", region, "127.0.0.1")

    expected = LastUse(core.now_ms(), "iam", "eu-west-1", "127.0.0.1")
    assert core.usage.last(core.store.reader, key_id) == expected
    assert _rows(core) == 0
    _flush(core)
    assert shelf.last_use(core.store.reader, key_id) == expected
    assert core.usage.last(core.store.reader, key_id) == expected


def test_ten_thousand_uses_are_one_row(core):
    key_id = core.mint().credential.id
    for _ in range(10_000):
        core.usage.touch(key_id, "sts", "us-east-1", "::1")
    commits = core.store.counts.commits

    _flush(core)
    _flush(core)

    assert (_rows(core), core.store.counts.commits - commits) == (1, 1)


def test_what_waits_covers_what_is_written(core):
    key_id = core.mint().credential.id
    core.usage.touch(key_id, "iam", "us-east-1", "127.0.0.1")
    _flush(core)

    core.usage.touch(key_id, "sts", "us-east-1", "127.0.0.1")

    assert core.usage.last(core.store.reader, key_id).service == "sts"
    assert shelf.last_use(core.store.reader, key_id).service == "iam"


def test_a_deleted_credential_leaves_no_row_whenever_it_was_used(core):
    before, after = core.mint(), core.mint()
    core.usage.touch(before.credential.id, "iam", "us-east-1", "127.0.0.1")
    _flush(core)
    core.usage.touch(after.credential.id, "iam", "us-east-1", "127.0.0.1")

    for minted in (before, after):
        core.write(lambda tx, minted=minted: core.issuer.revoke(tx, minted.credential.id))
    _flush(core)

    assert _rows(core) == 0


def test_a_failed_flush_keeps_what_waits_and_a_use_meanwhile_is_not_lost(core):
    key_id = core.mint().credential.id
    core.usage.touch(key_id, "iam", "us-east-1", "127.0.0.1")

    class Failing:
        async def write(self, job):
            core.usage.touch(key_id, "sts", "us-east-1", "127.0.0.1")
            raise StoreUnavailable("full")

    with pytest.raises(StoreUnavailable):
        asyncio.run(core.usage.flush(Failing()))
    _flush(core)

    assert shelf.last_use(core.store.reader, key_id).service == "sts"


def test_a_use_during_the_flush_goes_on_waiting(core):
    key_id = core.mint().credential.id
    core.usage.touch(key_id, "iam", "us-east-1", "127.0.0.1")

    class Slow:
        async def write(self, job):
            result = await core.inline.write(job)
            core.usage.touch(key_id, "sts", "us-east-1", "127.0.0.1")
            return result

    asyncio.run(core.usage.flush(Slow()))

    assert core.usage.last(core.store.reader, key_id).service == "sts"
    _flush(core)
    assert shelf.last_use(core.store.reader, key_id).service == "sts"


def _sweep(core):
    return asyncio.run(sweep(core.inline, core.issuer, core.clock))


def test_only_what_expired_long_ago_is_swept(core):
    eternal = core.mint()
    minted = core.mint(SESSION, life=timedelta(hours=1))
    core.clock.advance(3600 + KEEP_EXPIRED.total_seconds() - 0.001)
    assert _sweep(core) == 0

    core.clock.advance(0.001)

    assert _sweep(core) == 1
    assert core.row(minted) is None
    assert core.is_good(eternal)


def test_an_inactive_credential_is_never_swept_for_it(core):
    minted = core.mint()
    core.write(lambda tx: core.issuer.set_status(tx, minted.credential, "Inactive"))
    core.clock.advance(1e9)

    assert _sweep(core) == 0
    assert core.row(minted) is not None


def test_sweeping_many_goes_by_portions_and_forgets_what_is_held(tmp_path):
    core = Core(tmp_path)
    try:
        minted = core.write(
            lambda tx: [core.issuer.mint(tx, SESSION, account="1" * 12, owner="bob") for _ in range(450)]
        )
        assert all(core.is_good(each) for each in minted)
        commits = core.store.counts.commits
        core.clock.advance(3600 + KEEP_EXPIRED.total_seconds())

        assert _sweep(core) == 450
        assert core.store.counts.commits - commits == 3
        assert {core.show(each).reason for each in minted} == {"unknown"}
    finally:
        core.close()


def test_nothing_depends_on_sweeping(core):
    minted = core.mint(SESSION)
    core.clock.advance(3600)

    assert core.show(minted).reason == "expired"
