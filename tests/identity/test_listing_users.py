"""Listing users: every page within its limit, the whole walk complete, rare path prefixes included."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_users_and_tags import ONE, OTHER, Identity

from keystead.identity import records
from keystead.identity.records import User

COUNT = 4500
"""More than twice what one page looks at when it filters by path."""


def _path(number):
    if number % 1499 == 0:
        return "/rare/deep/"
    return "/common/" if number % 2 else "/"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    identity = Identity(tmp_path_factory.mktemp("many"), users=COUNT)

    def fill(tx):
        for number in range(COUNT):
            name = f"User{number:05d}" if number % 3 else f"user{number:05d}"
            assert records.add_user(tx, User(ONE, f"AIDA{number}", name, _path(number), 0))
        assert records.add_user(tx, User(OTHER, "AIDAother", "other", "/rare/", 0))

    identity.store.write_now(fill)
    yield identity.reader
    identity.store.close()


def _walk(reader, prefix, limit):
    """Return (names, pages) of a whole walk."""
    names, pages, position = [], 0, ""
    while position is not None:
        users, position = records.users_from(reader, ONE, position, limit, prefix)
        assert len(users) <= limit
        names += [user.name for user in users]
        pages += 1
        assert pages <= COUNT
    return names, pages


def _expected(prefix):
    return [f"ser{number:05d}" for number in range(COUNT) if _path(number).startswith(prefix)]


@pytest.mark.parametrize("prefix", ["/", "/common/", "/rare/", "/rare/deep/", "/none/", "/rare/deep/er/"])
@pytest.mark.parametrize("limit", [100, 1000])
def test_a_walk_shows_every_user_of_a_path_once_in_order(reader, prefix, limit):
    names, _ = _walk(reader, prefix, limit)

    assert [name[1:] for name in names] == _expected(prefix)


def test_a_rare_path_costs_few_pages_that_may_be_short(reader):
    names, pages = _walk(reader, "/rare/", 1)

    assert len(names) == 4
    assert pages <= 4 + COUNT // records._SCANNED_AT_ONCE + 1


@settings(max_examples=25, deadline=None)
@given(st.integers(1, COUNT + 1), st.sampled_from(["/", "/common/", "/rare/"]))
def test_any_limit_walks_completely(reader, limit, prefix):
    limit = max(limit, 50)

    names, _ = _walk(reader, prefix, limit)

    assert [name[1:] for name in names] == _expected(prefix)


def test_a_walk_goes_on_when_the_user_it_stopped_at_is_gone(tmp_path):
    identity = Identity(tmp_path)
    try:
        for name in "abcd":
            identity.create(name)
        _, position = records.users_from(identity.reader, ONE, "", 2, "/")
        identity.delete(identity.users.get(identity.reader, ONE, "b"))

        users, position = records.users_from(identity.reader, ONE, position, 2, "/")

        assert [user.name for user in users] == ["c", "d"]
        assert position is None
    finally:
        identity.store.close()


def test_a_last_page_that_is_full_says_that_it_is_the_last(tmp_path):
    identity = Identity(tmp_path)
    try:
        for name in "abc":
            identity.create(name)

        assert records.users_from(identity.reader, ONE, "", 3, "/")[1] is None
        assert records.users_from(identity.reader, ONE, "", 2, "/")[1] == "b"
    finally:
        identity.store.close()
