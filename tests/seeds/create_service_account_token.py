"""The contract of `ManagedGrafana.CreateWorkspaceServiceAccountToken`.

Follows botocore's model `grafana` 2020-08-18 and facts/grafana.md §1 to §3.
"""

import re
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from iam.room import ACCOUNT, Room
from seeds.contract import Contract, Exceptional, Given, Members, Refusal, Response
from seeds.faults import broken_disk, over_the_limit
from support.running import Key

SERVICE = "grafana"
_ACTION = "grafana:CreateWorkspaceServiceAccountToken"
_CONSTRAINT = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: Member must {}"
_ROBOT = "seeds"
_LONGEST = 2_592_000


def workspace(room: Room, name: str = "seeds") -> str:
    """Return the workspace of a name, made when it is first asked for, and ACTIVE."""
    grafana = room.client(SERVICE)
    found = [each["id"] for each in grafana.list_workspaces()["workspaces"] if each.get("name") == name]
    if found:
        return found[0]
    made: str = grafana.create_workspace(
        workspaceName=name,
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
        grafanaVersion="10.4",
    )["workspace"]["id"]
    while grafana.describe_workspace(workspaceId=made)["workspace"]["status"] != "ACTIVE":
        time.sleep(0.05)
    return made


def account(room: Room, workspace_id: str) -> str:
    """Return a workspace's one service account, an Editor, made when it is first asked for."""
    grafana = room.client(SERVICE)
    found = grafana.list_workspace_service_accounts(workspaceId=workspace_id)["serviceAccounts"]
    if found:
        return found[0]["id"]
    made: str = grafana.create_workspace_service_account(
        workspaceId=workspace_id, name=_ROBOT, grafanaRole="EDITOR"
    )["id"]
    return made


def _with(**members: Any) -> Callable[[Room], Members]:
    """Return members that succeed, but for what is given."""

    def made(room: Room) -> Members:
        seeds = workspace(room)
        usual = {"workspaceId": seeds, "serviceAccountId": account(room, seeds), "secondsToLive": 60}
        return {**usual, "name": room.name("token"), **members}

    return made


def _without(member: str) -> Callable[[Room], Members]:
    return lambda room: {name: value for name, value in _with()(room).items() if name != member}


def _taken_name(room: Room) -> Members:
    """Return a name that another token of the workspace has."""
    members = _with(name="taken")(room)
    grafana = room.client(SERVICE)
    listed = grafana.list_workspace_service_account_tokens(
        workspaceId=members["workspaceId"], serviceAccountId=members["serviceAccountId"]
    )["serviceAccountTokens"]
    if "taken" not in [each["name"] for each in listed]:
        grafana.create_workspace_service_account_token(**members)
    return members


def _full_workspace(room: Room) -> Members:
    """Return a workspace that has as many tokens as it may have."""
    full, grafana = workspace(room, "full"), room.client(SERVICE)
    members = {"workspaceId": full, "serviceAccountId": account(room, full), "secondsToLive": 60}
    while True:
        members["name"] = room.name("fill")
        try:
            grafana.create_workspace_service_account_token(**members)
        except grafana.exceptions.ServiceQuotaExceededException:
            return members


def _elsewhere(room: Room) -> Members:
    """Return an account's number that another workspace has."""
    full = workspace(room, "full")
    return _with(serviceAccountId=account(room, full) + "7")(room)


def _stranger(room: Room) -> Key:
    """Return the key of a user who may nothing."""
    return room.key(room.user("stranger"))


def _listed(room: Room, sent: Members, response: Response) -> Response:
    """Return what the listing says of a new token."""
    tokens = room.client(SERVICE).list_workspace_service_account_tokens(
        workspaceId=sent["workspaceId"], serviceAccountId=sent["serviceAccountId"], maxResults=100
    )["serviceAccountTokens"]
    (found,) = (each for each in tokens if each["id"] == response["serviceAccountToken"]["id"])
    assert "key" not in found
    return found


def _is_made(room: Room, sent: Members, response: Response) -> None:
    assert sent["name"] == response["serviceAccountToken"]["name"] == _listed(room, sent, response)["name"]


def _lives_as_asked(room: Room, sent: Members, response: Response) -> None:
    found = _listed(room, sent, response)
    life = found["expiresAt"] - found["createdAt"]
    # Both travel as fractions of a second.
    assert abs(life - timedelta(seconds=sent["secondsToLive"])) < timedelta(milliseconds=2)
    assert "lastUsedAt" not in found


def _names_its_place(room: Room, sent: Members, response: Response) -> None:
    for member in ("workspaceId", "serviceAccountId"):
        assert sent[member] == response[member]


def _is_number(room: Room, value: Any) -> None:
    assert re.fullmatch(r"[1-9][0-9]*", value)


def _is_usual_name(room: Room, value: Any) -> None:
    assert re.fullmatch(r"token-[0-9]+", value)


def _is_key(room: Room, value: Any) -> None:
    """Grafana's form: the last part is CRC-32 of what stands before it, least significant byte first."""
    assert re.fullmatch(r"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}", value)
    stem, _, shown = value.rpartition("_")
    assert zlib.crc32(stem.encode()).to_bytes(4, "little").hex() == shown


def _is_the_workspace(room: Room, value: Any) -> None:
    assert value == workspace(room)


def _is_the_account(room: Room, value: Any) -> None:
    assert value == account(room, workspace(room))


def _holdings(room: Room) -> object:
    """Return every token in the operator's inventory, but those that fill a workspace."""
    listed = room.authority.command("creds-ls", limit=1000)["credentials"]
    seeds, kind = workspace(room), "grafana.service-account-token"
    return sorted(each["id"] for each in listed if each["kind"] == kind and seeds in each["owner"])


def _wrong(value: str, member: str, rule: str) -> Refusal:
    return Refusal("ValidationException", _CONSTRAINT.format(value, member, rule))


def _invalid(member: str, about: str, value: Any, rule: str) -> Given:
    shown = f"'{value}'"
    return Given(member, "invalid", about, _with(**{member: value}), _wrong(shown, member, rule))


_NO_PATH = Refusal("UnknownOperationException", "The requested operation is not implemented.")
_BELOW, _ABOVE = "have value greater than or equal to 1", f"have value less than or equal to {_LONGEST}"
_PATTERN = "satisfy regular expression pattern: g-[0-9a-f]{10}"

CREATE_SERVICE_ACCOUNT_TOKEN = Contract(
    service=SERVICE,
    operation="CreateWorkspaceServiceAccountToken",
    inputs=[
        Given("name", "absent", "refused", _without("name"), _wrong("null", "name", "not be null")),
        Given("name", "valid", "usual", _with(), _is_made),
        Given("name", "valid", "of-128-characters", _with(name="n" * 128), _is_made),
        Given("name", "valid", "of-other-letters", _with(name="Übergabe / 引き継ぎ"), _is_made),
        _invalid("name", "empty", "", "have length greater than or equal to 1"),
        _invalid("name", "129-characters", "n" * 129, "have length less than or equal to 128"),
        Given(
            "secondsToLive",
            "absent",
            "refused",
            _without("secondsToLive"),
            _wrong("null", "secondsToLive", "not be null"),
        ),
        Given("secondsToLive", "valid", "one", _with(secondsToLive=1), _lives_as_asked),
        Given("secondsToLive", "valid", "30-days", _with(secondsToLive=_LONGEST), _lives_as_asked),
        _invalid("secondsToLive", "zero", 0, _BELOW),
        _invalid("secondsToLive", "negative", -1, _BELOW),
        _invalid("secondsToLive", "more-than-30-days", _LONGEST + 1, _ABOVE),
        Given("serviceAccountId", "absent", "empty-label", _with(serviceAccountId=""), _NO_PATH),
        Given("serviceAccountId", "valid", "of-this-workspace", _with(), _names_its_place),
        *(
            Given(
                "serviceAccountId",
                "invalid",
                about,
                _with(serviceAccountId=value),
                Refusal("ResourceNotFoundException", f"The serviceAccount {shown} does not exist."),
            )
            for about, value, shown in (
                ("unknown", "987654", "987654"),
                ("no-number", "robot", "-1"),
                ("negative", "-2", "-1"),
                ("enormous", "9" * 40, "-1"),
            )
        ),
        Given("workspaceId", "absent", "empty-label", _with(workspaceId=""), _NO_PATH),
        Given("workspaceId", "valid", "of-this-account", _with(), _names_its_place),
        _invalid("workspaceId", "upper-case", "g-ABCDEF0123", _PATTERN),
        _invalid("workspaceId", "too-long", "g-01234567890", _PATTERN),
        Given(
            "workspaceId",
            "invalid",
            "unknown",
            _with(workspaceId="g-0000000000"),
            Refusal("ResourceNotFoundException", "The workspace g-0000000000 does not exist."),
        ),
    ],
    answer={
        "serviceAccountId": _is_the_account,
        "serviceAccountToken.id": _is_number,
        "serviceAccountToken.key": _is_key,
        "serviceAccountToken.name": _is_usual_name,
        "workspaceId": _is_the_workspace,
    },
    exceptions=[
        Exceptional(
            Refusal("ResourceNotFoundException", "The serviceAccount 27 does not exist.", is_modelled=True),
            _elsewhere,
        ),
        Exceptional(
            Refusal(
                "ConflictException",
                "A serviceAccountToken with this name already exists.",
                is_modelled=True,
            ),
            _taken_name,
        ),
        Exceptional(
            Refusal(
                "ServiceQuotaExceededException",
                "Service Account Token quota has been reached",
                is_modelled=True,
            ),
            _full_workspace,
        ),
        Exceptional(
            Refusal(
                "ValidationException",
                _CONSTRAINT.format("'0'", "secondsToLive", _BELOW),
                is_modelled=True,
            ),
            _with(secondsToLive=0),
        ),
        Exceptional(
            Refusal(
                "AccessDeniedException",
                f"User: arn:aws:iam::{ACCOUNT}:user/{{user}} is not authorized to perform: {_ACTION}"
                f" on resource: arn:aws:grafana:us-east-1:{ACCOUNT}:/workspaces/{{workspaceId}}"
                f" because no identity-based policy allows the {_ACTION} action",
                is_modelled=True,
            ),
            _with(),
            key=_stranger,
        ),
        Exceptional(
            Refusal("ThrottlingException", "Rate exceeded", is_modelled=True),
            _with(),
            lambda room: over_the_limit(room.authority, SERVICE),
        ),
        Exceptional(
            Refusal("InternalServerException", "An internal error occurred.", is_modelled=True),
            _with(),
            lambda room: broken_disk(room.authority),
        ),
    ],
    usual=_with(),
    holdings=_holdings,
)
