"""`creds`: the inventory, and the switches that the very next request obeys."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError
from cli_support import Served

from support.running import Key, client, root_key_of


@dataclass
class Ada:
    """A user of the served authority, and her only key."""

    served: Served
    key: Key

    def says(self) -> str:
        """Who she is to STS, or the code with which she is refused."""
        try:
            answer = client(self.served.ready["http"], "sts", self.key).get_caller_identity()
        except ClientError as error:
            return error.response["Error"]["Code"]
        return answer["Arn"].rpartition("/")[2]


@pytest.fixture
def ada(served: Served) -> Iterator[Ada]:
    iam = client(served.ready["http"], "iam", root_key_of(served.data))
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    yield Ada(served, Key(made["AccessKeyId"], made["SecretAccessKey"]))
    for key in iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ada")
    served.keystead("clock", "reset")


def test_inventory_shows_every_member_and_no_secret(ada: Ada) -> None:
    ada.says()

    listed = ada.served.keystead("creds", "ls", "--json").stdout
    (row,) = (row for row in ada.served.json("creds", "ls") if row["id"] == ada.key.id)

    assert ada.key.secret not in listed
    assert {name: row[name] for name in ("kind", "owner", "status", "expires", "last_used_service")} == {
        "kind": "iam.access-key",
        "owner": "arn:aws:iam::123456789012:user/ada",
        "status": "Active",
        "expires": None,
        "last_used_service": "sts",
    }


def test_table_has_a_line_for_each_credential(ada: Ada) -> None:
    heading, *lines = ada.served.keystead("creds", "ls").stdout.splitlines()

    assert heading.split() == ["kind", "id", "owner", "status", "created", "last", "used", "expires"]
    assert [line.split()[2] for line in lines] == [
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:user/admin",
        "arn:aws:iam::123456789012:user/ada",
    ]


def test_switch_is_obeyed_by_the_next_request(ada: Ada) -> None:
    before = ada.says()
    ada.served.keystead("creds", "deactivate", ada.key.id)
    switched_off = ada.says()
    ada.served.keystead("creds", "activate", ada.key.id)

    assert [before, switched_off, ada.says()] == ["ada", "InvalidClientTokenId", "ada"]


def test_revoked_credential_is_refused_and_gone(ada: Ada) -> None:
    shown = ada.served.json("creds", "revoke", ada.key.id)

    assert shown["status"] == "Revoked"
    assert ada.says() == "InvalidClientTokenId"
    assert ada.served.keystead("creds", "show", ada.key.id).returncode == 1


def test_expiry_follows_the_moved_clock(ada: Ada) -> None:
    ada.served.keystead("creds", "expire", ada.key.id, "--at", "+1h")
    before = ada.says()
    ada.served.keystead("clock", "advance", "61m")

    assert [before, ada.says()] == ["ada", "InvalidClientTokenId"]
    assert ada.served.json("creds", "show", ada.key.id)["status"] == "Expired"

    ada.served.keystead("creds", "expire", ada.key.id, "--never")
    assert ada.says() == "ada"


def test_expiring_lists_only_what_ends_in_time(ada: Ada) -> None:
    ada.served.keystead("creds", "expire", ada.key.id, "--at", "+10d")

    soon, later = (ada.served.json("creds", "ls", "--expiring", days) for days in (9, 11))

    assert soon == []
    assert [ada.key.id] == [row["id"] for row in later]


def test_list_is_narrowed_by_what_it_shows(ada: Ada) -> None:
    arn = "arn:aws:iam::123456789012:user/ada"

    of_ada = ada.served.json("creds", "ls", "--owner", arn)
    of_account = ada.served.json("creds", "ls", "--account", "123456789012")
    of_another = ada.served.json("creds", "ls", "--account", "210987654321")

    assert [ada.key.id] == [row["id"] for row in of_ada]
    assert ada.key.id in [row["id"] for row in of_account]
    assert of_another == []


def test_kind_that_is_none_is_told_with_those_that_are(served: Served) -> None:
    refused = served.keystead("creds", "ls", "--kind", "iam.key")

    assert refused.returncode == 1
    assert refused.stderr.startswith("keystead: no kind is called 'iam.key'; there are ")
    assert "iam.access-key" in refused.stderr


def test_unknown_id_is_told_with_what_to_do(served: Served) -> None:
    refused = served.keystead("creds", "revoke", "AKIAUNKNOWN")

    assert refused.returncode == 1
    assert (
        refused.stderr == "keystead: no credential has the id AKIAUNKNOWN; `keystead creds ls` lists them\n"
    )


@pytest.mark.parametrize("when", [["--at", "tomorrow"], [], ["--at", "+1h", "--never"]], ids=" ".join)
def test_unclear_expiry_changes_nothing(ada: Ada, when: list[str]) -> None:
    refused = ada.served.keystead("creds", "expire", ada.key.id, *when)

    assert refused.returncode == 2
    assert ada.served.json("creds", "show", ada.key.id)["expires"] is None
