"""Listings page by page through boto3's paginators: each item once, in order, and no marker but our own."""

import base64

import pytest

from iam.answers import refused
from iam.room import ACCOUNT, Room

BAD_MARKER = "Invalid Marker."


def pages(client, operation: str, item: str, size: int, **members: object) -> list[list]:
    """Return what each page of a listing holds."""
    paginator = client.get_paginator(operation)
    return [page[item] for page in paginator.paginate(PaginationConfig={"PageSize": size}, **members)]


def names(users) -> list[str]:
    return [user["UserName"] for user in users]


@pytest.fixture(scope="module")
def five(room):
    """Five users under one path, made in an order that is neither that of their names nor of their ids."""
    for name, deeper in (("gamma", ""), ("Beta", "x/"), ("delta", ""), ("alpha", "y/"), ("ALPINE", "")):
        room.iam.create_user(UserName=name, Path=f"/paged/{deeper}")
    for _ in range(3):
        room.user("outside")
    return ["alpha", "ALPINE", "Beta", "delta", "gamma"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 1000])
def test_users_come_once_each_by_name_ignoring_case(room, five, size):
    found = pages(room.iam, "list_users", "Users", size, PathPrefix="/paged/")

    assert five == [name for page in found for name in names(page)]
    assert [len(five[start : start + size]) for start in range(0, 5, size)] == [len(page) for page in found]


def test_all_users_come_once_each(room, five):
    found = [name for page in pages(room.iam, "list_users", "Users", 1) for name in names(page)]

    assert sorted(found, key=str.lower) == found
    assert len(set(found)) == len(found) == room.iam.get_account_summary()["SummaryMap"]["Users"]


def test_paginator_can_stop_and_go_on(room, five):
    paginator = room.iam.get_paginator("list_users")
    first = paginator.paginate(PathPrefix="/paged/", PaginationConfig={"MaxItems": 2}).build_full_result()

    rest = paginator.paginate(
        PathPrefix="/paged/", PaginationConfig={"StartingToken": first["NextToken"]}
    ).build_full_result()

    assert five == names(first["Users"]) + names(rest["Users"])


def test_user_deleted_between_pages_ends_no_walk(room):
    made = [room.iam.create_user(UserName=f"walk-{letter}", Path="/walk/")["User"] for letter in "abc"]
    first = room.iam.list_users(PathPrefix="/walk/", MaxItems=1)
    room.iam.delete_user(UserName=made[0]["UserName"])
    room.iam.create_user(UserName="walk-aa", Path="/walk/")

    second = room.iam.list_users(PathPrefix="/walk/", Marker=first["Marker"])

    assert names(second["Users"]) == ["walk-aa", "walk-b", "walk-c"]


def test_rare_path_is_found_among_thousands(authority):
    own, users = Room(authority), authority.authority.base.users

    def populate(tx) -> None:
        for number in range(2500):
            users.create(tx, ACCOUNT, f"u{number:04}", "/rare/" if number % 1249 == 1248 else "/common/")

    authority.run(authority.authority.store.write(populate))

    found = pages(own.iam, "list_users", "Users", 100, PathPrefix="/rare/")

    assert [name for page in found for name in names(page)] == ["u1248", "u2497"]
    assert sum(map(len, pages(own.iam, "list_users", "Users", 1000))) == 2501


def test_keys_come_once_each_in_order_of_creation(room):
    name = room.user()
    keys = [room.key(name).id, room.key(name).id]

    found = pages(room.iam, "list_access_keys", "AccessKeyMetadata", 1, UserName=name)

    assert [[key] for key in keys] == [[each["AccessKeyId"] for each in page] for page in found]


def test_key_deleted_between_pages_ends_no_walk(room):
    name = room.user()
    keys = [room.key(name).id, room.key(name).id]
    first = room.iam.list_access_keys(UserName=name, MaxItems=1)
    room.iam.delete_access_key(UserName=name, AccessKeyId=keys[0])

    second = room.iam.list_access_keys(UserName=name, Marker=first["Marker"])

    assert [keys[1]] == [each["AccessKeyId"] for each in second["AccessKeyMetadata"]]


def test_tags_come_once_each_in_the_order_in_which_they_were_added(room):
    tags = [{"Key": f"Key-{number}", "Value": str(number)} for number in (3, 1, 2)]
    name = room.user(Tags=tags)

    found = pages(room.iam, "list_user_tags", "Tags", 1, UserName=name)

    assert [[tag] for tag in tags] == found


def test_tag_removed_between_pages_brings_no_tag_twice(room):
    name = room.user(Tags=[{"Key": key, "Value": ""} for key in ("a", "b", "c")])
    first = room.iam.list_user_tags(UserName=name, MaxItems=2)
    room.iam.untag_user(UserName=name, TagKeys=["b"])

    second = room.iam.list_user_tags(UserName=name, Marker=first["Marker"])

    assert [tag["Key"] for tag in second["Tags"]] == ["c"]


def test_the_one_alias_is_one_page(authority):
    own = Room(authority)
    own.iam.create_account_alias(AccountAlias="the-one")

    assert pages(own.iam, "list_account_aliases", "AccountAliases", 1) == [["the-one"]]


def flipped(marker: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(marker))
    raw[-1] ^= 1
    return base64.urlsafe_b64encode(raw).decode()


@pytest.fixture(scope="module")
def marker(room, five):
    return room.iam.list_users(PathPrefix="/paged/", MaxItems=1)["Marker"]


@pytest.mark.parametrize("forged", ["x", "zzzz", "alpha", "====", "A" * 320, "\u00e9\u00e9", "%00", "1"])
def test_marker_that_was_never_given_is_refused_by_every_listing(room, forged):
    name = room.user()

    for listing, members in (
        (room.iam.list_users, {}),
        (room.iam.list_access_keys, {"UserName": name}),
        (room.iam.list_access_keys, {}),
        (room.iam.list_user_tags, {"UserName": name}),
        (room.iam.list_account_aliases, {}),
    ):
        with refused("ValidationError", BAD_MARKER):
            listing(Marker=forged, **members)


def test_marker_is_good_for_its_own_listing_alone(room, marker):
    name = room.user()

    for listing, members in (
        (room.iam.list_users, {}),
        (room.iam.list_users, {"PathPrefix": "/paged/x/"}),
        (room.iam.list_access_keys, {"UserName": name}),
        (room.iam.list_user_tags, {"UserName": name}),
        (room.iam.list_account_aliases, {}),
    ):
        with refused("ValidationError", BAD_MARKER):
            listing(Marker=marker, **members)


def test_altered_marker_is_refused(room, marker):
    with refused("ValidationError", BAD_MARKER):
        room.iam.list_users(PathPrefix="/paged/", Marker=flipped(marker))


@pytest.mark.parametrize(
    ("size", "constraint"),
    [
        (0, "greater than or equal to 1"),
        (1001, "less than or equal to 1000"),
        (-1, "greater than or equal to 1"),
    ],
)
def test_page_size_out_of_range_is_refused(room, size, constraint):
    message = (
        "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: "
        f"Member must have value {constraint}"
    )

    with refused("ValidationError", message):
        room.unchecked.list_users(MaxItems=size)
