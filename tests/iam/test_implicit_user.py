"""What the absence of UserName means to a user, asked of the operations themselves.

No policy can allow a user these operations yet, so they are called behind the decision, as a user's principal.
"""

import pytest

from iam.room import USER_ARN
from keystead.credentials import shelf
from keystead.gateway.call import Call
from keystead.identity.principals import load
from keystead.kernel.errors import NotFound
from keystead.products import iam as product
from support.running import Key


class AsUser:
    """IAM's operations, called as a user by one of its keys."""

    def __init__(self, room, name: str) -> None:
        self.room, self.name, self.key = room, name, room.key(name)
        authority = room.authority.authority
        self._store = authority.store
        self._groups = product.PRODUCT.parts(authority.base).face.groups

    def __call__(self, operation: str, **request):
        method = next(getattr(group, operation) for group in self._groups if hasattr(group, operation))

        def job(tx):
            credential = shelf.find(tx, self.key.id).credential
            principal = load(tx, credential.account, credential.owner)
            return method(Call("", principal, credential, "iam:Any", "us-east-1", "", "", tx, tx), request)

        return self.room.authority.run(self._store.write(job))


@pytest.fixture
def as_user(room) -> AsUser:
    return AsUser(room, room.user("Implicit", Path="/team/"))


def test_key_is_created_for_the_calling_user(room, as_user):
    made = as_user("create_access_key")["AccessKey"]

    assert made["UserName"] == as_user.name
    assert f"{USER_ARN}/team/{as_user.name}" == room.caller(Key(made["AccessKeyId"], made["SecretAccessKey"]))


def test_calling_users_keys_are_listed_switched_and_deleted(room, as_user):
    second = room.key(as_user.name)

    as_user("update_access_key", AccessKeyId=second.id, Status="Inactive")

    listed = as_user("list_access_keys")["AccessKeyMetadata"]
    assert [(as_user.key.id, "Active"), (second.id, "Inactive")] == [
        (each["AccessKeyId"], each["Status"]) for each in listed
    ]
    as_user("delete_access_key", AccessKeyId=second.id)
    assert len(as_user("list_access_keys")["AccessKeyMetadata"]) == 1


def test_calling_user_is_shown(as_user):
    assert as_user("get_user")["User"]["Arn"] == f"{USER_ARN}/team/{as_user.name}"


def test_key_of_somebody_else_is_none_of_the_callers(room, as_user):
    other = room.key(room.user())

    for key_id in (other.id, room.authority.root_key.id):
        with pytest.raises(NotFound):
            as_user("delete_access_key", AccessKeyId=key_id)
