"""Service-specific credentials through boto3: made, listed, switched, reset, expired and deleted."""

from datetime import timedelta

import pytest

from iam.answers import check_metadata, refused
from iam.room import ACCOUNT, Room
from keystead.credentials.verify import NotMine, Refused, Verified
from keystead.kernel.secret import Secret

PASSWORD_SERVICES = {
    "codecommit.amazonaws.com": "iam.codecommit-password",
    "cassandra.amazonaws.com": "iam.cassandra-password",
}
KEY_SERVICES = {"bedrock.amazonaws.com": "iam.bedrock-key", "logs.amazonaws.com": "iam.logs-key"}
DAY = 24 * 3600


@pytest.fixture
def own(authority):
    """An authority of one test, whose clock may be moved."""
    return Room(authority)


def create(room, user: str, service: str = "codecommit.amazonaws.com", **members: object) -> dict:
    made = room.iam.create_service_specific_credential(UserName=user, ServiceName=service, **members)
    return made["ServiceSpecificCredential"]


def listed(room, **members: object) -> list[dict]:
    return room.iam.list_service_specific_credentials(**members)["ServiceSpecificCredentials"]


def verdict(room, secret: str, service: str) -> NotMine | Refused | Verified:
    """Return what a door of this service would say to a secret."""
    kinds = PASSWORD_SERVICES | KEY_SERVICES
    verifier = room.authority.authority.verifier

    async def ask() -> NotMine | Refused | Verified:
        return verifier.verify_bearer(Secret(secret.encode()), accepts={kinds[service]: service})

    return room.authority.run(ask())


@pytest.mark.parametrize("service", PASSWORD_SERVICES)
def test_password_and_user_name_are_told_once(room, service):
    user = room.user()

    made = create(room, user, service)

    assert made["ServiceUserName"] == f"{user}-at-{ACCOUNT}"
    assert (made["UserName"], made["ServiceName"], made["Status"]) == (user, service, "Active")
    assert made["ServiceSpecificCredentialId"].startswith("ACCA")
    assert not {"ExpirationDate", "ServiceCredentialAlias", "ServiceCredentialSecret"} & set(made)
    assert isinstance(verdict(room, made["ServicePassword"], service), Verified)
    (shown,) = listed(room, UserName=user)
    assert shown == {key: value for key, value in made.items() if key != "ServicePassword"}


@pytest.mark.parametrize("service", KEY_SERVICES)
def test_api_key_is_told_once_and_may_expire(room, service):
    user = room.user()

    made = create(room, user, service, CredentialAgeDays=30)

    assert made["ServiceCredentialAlias"].startswith(user)
    assert made["ExpirationDate"] - made["CreateDate"] == timedelta(days=30)
    assert not {"ServiceUserName", "ServicePassword"} & set(made)
    assert isinstance(verdict(room, made["ServiceCredentialSecret"], service), Verified)
    (shown,) = listed(room, UserName=user)
    assert shown == {key: value for key, value in made.items() if key != "ServiceCredentialSecret"}


def test_second_user_name_has_a_number_and_a_freed_one_comes_back(room):
    user = room.user()
    first, second = create(room, user), create(room, user)
    assert second["ServiceUserName"] == f"{user}+1-at-{ACCOUNT}"

    room.iam.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=first["ServiceSpecificCredentialId"]
    )

    assert create(room, user)["ServiceUserName"] == first["ServiceUserName"]


def test_quota_is_for_each_service_apart(room):
    user = room.user()
    for service in (*PASSWORD_SERVICES, *KEY_SERVICES):
        for _ in range(2):
            create(room, user, service)

    assert len(listed(room, UserName=user)) == 8
    assert len(listed(room, UserName=user, ServiceName="logs.amazonaws.com")) == 2


@pytest.mark.parametrize("service", PASSWORD_SERVICES)
def test_password_cannot_be_given_an_age(room, service):
    with refused("InvalidInput", f"Service {service} does not support credentials that expire."):
        create(room, room.user(), service, CredentialAgeDays=1)


def test_inactive_credential_is_refused_until_it_is_active_again(room):
    user = room.user()
    made = create(room, user)
    named = {"UserName": user, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}

    check_metadata(room.iam.update_service_specific_credential(**named, Status="Inactive"))
    assert verdict(room, made["ServicePassword"], made["ServiceName"]).reason == "inactive"
    assert listed(room, UserName=user)[0]["Status"] == "Inactive"
    room.iam.update_service_specific_credential(**named, Status="Active")

    assert isinstance(verdict(room, made["ServicePassword"], made["ServiceName"]), Verified)


@pytest.mark.parametrize("service", ["codecommit.amazonaws.com", "bedrock.amazonaws.com"])
def test_reset_ends_the_old_secret_at_once_and_keeps_the_rest(room, service):
    user = room.user()
    age = {"CredentialAgeDays": 9} if service in KEY_SERVICES else {}
    secret = "ServiceCredentialSecret" if service in KEY_SERVICES else "ServicePassword"
    made = create(room, user, service, **age)
    named = {"UserName": user, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    room.iam.update_service_specific_credential(**named, Status="Inactive")

    again = room.iam.reset_service_specific_credential(**named)["ServiceSpecificCredential"]

    assert {**again, secret: ""} == {**made, secret: "", "Status": "Inactive"}
    assert verdict(room, made[secret], service).reason == "unknown"
    room.iam.update_service_specific_credential(**named, Status="Active")
    assert isinstance(verdict(room, again[secret], service), Verified)


def test_credential_past_its_date_is_expired_and_stays_so(own):
    user = own.user()
    made = create(own, user, "logs.amazonaws.com", CredentialAgeDays=1)
    named = {"UserName": user, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    message = (
        f"The Service Specific Credential with id {made['ServiceSpecificCredentialId']} has expired"
        " and cannot be activated."
    )

    own.authority.command("clock-advance", seconds=DAY)

    assert listed(own, UserName=user)[0]["Status"] == "Expired"
    assert verdict(own, made["ServiceCredentialSecret"], "logs.amazonaws.com").reason == "expired"
    with refused("InvalidInput", message):
        own.iam.update_service_specific_credential(**named, Status="Active")
    check_metadata(own.iam.delete_service_specific_credential(**named))
    assert listed(own, UserName=user) == []


def test_expired_credential_that_was_swept_still_shows_and_can_be_deleted(own):
    user = own.user()
    made = create(own, user, "logs.amazonaws.com", CredentialAgeDays=1)
    own.authority.command("clock-advance", seconds=100 * DAY)
    own.authority.run(own.authority.authority._sweep())

    assert listed(own, UserName=user)[0]["Status"] == "Expired"
    own.iam.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"]
    )

    check_metadata(own.iam.delete_user(UserName=user))


def test_deleted_credential_is_unknown_at_once(room):
    user = room.user()
    made = create(room, user)

    room.iam.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"]
    )

    assert verdict(room, made["ServicePassword"], made["ServiceName"]).reason == "unknown"


def test_all_users_credentials_are_listed_together(own):
    users = [own.user() for _ in range(3)]
    for user in users:
        create(own, user)

    assert [each["UserName"] for each in listed(own, AllUsers=True)] == users
    with refused("ValidationError", "UserName cannot be specified when AllUsers is true."):
        listed(own, AllUsers=True, UserName=users[0])


def test_credential_of_somebody_else_looks_like_none(room):
    made = create(room, room.user())
    credential_id = made["ServiceSpecificCredentialId"]
    message = f"The Service Specific Credential with id {credential_id} cannot be found."

    with refused("NoSuchEntity", message):
        room.iam.reset_service_specific_credential(
            UserName=room.user(), ServiceSpecificCredentialId=credential_id
        )


def test_renamed_users_credential_keeps_its_name_and_another_gets_the_next(room):
    user = room.user()
    first = create(room, user)
    room.iam.update_user(UserName=user, NewUserName=f"{user}-new")
    room.iam.create_user(UserName=user)

    second = create(room, user)

    assert listed(room, UserName=f"{user}-new")[0]["ServiceUserName"] == first["ServiceUserName"]
    assert second["ServiceUserName"] == f"{user}+1-at-{ACCOUNT}"
