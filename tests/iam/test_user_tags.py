"""Tags of users: merged without regard to case, listed as they were added, at most fifty."""

import pytest

from iam.answers import check_metadata, no_user, refused

DUPLICATES = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
RESERVED = "Tag keys beginning with aws: are reserved for system use."
TOO_MANY = "The number of tags has reached the maximum limit."


def tag(key: str, value: str = "v") -> dict[str, str]:
    return {"Key": key, "Value": value}


def tags_of(room, name: str) -> list[tuple[str, str]]:
    return [(each["Key"], each["Value"]) for each in room.iam.list_user_tags(UserName=name)["Tags"]]


def test_tags_are_listed_in_the_order_in_which_they_were_added(room):
    name = room.user(Tags=[tag("zeta"), tag("Alpha")])

    check_metadata(room.iam.tag_user(UserName=name, Tags=[tag("mid", "1"), tag("beta", "2")]))

    assert tags_of(room, name) == [("zeta", "v"), ("Alpha", "v"), ("mid", "1"), ("beta", "2")]


def test_tag_replaces_the_one_whose_key_differs_in_case_only(room):
    name = room.user(Tags=[tag("Stage", "test"), tag("other")])

    room.iam.tag_user(UserName=name, Tags=[tag("STAGE", "live")])

    assert tags_of(room, name) == [("STAGE", "live"), ("other", "v")]


def test_untag_ignores_case_and_a_key_that_is_not_there(room):
    name = room.user(Tags=[tag("Stage"), tag("kept")])

    check_metadata(room.iam.untag_user(UserName=name, TagKeys=["sTAGE", "never"]))

    assert tags_of(room, name) == [("kept", "v")]


def test_user_without_tags_lists_none(room):
    response = room.iam.list_user_tags(UserName=room.user())

    check_metadata(response)
    assert (response["Tags"], response["IsTruncated"]) == ([], False)


def test_value_may_be_empty_and_hold_letters_of_any_script(room):
    name = room.user()

    room.iam.tag_user(UserName=name, Tags=[tag("empty", ""), tag("straße å", "日本 + _.:/=@-")])

    assert tags_of(room, name) == [("empty", ""), ("straße å", "日本 + _.:/=@-")]


@pytest.mark.parametrize(
    ("tags", "message"),
    [([tag("Key"), tag("kEY")], DUPLICATES), ([tag("fine"), tag("AWS:mine")], RESERVED)],
    ids=["duplicate", "reserved"],
)
def test_bad_tags_change_nothing(room, tags, message):
    name = room.user(Tags=[tag("before")])

    with refused("InvalidInput", message) as caught:
        room.iam.tag_user(UserName=name, Tags=tags)

    assert isinstance(caught.error, room.iam.exceptions.InvalidInputException)
    assert tags_of(room, name) == [("before", "v")]


@pytest.mark.parametrize(
    ("tags", "message"),
    [([tag("a"), tag("A")], DUPLICATES), ([tag("aws:a")], RESERVED)],
    ids=["twice", "aws"],
)
def test_bad_tags_make_no_user(room, tags, message):
    name = room.name()

    with refused("InvalidInput", message):
        room.iam.create_user(UserName=name, Tags=tags)

    with refused("NoSuchEntity", no_user(name)):
        room.iam.get_user(UserName=name)


def test_fifty_tags_and_no_more(room):
    name = room.user(Tags=[tag(f"k{number}") for number in range(49)])
    room.iam.tag_user(UserName=name, Tags=[tag("the-fiftieth")])

    with refused("LimitExceeded", TOO_MANY):
        room.iam.tag_user(UserName=name, Tags=[tag("k0", "changed"), tag("one-too-many")])

    room.iam.tag_user(UserName=name, Tags=[tag("K0", "replaced")])
    assert len(tags_of(room, name)) == 50
    assert tags_of(room, name)[0] == ("K0", "replaced")


def test_more_than_fifty_in_one_request_are_refused_by_the_model(room):
    message = (
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
        "Member must have length less than or equal to 50"
    )

    with refused("ValidationError", message):
        room.iam.create_user(UserName=room.name(), Tags=[tag(f"k{number}") for number in range(51)])


def test_empty_list_of_tags_is_no_tags(room):
    name = room.user(Tags=[])

    check_metadata(room.iam.tag_user(UserName=name, Tags=[]))

    assert tags_of(room, name) == []


def test_tags_of_an_unknown_user_are_refused(room):
    for change in (
        lambda: room.iam.tag_user(UserName="nobody", Tags=[tag("k")]),
        lambda: room.iam.untag_user(UserName="nobody", TagKeys=["k"]),
        lambda: room.iam.list_user_tags(UserName="nobody"),
    ):
        with refused("NoSuchEntity", no_user("nobody")):
            change()
