"""The account's alias and its summary."""

import pytest

from iam.answers import check_metadata, refused
from iam.room import Room


@pytest.fixture
def own(authority):
    """An authority of one test: an account has one alias and one set of counts."""
    return Room(authority)


def aliases(room) -> list[str]:
    return room.iam.list_account_aliases()["AccountAliases"]


def test_account_has_no_alias_at_first(own):
    response = own.iam.list_account_aliases()

    check_metadata(response)
    assert (response["AccountAliases"], response["IsTruncated"]) == ([], False)


def test_alias_is_listed_until_it_is_deleted(own):
    check_metadata(own.iam.create_account_alias(AccountAlias="example-corp"))
    assert aliases(own) == ["example-corp"]

    check_metadata(own.iam.delete_account_alias(AccountAlias="example-corp"))

    assert aliases(own) == []


def test_second_alias_replaces_the_first(own):
    own.iam.create_account_alias(AccountAlias="first-alias")

    own.iam.create_account_alias(AccountAlias="second-alias")

    assert aliases(own) == ["second-alias"]


def test_deleting_an_alias_that_is_not_the_accounts_is_refused(own):
    own.iam.create_account_alias(AccountAlias="mine")

    with refused("NoSuchEntity", "The account alias not-mine cannot be found."):
        own.iam.delete_account_alias(AccountAlias="not-mine")

    assert aliases(own) == ["mine"]


def test_alias_of_another_account_is_taken(own):
    authority = own.authority.authority

    def second_account(tx) -> None:
        authority.accounts.create(tx, "210987654321")
        authority.accounts.set_alias(tx, "210987654321", "taken-alias")

    own.authority.run(authority.store.write(second_account))

    with refused("EntityAlreadyExists", "The account alias taken-alias already exists."):
        own.iam.create_account_alias(AccountAlias="taken-alias")
    with refused("NoSuchEntity", "The account alias taken-alias cannot be found."):
        own.iam.delete_account_alias(AccountAlias="taken-alias")

    assert aliases(own) == []


@pytest.mark.parametrize("alias", ["Upper", "-lead", "trail-", "two--dashes", "dot.ted", "under_score"])
def test_alias_that_breaks_the_pattern_is_refused(room, alias):
    message = (
        "1 validation error detected: Value at 'accountAlias' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$"
    )

    with refused("ValidationError", message):
        room.iam.create_account_alias(AccountAlias=alias)


def test_summary_counts_what_there_is_beside_the_quotas(own):
    before = own.iam.get_account_summary()["SummaryMap"]
    users = [own.user() for _ in range(3)]
    own.iam.delete_user(UserName=users[0])
    own.iam.update_user(UserName=users[1], NewUserName="renamed")

    response = own.iam.get_account_summary()

    check_metadata(response)
    after = response["SummaryMap"]
    assert (before["Users"], after["Users"]) == (1, 3)
    assert {**before, "Users": 3} == after
    assert after["AccountAccessKeysPresent"] == 1
    expected_quotas = {
        "AccessKeysPerUserQuota": 2,
        "UsersQuota": 5000,
        "GroupsPerUserQuota": 10,
        "SigningCertificatesPerUserQuota": 2,
        "VersionsPerPolicyQuota": 5,
        "UserPolicySizeQuota": 2048,
        "PolicySizeQuota": 6144,
        "AssumeRolePolicySizeQuota": 2048,
    }
    assert expected_quotas == {name: after[name] for name in expected_quotas}
    assert all(type(value) is int for value in after.values())


def test_summary_has_every_key_that_the_model_knows(room):
    output = room.iam.meta.service_model.operation_model("GetAccountSummary").output_shape
    known = set(output.members["SummaryMap"].key.enum)

    shown = set(room.iam.get_account_summary()["SummaryMap"])

    assert known == shown
