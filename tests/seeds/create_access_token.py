"""The contract of `Route53GlobalResolver.CreateAccessToken`.

Follows botocore's model `route53globalresolver` 2022-09-27 and facts/dns.md §3 to §5.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from iam.room import ACCOUNT, Room
from seeds.contract import Contract, Exceptional, Given, Members, Refusal, Response
from seeds.faults import broken_disk, over_the_limit
from support.running import Key

SERVICE = "route53globalresolver"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONSTRAINT = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must"
_LIFE = "expiresAt must be between 30 and 365 days from now."
_PATTERN = "(?!^[0-9]+$)([a-zA-Z0-9-_/' ']+)"


def view(room: Room, resolver: str = "seeds") -> str:
    """Return the one view of a resolver, both made when they are first asked for."""
    gr = room.client(SERVICE)
    every = gr.list_global_resolvers()["globalResolvers"]
    found = [each["id"] for each in every if each["name"] == resolver]
    resolver_id = found[0] if found else gr.create_global_resolver(name=resolver, regions=["us-east-1"])["id"]
    views = gr.list_dns_views(globalResolverId=resolver_id)["dnsViews"]
    return views[0]["id"] if views else gr.create_dns_view(globalResolverId=resolver_id, name="view")["id"]


def _with(**members: Any) -> Callable[[Room], Members]:
    return lambda room: {"dnsViewId": view(room), **members}


def _expiring(days: float) -> Callable[[Room], Members]:
    return lambda room: {"dnsViewId": view(room), "expiresAt": datetime.now(UTC) + timedelta(days=days)}


def _full_view(room: Room) -> Members:
    """Return a view whose resolver has as many tokens as it may have."""
    gr, full = room.client(SERVICE), view(room, "full")
    while True:
        try:
            gr.create_access_token(dnsViewId=full)
        except gr.exceptions.ServiceQuotaExceededException:
            return {"dnsViewId": full}


def _used_token(room: Room) -> Members:
    """Return other parameters under a client token that was used."""
    client_token = room.name("token")
    room.client(SERVICE).create_access_token(dnsViewId=view(room), clientToken=client_token)
    return {"dnsViewId": view(room), "clientToken": client_token, "name": "another"}


def _stranger(room: Room) -> Key:
    """Return the key of a user who may nothing."""
    return room.key(room.user("stranger"))


def _stored(room: Room, response: Response) -> Response:
    """Return what GetAccessToken says of a new token, which says the same of all that both have."""
    stored = room.client(SERVICE).get_access_token(accessTokenId=response["id"])
    same = set(response) - {"status", "ResponseMetadata"}
    assert {name: response[name] for name in same} == {name: stored[name] for name in same}
    return stored


def _is_made(room: Room, sent: Members, response: Response) -> None:
    assert sent["dnsViewId"] == _stored(room, response)["dnsViewId"]


def _has_no_name(room: Room, sent: Members, response: Response) -> None:
    assert "name" not in _stored(room, response)


def _is_named(room: Room, sent: Members, response: Response) -> None:
    assert sent["name"] == _stored(room, response)["name"]


def _ends_as_asked(room: Room, sent: Members, response: Response) -> None:
    assert abs(_stored(room, response)["expiresAt"] - sent["expiresAt"]) < timedelta(milliseconds=2)


def _lasts_90_days(room: Room, sent: Members, response: Response) -> None:
    assert response["expiresAt"] - response["createdAt"] == timedelta(days=90)


def _is_given_again(room: Room, sent: Members, response: Response) -> None:
    again = room.client(SERVICE).create_access_token(**sent)
    assert (response["id"], response["value"]) == (again["id"], again["value"])


def _is_another_each_time(room: Room, sent: Members, response: Response) -> None:
    """boto3 makes a client token of its own for each call."""
    assert _UUID.fullmatch(response["clientToken"])
    assert response["value"] != room.client(SERVICE).create_access_token(**sent)["value"]


def _is_tagged(room: Room, sent: Members, response: Response) -> None:
    tags = room.client(SERVICE).list_tags_for_resource(resourceArn=response["arn"])["tags"]
    assert sent.get("tags", {}) == tags


def _is_arn(room: Room, value: Any) -> None:
    assert re.fullmatch(rf"arn:aws:{SERVICE}::{ACCOUNT}:access-token/t-[a-z2-7]{{17}}", value)


def _is_client_token(room: Room, value: Any) -> None:
    assert _UUID.fullmatch(value)


def _is_now(room: Room, value: Any) -> None:
    assert abs(value - datetime.now(UTC)) < timedelta(minutes=1)


def _is_the_view(room: Room, value: Any) -> None:
    assert value == view(room)


def _is_in_90_days(room: Room, value: Any) -> None:
    assert abs(value - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)


def _is_id(room: Room, value: Any) -> None:
    assert re.fullmatch(r"t-[a-z2-7]{17}", value)


def _is_usual_name(room: Room, value: Any) -> None:
    assert value == "usual"


def _is_creating(room: Room, value: Any) -> None:
    assert value == "CREATING"


def _is_value(room: Room, value: Any) -> None:
    assert re.fullmatch(r"[a-z2-7]{52}", value)


def _holdings(room: Room) -> object:
    """Return every access token in the operator's inventory, but those that fill a resolver."""
    listed = room.authority.command("creds-ls", limit=1000)["credentials"]
    tokens = (each for each in listed if each["kind"] == "globalresolver.access-token")
    seeds = room.client(SERVICE).get_dns_view(dnsViewId=view(room))["globalResolverId"]
    return sorted(each["id"] for each in tokens if seeds in each["owner"])


def _wrong(value: str, member: str, rule: str) -> Refusal:
    return Refusal("ValidationException", f"{_CONSTRAINT.format(value, member)} {rule}")


CREATE_ACCESS_TOKEN = Contract(
    service=SERVICE,
    operation="CreateAccessToken",
    inputs=[
        Given(
            "dnsViewId",
            "absent",
            "empty-label",
            lambda _: {"dnsViewId": ""},
            Refusal("UnknownOperationException", "The requested operation is not implemented."),
        ),
        Given("dnsViewId", "valid", "of-this-account", _with(), _is_made),
        Given(
            "dnsViewId",
            "invalid",
            "pattern",
            lambda _: {"dnsViewId": "bad id!"},
            _wrong("bad id!", "dnsViewId", "satisfy regular expression pattern: [-.a-zA-Z0-9]+"),
        ),
        Given(
            "dnsViewId",
            "invalid",
            "65-characters",
            lambda _: {"dnsViewId": "v" * 65},
            _wrong("v" * 65, "dnsViewId", "have length less than or equal to 64"),
        ),
        Given("clientToken", "absent", "boto3-makes-one", _with(), _is_another_each_time),
        Given("clientToken", "valid", "replayed", _with(clientToken="again"), _is_given_again),
        Given(
            "clientToken",
            "invalid",
            "empty",
            _with(clientToken=""),
            _wrong("", "clientToken", "have length greater than or equal to 1"),
        ),
        Given(
            "clientToken",
            "invalid",
            "257-characters",
            _with(clientToken="c" * 257),
            _wrong("c" * 257, "clientToken", "have length less than or equal to 256"),
        ),
        Given("expiresAt", "absent", "90-days", _with(), _lasts_90_days),
        Given("expiresAt", "valid", "30-days", _expiring(30), _ends_as_asked),
        Given("expiresAt", "valid", "365-days", _expiring(365), _ends_as_asked),
        Given("expiresAt", "invalid", "29-days", _expiring(29), Refusal("ValidationException", _LIFE)),
        Given("expiresAt", "invalid", "366-days", _expiring(366), Refusal("ValidationException", _LIFE)),
        Given("expiresAt", "invalid", "past", _expiring(-1), Refusal("ValidationException", _LIFE)),
        Given("name", "absent", "none", _with(), _has_no_name),
        Given("name", "valid", "of-all-characters", _with(name="it's A-1_b/c d"), _is_named),
        Given("name", "valid", "of-32-characters", _with(name="n" * 32), _is_named),
        Given(
            "name",
            "invalid",
            "digits-only",
            _with(name="1234"),
            _wrong("1234", "name", f"satisfy regular expression pattern: {_PATTERN}"),
        ),
        Given(
            "name",
            "invalid",
            "33-characters",
            _with(name="n" * 33),
            _wrong("n" * 33, "name", "have length less than or equal to 32"),
        ),
        Given("tags", "absent", "none", _with(), _is_tagged),
        Given("tags", "valid", "kept", _with(tags={"team": "dns", "stage": ""}), _is_tagged),
        Given(
            "tags",
            "invalid",
            "reserved",
            _with(tags={"aws:x": "v"}),
            Refusal("ValidationException", "a tag key cannot begin with aws:."),
        ),
        Given(
            "tags",
            "invalid",
            "51-tags",
            _with(tags={f"k{number}": "v" for number in range(51)}),
            Refusal(
                "ValidationException",
                "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
                "Member must have length less than or equal to 50",
            ),
        ),
    ],
    answer={
        "arn": _is_arn,
        "clientToken": _is_client_token,
        "createdAt": _is_now,
        "dnsViewId": _is_the_view,
        "expiresAt": _is_in_90_days,
        "id": _is_id,
        "name": _is_usual_name,
        "status": _is_creating,
        "value": _is_value,
    },
    exceptions=[
        Exceptional(
            Refusal("ResourceNotFoundException", "The dns-view dnsv-none does not exist.", is_modelled=True),
            lambda _: {"dnsViewId": "dnsv-none"},
        ),
        Exceptional(
            Refusal(
                "ConflictException",
                "The clientToken was used before, with other parameters.",
                is_modelled=True,
            ),
            _used_token,
        ),
        Exceptional(
            Refusal(
                "ServiceQuotaExceededException",
                "Cannot exceed quota for AccessTokensPerGlobalResolver: 120",
                is_modelled=True,
            ),
            _full_view,
        ),
        Exceptional(Refusal("ValidationException", _LIFE, is_modelled=True), _expiring(1)),
        Exceptional(
            Refusal(
                "AccessDeniedException",
                f"User: arn:aws:iam::{ACCOUNT}:user/{{user}} is not authorized to perform:"
                f" {SERVICE}:CreateAccessToken on resource: arn:aws:{SERVICE}::{ACCOUNT}:access-token/*"
                f" because no identity-based policy allows the {SERVICE}:CreateAccessToken action",
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
    usual=_with(name="usual"),
    holdings=_holdings,
)
