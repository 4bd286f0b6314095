"""Activations: what lets machines register as nodes, and how a machine's code is redeemed.

Follows the AWS Systems Manager API reference, "CreateActivation". The code is shown once; its digest is kept.
"""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from keystead.credentials.seal import Seal
from keystead.gateway.call import Call
from keystead.identity import role_records
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import RequestIds
from keystead.kernel.secret import Secret
from keystead.products.ssm import activation_records as records
from keystead.products.ssm import tag_records
from keystead.products.ssm.activation_records import Activation
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.passing import RolePassing
from keystead.products.ssm.tag_records import Place
from keystead.products.ssm.tagging import given_tags, shown_tags
from keystead.products.ssm.times import as_datetime
from keystead.products.ssm.trust import trusts_service
from keystead.types import ssm

DEFAULT_LIFE: Final = timedelta(hours=24)
LONGEST_LIFE: Final = timedelta(days=30)
TAG_TYPE: Final = "Activation"
"""Under this type an activation's tags are kept, for the nodes to come; no operation names it."""
PASSED_TO: Final = "ssm.amazonaws.com"
_CODE_BYTES: Final = 15
"""Random bytes of a code: 24 characters, where agents take 20 at least."""
_UNFIT_ROLE: Final = "Nonexistent role or missing ssm service principal in trust policy: {arn}"


class Activations:
    """The operations on activations."""

    def __init__(
        self, seal: Seal, passing: RolePassing, listing: Listing, clock: Clock, entropy: Entropy
    ) -> None:
        self._seal = seal
        self._passing = passing
        self._listing = listing
        self._clock = clock
        self._entropy = entropy
        self._ids = RequestIds(entropy)

    @ssm.CreateActivation("write", resource="*")
    def create_activation(
        self, call: Call, request: ssm.CreateActivationRequest
    ) -> ssm.CreateActivationResult:
        """Make an activation. The only answer that ever holds the code."""
        account, role = call.principal.account, request["IamRole"].rpartition("/")[2]
        self._passing.require(call, role, PASSED_TO)
        self._check_role(call, role)
        code = Secret(base64.b32encode(self._entropy.token_bytes(_CODE_BYTES)).lower())
        now = now_ms(self._clock)
        made = Activation(
            self._ids.next(),
            account,
            call.region,
            self._seal.digest(code),
            role,
            request.get("DefaultInstanceName", ""),
            request.get("Description", ""),
            request.get("RegistrationLimit", 1),
            0,
            now,
            self._expiry(now, request.get("ExpirationDate")),
        )
        records.add(call.tx, made)
        tag_records.put(
            call.tx, Place(account, call.region, TAG_TYPE, made.id), given_tags(request.get("Tags", []))
        )
        # Revealed to whoever asked for it, once; the response leaves after the commit.
        return {"ActivationId": made.id, "ActivationCode": code.reveal().decode()}

    @ssm.DescribeActivations("read", resource="*")
    def describe_activations(
        self, call: Call, request: ssm.DescribeActivationsRequest
    ) -> ssm.DescribeActivationsResult:
        """List activations, used up and expired ones included."""
        account, region = call.principal.account, call.region
        rows = [
            each
            for each in records.listed(call.reader, account, region)
            if all(_matches(each, one) for one in request.get("Filters", []))
        ]
        page = self._listing.page(f"Activations|{account}|{region}", request, rows, lambda row: row.id)
        response: ssm.DescribeActivationsResult = {
            "ActivationList": [self._shown(call, each) for each in page.rows]
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    @ssm.DeleteActivation("write", resource="*")
    def delete_activation(
        self, call: Call, request: ssm.DeleteActivationRequest
    ) -> ssm.DeleteActivationResult:
        """Delete an activation; its nodes stay."""
        account, region, wanted = call.principal.account, call.region, request["ActivationId"]
        if not records.remove(call.tx, account, region, wanted):
            raise ssm.InvalidActivationId(f"Activation {wanted} does not exist.")
        tag_records.remove_all(call.tx, Place(account, region, TAG_TYPE, wanted))
        return {}

    def _check_role(self, call: Call, name: str) -> None:
        role = role_records.role_named(call.reader, call.principal.account, name)
        if role is None or not trusts_service(role.trust, PASSED_TO):
            # The model lists this error alone. UNCONFIRMED: AWS's words for a role that does not exist.
            raise ssm.InvalidParameters(_UNFIT_ROLE.format(arn=name))

    def _expiry(self, now: int, asked: datetime | None) -> int:
        if asked is None:
            return now + _ms(DEFAULT_LIFE)
        at = int(asked.timestamp() * 1000)
        if not now < at <= now + _ms(LONGEST_LIFE):
            raise ssm.InvalidParameters("The expiration date must be within 30 days from now.")
        return at

    def _shown(self, call: Call, each: Activation) -> ssm.Activation:
        place = Place(each.account, each.region, TAG_TYPE, each.id)
        told: ssm.Activation = {
            "ActivationId": each.id,
            "IamRole": each.iam_role,
            "RegistrationLimit": each.registration_limit,
            "RegistrationsCount": each.registrations,
            "ExpirationDate": as_datetime(each.expires_at),
            "Expired": now_ms(self._clock) >= each.expires_at,
            "CreatedDate": as_datetime(each.created_at),
            "Tags": shown_tags(tag_records.tags(call.reader, place)),
        }
        if each.description:
            told["Description"] = each.description
        if each.name:
            told["DefaultInstanceName"] = each.name
        return told


def _ms(life: timedelta) -> int:
    return int(life.total_seconds() * 1000)


def _matches(each: Activation, wanted: ssm.DescribeActivationsFilter) -> bool:
    shown = {
        "ActivationIds": each.id,
        "DefaultInstanceName": each.name,
        "IamRole": each.iam_role,
    }
    key = wanted.get("FilterKey")
    if key is None:
        raise ssm.InvalidFilter("A filter has a FilterKey.")
    values: Sequence[str] = wanted.get("FilterValues", [])
    return shown[key] in values
