"""Service-specific credentials, reports and simulations: one well-formed call of each, and how each fails."""

from collections.abc import Mapping

from iam.answers import no_user
from iam.calls_groups import NO_QUOTA
from iam.room import Room
from iam.samples import ARN, NEVER_MADE_CREDENTIAL, allow
from iam.table import Call, Failure, Members, never, plain

SERVICE = "codecommit.amazonaws.com"
NO_SERVICE = "No such service sqs.amazonaws.com is supported for Service Specific Credentials"
NO_CREDENTIAL = f"The Service Specific Credential with id {NEVER_MADE_CREDENTIAL} cannot be found."
BAD_POLICY = "PolicyInputList.1: the policy document is not valid."
_USER = f"{ARN}:user/team/{{}}"


def _about_user(**members: object) -> Call:
    return Call(lambda name: {"UserName": name, **members}, _USER.format)


def _about_source(**members: object) -> Call:
    return Call(lambda name: {"PolicySourceArn": _USER.format(name), **members}, _USER.format)


def _about_nothing(**members: object) -> Call:
    return Call(lambda _: dict(members), lambda _: "*")


CALLS: Mapping[str, Call] = {
    "CreateServiceSpecificCredential": _about_user(ServiceName=SERVICE),
    "DeleteServiceSpecificCredential": _about_user(ServiceSpecificCredentialId=NEVER_MADE_CREDENTIAL),
    "ListServiceSpecificCredentials": _about_user(),
    "ResetServiceSpecificCredential": _about_user(ServiceSpecificCredentialId=NEVER_MADE_CREDENTIAL),
    "UpdateServiceSpecificCredential": _about_user(
        ServiceSpecificCredentialId=NEVER_MADE_CREDENTIAL, Status="Active"
    ),
    "GenerateCredentialReport": _about_nothing(),
    "GetCredentialReport": _about_nothing(),
    "GetAccountAuthorizationDetails": _about_nothing(),
    "GetContextKeysForCustomPolicy": _about_nothing(PolicyInputList=[allow()]),
    "GetContextKeysForPrincipalPolicy": _about_source(),
    "SimulateCustomPolicy": _about_nothing(PolicyInputList=[allow()], ActionNames=["iam:GetUser"]),
    "SimulatePrincipalPolicy": _about_source(ActionNames=["iam:GetUser"]),
}

WITHOUT_DISK = frozenset({"GetContextKeysForCustomPolicy", "SimulateCustomPolicy"})
"""Operations that look at nothing but their request."""


def _no_such_user(operation: str) -> Failure:
    return plain(operation, "NoSuchEntity", CALLS[operation].members("nobody"), no_user("nobody"))


def _no_such_credential(operation: str) -> Failure:
    def provoke(room: Room) -> tuple[Members, str]:
        return CALLS[operation].members(room.user()), NO_CREDENTIAL

    return Failure(operation, "NoSuchEntity", provoke)


def _third_credential(room: Room) -> tuple[Members, str]:
    members = {"UserName": room.user(), "ServiceName": SERVICE}
    for _ in range(2):
        room.iam.create_service_specific_credential(**members)
    return members, "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2"


def _unknown_service(room: Room) -> tuple[Members, str]:
    return {"UserName": room.user(), "ServiceName": "sqs.amazonaws.com"}, NO_SERVICE


def _bad_policy(operation: str) -> Failure:
    def provoke(room: Room) -> tuple[Members, str]:
        members = CALLS[operation].members(room.user(Path="/team/"))
        return {**members, "PolicyInputList": ["{"]}, BAD_POLICY

    return Failure(operation, "InvalidInput", provoke)


_OF_CREDENTIALS = ("DeleteServiceSpecificCredential", "ResetServiceSpecificCredential")
_IN_TEST_REPORTS = "tests/iam/test_reports.py, which moves the clock"
FAILURES = [
    *(_no_such_user(operation) for operation in CALLS if CALLS[operation].resource("") != "*"),
    *map(_no_such_credential, (*_OF_CREDENTIALS, "UpdateServiceSpecificCredential")),
    Failure("CreateServiceSpecificCredential", "LimitExceeded", _third_credential),
    Failure("CreateServiceSpecificCredential", "NotSupportedService", _unknown_service),
    Failure("ListServiceSpecificCredentials", "NotSupportedService", _unknown_service),
    _bad_policy("SimulateCustomPolicy"),
    _bad_policy("SimulatePrincipalPolicy"),
    _bad_policy("GetContextKeysForCustomPolicy"),
    _bad_policy("GetContextKeysForPrincipalPolicy"),
]
ELSEWHERE = {
    ("GetCredentialReport", "ReportNotPresent"): _IN_TEST_REPORTS,
    ("GetCredentialReport", "ReportExpired"): _IN_TEST_REPORTS,
    ("SimulatePrincipalPolicy", "PolicyEvaluation"): "a broken disk, in test_errors.py",
}
NEVER_ANSWERED = {
    **never("a report is made at once", "ReportInProgress", ("GetCredentialReport",)),
    **never(NO_QUOTA, "LimitExceeded", ("GenerateCredentialReport",)),
    **never("it looks at nothing that could fail", "PolicyEvaluation", ("SimulateCustomPolicy",)),
}
