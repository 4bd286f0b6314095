"""AssumeRole: whom a trust policy lets in, what the session is, and what every limit says."""

from datetime import UTC, datetime, timedelta

import pytest

from iam.answers import check_metadata, refused
from iam.room import ACCOUNT
from iam.samples import ADMINISTRATOR
from matrix.credentials import OTHER_ACCOUNT, access_key_of_another_account
from sts.parts import (
    NO_ROLE,
    ROOT_OF_ACCOUNT,
    allowing,
    assume,
    denied,
    document,
    key_of,
    make_role,
    make_user,
    name_of,
    statement,
    trusting,
    untrusted,
)

LONGER_THAN_ROLE = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
LONGER_THAN_CHAIN = (
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
)
LIST_USERS = allowing("iam:ListUsers")
NO_IDENTITY = "because no identity-based policy allows the sts:AssumeRole action"


def test_session_is_who_the_answer_says(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), Path="/ops/")
    role_id = room.iam.get_role(RoleName=name_of(role))["Role"]["RoleId"]

    response = room.client("sts", key).assume_role(RoleArn=role, RoleSessionName="run-7")

    check_metadata(response)
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name_of(role)}/run-7"
    assert response["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:run-7", "Arn": session_arn}
    assert response["Credentials"]["AccessKeyId"].startswith("ASIA")
    left = response["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=3590) < left <= timedelta(seconds=3600)
    assert "PackedPolicySize" not in response
    who = room.client("sts", key_of(response)).get_caller_identity()
    assert (who["UserId"], who["Account"], who["Arn"]) == (f"{role_id}:run-7", ACCOUNT, session_arn)


def test_session_may_what_its_role_may_and_no_more(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), LIST_USERS)

    iam = room.client("iam", assume(room, key, role))

    assert iam.list_users()["Users"]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name_of(role)}/run"
    reason = "because no identity-based policy allows the iam:ListRoles action"
    with refused("AccessDenied", denied(session, "iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/", reason)):
        iam.list_roles()


def test_roles_changed_policies_count_at_the_next_request(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    iam = room.client("iam", assume(room, key, role))
    with pytest.raises(iam.exceptions.ClientError):
        iam.list_users()

    room.iam.attach_role_policy(RoleName=name_of(role), PolicyArn=ADMINISTRATOR)
    assert iam.list_users()["Users"]
    boundary = room.iam.create_policy(PolicyName=room.name("b"), PolicyDocument=allowing("iam:ListRoles"))
    room.iam.put_role_permissions_boundary(
        RoleName=name_of(role), PermissionsBoundary=boundary["Policy"]["Arn"]
    )

    assert iam.list_roles()["Roles"]
    with pytest.raises(iam.exceptions.ClientError, match="no permissions boundary allows"):
        iam.list_users()


def test_last_use_of_a_role_is_that_of_its_sessions(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    session = assume(room, key, role)
    assert room.iam.get_role(RoleName=name_of(role))["Role"]["RoleLastUsed"] == {}

    room.client("sts", session, region="eu-west-1").get_caller_identity()

    for _ in range(2):
        used = room.iam.get_role(RoleName=name_of(role))["Role"]["RoleLastUsed"]
        assert used["Region"] == "eu-west-1"
        assert abs(datetime.now(UTC) - used["LastUsedDate"]) < timedelta(seconds=60)
        authority = room.authority.authority
        room.authority.run(authority.base.role_uses.flush(authority.store))
    details = room.iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    assert [each["RoleLastUsed"] for each in details if each["Arn"] == role] == [used]


# Who may.


def test_user_named_by_the_trust_policy_needs_no_policy_of_its_own(room):
    arn, key = make_user(room)

    assert assume(room, key, make_role(room, trusting(arn)))


def test_trust_in_the_account_leaves_the_decision_to_identity_policies(room):
    role = make_role(room, trusting(ROOT_OF_ACCOUNT))
    arn, key = make_user(room)
    with refused("AccessDenied", denied(arn, "sts:AssumeRole", role, NO_IDENTITY)):
        assume(room, key, role)

    _, allowed = make_user(room, allowing("sts:AssumeRole", role))

    assert assume(room, allowed, role)


def test_identity_policies_alone_never_suffice(room):
    arn, key = make_user(room, allowing("*"))
    somebody, _ = make_user(room)
    role = make_role(room, trusting(somebody))

    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, key, role)


@pytest.mark.parametrize("place", ["identity", "trust"])
def test_deny_wins_wherever_it_stands(room, place):
    mine = [document(statement("Deny", Resource="*"))] if place == "identity" else []
    arn, key = make_user(room, *mine)
    trusted = [statement(Principal={"AWS": arn})]
    if place == "trust":
        trusted.append(statement("Deny", Principal={"AWS": arn}))
    role = make_role(room, document(*trusted))
    by = "an identity-based policy" if place == "identity" else "the role trust policy"

    with refused("AccessDenied", denied(arn, "sts:AssumeRole", role, f"with an explicit deny in {by}")):
        assume(room, key, role)


def test_root_cannot_assume_roles(room):
    role = make_role(room, trusting(ROOT_OF_ACCOUNT))

    for arn in (role, NO_ROLE):
        with refused("AccessDenied", "Roles may not be assumed by root accounts."):
            assume(room, room.authority.root_key, arn)


def test_trust_is_in_who_bore_the_name_then(room):
    arn, _ = make_user(room)
    role = make_role(room, trusting(arn))
    name = name_of(arn)
    for listed in room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        room.iam.delete_access_key(UserName=name, AccessKeyId=listed["AccessKeyId"])
    room.iam.delete_user(UserName=name)
    room.iam.create_user(UserName=name)

    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, room.key(name), role)


def test_changed_trust_counts_at_the_next_request(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    assert assume(room, key, role)

    room.iam.update_assume_role_policy(
        RoleName=name_of(role), PolicyDocument=trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root")
    )

    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, key, role)


def test_external_id_must_be_the_one_that_the_trust_asks_for(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn, StringEquals={"sts:ExternalId": "shared-secret"}))

    assert assume(room, key, role, ExternalId="shared-secret")
    for given in ({}, {"ExternalId": "another"}):
        with refused("AccessDenied", untrusted(arn, role)):
            assume(room, key, role, **given)


def test_session_name_and_duration_can_be_asked_for_by_conditions(room):
    arn, key = make_user(room, Tags=[{"Key": "team", "Value": "x"}])
    role = make_role(
        room,
        trusting(
            arn,
            StringLike={"sts:RoleSessionName": "ci-*"},
            NumericLessThanEquals={"sts:DurationSeconds": "3600"},
            StringEquals={"aws:PrincipalTag/team": "x", "aws:ResourceTag/env": "dev"},
        ),
        MaxSessionDuration=7200,
        Tags=[{"Key": "env", "Value": "dev"}],
    )

    assert assume(room, key, role, "ci-1")
    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, key, role, "dev-1")
    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, key, role, "ci-1", DurationSeconds=7200)


# Across accounts.


@pytest.fixture(scope="module")
def theirs(room):
    """The root of another account, as an IAM client."""
    return room.client("iam", access_key_of_another_account(room, "the account root"))


def test_across_accounts_both_sides_must_allow(room, theirs):
    role = make_role(room, trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root"), LIST_USERS)
    alone, key = make_user(room, iam=theirs)
    with refused("AccessDenied", denied(alone, "sts:AssumeRole", role, NO_IDENTITY)):
        assume(room, key, role)

    _, allowed = make_user(room, allowing("sts:AssumeRole", role), iam=theirs)
    session = assume(room, allowed, role)

    who = room.client("sts", session).get_caller_identity()
    assert (who["Account"], who["Arn"].split("/")[0]) == (ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role")
    ours = [user["UserName"] for user in room.client("iam", session).list_users()["Users"]]
    assert "admin" in ours


def test_naming_a_stranger_directly_does_not_spare_it_its_own_policies(room, theirs):
    arn, key = make_user(room, iam=theirs)
    role = make_role(room, trusting(arn))

    with refused("AccessDenied", denied(arn, "sts:AssumeRole", role, NO_IDENTITY)):
        assume(room, key, role)


def told(room, key, arn) -> str:
    """What a caller who may not is told, without the ARN that it asked for."""
    with pytest.raises(room.sts.exceptions.ClientError) as raised:
        assume(room, key, arn)
    assert raised.value.response["Error"]["Code"] == "AccessDenied"
    return str(raised.value).replace(arn, "ROLE")


def never_made(room, like: str) -> str:
    return f"{like.rsplit('/', 1)[0]}/{room.name('never')}"


@pytest.mark.parametrize("policies", [[], [allowing("*")]], ids=["nothing allowed", "everything allowed"])
def test_role_of_ones_account_that_does_not_exist_looks_like_one_that_trusts_others(room, policies):
    _, key = make_user(room, *policies)
    role = make_role(room, trusting(make_user(room)[0]))

    assert told(room, key, role) == told(room, key, never_made(room, role))


def test_role_of_another_account_tells_nothing_unless_it_lets_in(room, theirs):
    nobody, key = make_user(room)
    _, allowed = make_user(room, allowing("*"))
    trusting_me = make_role(room, trusting(nobody), iam=theirs)
    trusting_others = make_role(room, trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root"), iam=theirs)
    denying_me = make_role(room, document(statement("Deny", Principal={"AWS": ACCOUNT})), iam=theirs)
    asked = [trusting_me, trusting_others, denying_me, never_made(room, trusting_me)]
    asked.append(f"arn:aws:iam::999999999999:role/{name_of(trusting_me)}")

    assert len({told(room, key, arn) for arn in asked}) == 1
    assert len({told(room, allowed, arn) for arn in asked[1:]}) == 1


def test_role_is_found_by_its_whole_arn_alone(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), Path="/ops/")
    above, name = role.rsplit("/ops/", 1)

    for other in (f"{above}/{name}", f"{above}/OPS/{name}", f"{above}/ops/{name.upper()}"):
        with refused("AccessDenied", untrusted(arn, other)):
            assume(room, key, other)


# Limits.


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::12345678901:role/xy",
        "arn:aws:iam:us-east-1:123456789012:role/x",
        "arn:aws:s3::123456789012:role/x",
        "arn:other:iam::123456789012:role/x",
        "role/with-no-arn-before-it",
    ],
)
def test_bad_role_arn_is_invalid(room, arn):
    _, key = make_user(room)

    with refused("ValidationError", f"{arn} is invalid"):
        assume(room, key, arn)


def test_duration_is_bounded_by_the_role(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), MaxSessionDuration=7200)

    response = room.client("sts", key).assume_role(RoleArn=role, RoleSessionName="xx", DurationSeconds=7200)

    left = response["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=7190) < left <= timedelta(seconds=7200)
    with refused("ValidationError", LONGER_THAN_ROLE):
        assume(room, key, role, DurationSeconds=7201)


@pytest.mark.parametrize("seconds", [899, 43201])
def test_duration_outside_the_model_is_refused(room, seconds):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    sts = room.client("sts", key, parameter_validation=False)

    with pytest.raises(sts.exceptions.ClientError, match="'durationSeconds' failed to satisfy constraint"):
        sts.assume_role(RoleArn=role, RoleSessionName="xx", DurationSeconds=seconds)


def test_bad_session_name_is_told_in_aws_words(room):
    _, key = make_user(room)
    message = (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )

    with refused("ValidationError", message):
        assume(room, key, NO_ROLE, "Session1:2")


def test_chained_session_lives_an_hour_at_most(room):
    arn, key = make_user(room)
    first = make_role(room, trusting(arn), MaxSessionDuration=43200)
    second = make_role(room, trusting(first), MaxSessionDuration=43200)
    session = assume(room, key, first, DurationSeconds=43200)

    assert assume(room, session, second, DurationSeconds=3600)
    with refused("ValidationError", LONGER_THAN_CHAIN):
        assume(room, session, second, DurationSeconds=3601)


@pytest.mark.parametrize("naming", ["role", "session"])
def test_trust_may_name_the_role_or_one_session_of_it(room, naming):
    arn, key = make_user(room)
    first = make_role(room, trusting(arn))
    one = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name_of(first)}/one"
    second = make_role(room, trusting(first if naming == "role" else one))

    assert assume(room, assume(room, key, first, "one"), second)
    other = assume(room, key, first, "other")
    if naming == "role":
        assert assume(room, other, second)
    else:
        with refused("AccessDenied", untrusted(one.replace("/one", "/other"), second)):
            assume(room, other, second)


def test_mfa_that_nobody_has_is_refused(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))
    message = (
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is"
        " valid and associated with this user."
    )

    with refused("AccessDenied", message):
        assume(room, key, role, SerialNumber="arn:aws:iam::123456789012:mfa/x", TokenCode="123456")


def test_context_assertions_are_refused(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))

    with refused("ValidationError", "Context assertions of other providers are not accepted."):
        assume(
            room,
            key,
            role,
            ProvidedContexts=[
                {"ProviderArn": "arn:aws:iam::aws:contextProvider/x", "ContextAssertion": "abcd"}
            ],
        )


def test_token_is_as_long_as_asked_for(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))

    session = assume(room, key, role, MinimumSessionTokenSize=4096)

    assert len(session.session_token) == 4096
    assert room.caller(session).endswith("/run")
