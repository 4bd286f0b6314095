"""Service-specific credentials of users: passwords and API keys of services that do not sign requests.

Follows the IAM API reference, "CreateServiceSpecificCredential" and its four siblings. A password is shown once
and kept as a digest; after a reset the old one is unknown at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, cast

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer, Minted
from keystead.credentials.shelf import Credential
from keystead.gateway.call import Call
from keystead.identity import records as identities
from keystead.identity.users import Users
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import NotFound
from keystead.products.iam import records
from keystead.products.iam.callers import Holder, holder_of
from keystead.products.iam.kinds import ServiceKind, service_kinds
from keystead.products.iam.listing import Listing
from keystead.products.iam.records import ServiceCredential
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam
from keystead.types.errors import ValidationError

# UNCONFIRMED: AWS's wording of each of these.
NO_SUCH_SERVICE = "No such service {service} is supported for Service Specific Credentials"
NO_AGE = "Service {service} does not support credentials that expire."
EXPIRED_STAYS = "The Service Specific Credential with id {id} has expired and cannot be activated."
ONE_OR_ALL = "UserName cannot be specified when AllUsers is true."

Status = Literal["Active", "Inactive", "Expired"]


class ServiceCredentials:
    """The five operations on service-specific credentials."""

    def __init__(self, issuer: Issuer, users: Users, listing: Listing, clock: Clock) -> None:
        self._issuer = issuer
        self._users = users
        self._listing = listing
        self._clock = clock
        self._kinds = service_kinds()

    @iam.CreateServiceSpecificCredential(
        "write", resource="user/{UserName}", also=(iam.InvalidInputException,)
    )
    def create_service_specific_credential(
        self, call: Call, request: iam.CreateServiceSpecificCredentialRequest
    ) -> iam.CreateServiceSpecificCredentialResponse:
        """Mint a credential of one service. The only answer that ever holds its secret."""
        service, days = request["ServiceName"], request.get("CredentialAgeDays")
        kind = self._kind(service)
        if days is not None and not kind.has_api_key:
            raise iam.InvalidInputException(NO_AGE.format(service=service))
        user = self._users.get(call.tx, call.principal.account, request["UserName"])
        minted = self._issuer.mint(
            call.tx,
            kind.kind,
            account=user.account,
            owner=user.id,
            audience=service,
            life=None if days is None else timedelta(days=days),
        )
        name = self._free_name(call.tx, user.account, service, user.name)
        credential = minted.credential
        made = ServiceCredential(credential.id, user.account, user.id, service, name, credential.created_at)
        records.add_service_credential(call.tx, made)
        return {"ServiceSpecificCredential": self._with_secret(made, minted, user.name)}

    @iam.ListServiceSpecificCredentials("read", resource="user/{UserName}")
    def list_service_specific_credentials(
        self, call: Call, request: iam.ListServiceSpecificCredentialsRequest
    ) -> iam.ListServiceSpecificCredentialsResponse:
        """List a user's or all users' credentials, in order of creation, without their secrets."""
        owner = self._listed_owner(call, request)
        account, service = call.principal.account, request.get("ServiceName")
        if service is not None:
            self._kind(service)
        page = self._listing.scan(
            f"ListServiceSpecificCredentials|{account}|{owner}|{service}",
            request,
            lambda after, limit: records.service_credentials(
                call.reader, account, owner, int(after or 0), limit
            ),
            lambda row: str(row[0]),
            lambda row: service in (None, row[1].service),
        )
        return {
            "ServiceSpecificCredentials": [self._metadata(call.reader, each) for _, each in page.rows],
            "IsTruncated": page.marker is not None,
            "Marker": page.marker,
        }

    @iam.UpdateServiceSpecificCredential(
        "write", resource="user/{UserName}", also=(iam.InvalidInputException,)
    )
    def update_service_specific_credential(
        self, call: Call, request: iam.UpdateServiceSpecificCredentialRequest
    ) -> None:
        """Switch a credential on or off."""
        found = self._held(call, request.get("UserName"), request["ServiceSpecificCredentialId"])
        credential = self._credential(call.tx, found)
        if request["Status"] == "Active" and self._status(credential) == "Expired":
            raise iam.InvalidInputException(EXPIRED_STAYS.format(id=found.id))
        if credential is not None:
            self._issuer.set_status(call.tx, credential, request["Status"])

    @iam.ResetServiceSpecificCredential("write", resource="user/{UserName}")
    def reset_service_specific_credential(
        self, call: Call, request: iam.ResetServiceSpecificCredentialRequest
    ) -> iam.ResetServiceSpecificCredentialResponse:
        """Give a credential another secret; id, state and expiry stay, the old secret is unknown at once."""
        holder = holder_of(self._users, call, request.get("UserName"))
        found = self._held(call, request.get("UserName"), request["ServiceSpecificCredentialId"])
        credential = self._credential(call.tx, found)
        if credential is None:
            raise NotFound("service-specific credential", found.id)
        minted = self._again(call, credential, self._kind(found.service))
        return {"ServiceSpecificCredential": self._with_secret(found, minted, holder.user_name)}

    @iam.DeleteServiceSpecificCredential("write", resource="user/{UserName}")
    def delete_service_specific_credential(
        self, call: Call, request: iam.DeleteServiceSpecificCredentialRequest
    ) -> None:
        """Delete a credential for good, whatever its state."""
        found = self._held(call, request.get("UserName"), request["ServiceSpecificCredentialId"])
        if self._credential(call.tx, found) is not None:
            self._issuer.revoke(call.tx, found.id)
        records.remove_service_credential(call.tx, found.id)

    def _kind(self, service: str) -> ServiceKind:
        kind = self._kinds.get(service)
        if kind is None:
            raise iam.ServiceNotSupportedException(NO_SUCH_SERVICE.format(service=service))
        return kind

    def _free_name(self, reader: Reader, account: str, service: str, user_name: str) -> str:
        return next(
            name
            for name in _names(account, user_name)
            if not records.is_taken(reader, account, service, name)
        )

    def _listed_owner(self, call: Call, request: iam.ListServiceSpecificCredentialsRequest) -> str:
        """Return the unique id of the user whose credentials are listed; empty for all of them."""
        if not request.get("AllUsers", False):
            return holder_of(self._users, call, request.get("UserName")).owner
        if "UserName" in request:
            raise ValidationError(ONE_OR_ALL)
        return ""

    def _held(self, call: Call, user_name: str | None, credential_id: str) -> ServiceCredential:
        """Return a credential of this holder; somebody else's looks like none."""
        holder: Holder = holder_of(self._users, call, user_name)
        found = records.service_credential(call.reader, call.principal.account, credential_id)
        if found is None or found.owner != holder.owner:
            raise NotFound("service-specific credential", credential_id)
        return found

    def _credential(self, reader: Reader, found: ServiceCredential) -> Credential | None:
        """Return what is on the shelf; None once it was swept, long after its expiry."""
        shelved = shelf.find(reader, found.id)
        return None if shelved is None else shelved.credential

    def _again(self, call: Call, credential: Credential, kind: ServiceKind) -> Minted:
        """Mint in place of `credential`, under its id; the digest of the old secret goes with its row."""
        self._issuer.revoke(call.tx, credential.id)

        def same_id(account: str, entropy: Entropy) -> str:
            del account, entropy
            return credential.id

        minted = self._issuer.mint(
            call.tx,
            replace(kind.kind, new_id=same_id),
            account=credential.account,
            owner=credential.owner,
            audience=credential.audience,
        )
        renewed = self._issuer.expire(call.tx, minted.credential, credential.expires_at)
        if credential.status != renewed.status:
            renewed = self._issuer.set_status(call.tx, renewed, credential.status)
        return replace(minted, credential=renewed)

    def _with_secret(
        self, found: ServiceCredential, minted: Minted, user_name: str
    ) -> iam.ServiceSpecificCredential:
        # Revealed to its holder, once; the response leaves after the commit.
        secret = minted.secret.reveal().decode()
        has_api_key = self._kind(found.service).has_api_key
        return {
            "CreateDate": as_datetime(found.created_at),
            "ExpirationDate": _expiry(minted.credential),
            "ServiceName": found.service,
            "ServiceUserName": None if has_api_key else found.user_name,
            "ServicePassword": None if has_api_key else secret,
            "ServiceCredentialAlias": found.user_name if has_api_key else None,
            "ServiceCredentialSecret": secret if has_api_key else None,
            "ServiceSpecificCredentialId": found.id,
            "UserName": user_name,
            "Status": self._status(minted.credential),
        }

    def _metadata(self, reader: Reader, found: ServiceCredential) -> iam.ServiceSpecificCredentialMetadata:
        user = identities.user_by_id(reader, found.account, found.owner)
        credential = self._credential(reader, found)
        has_api_key = self._kind(found.service).has_api_key
        return {
            "UserName": "" if user is None else user.name,
            "Status": self._status(credential),
            "ServiceUserName": None if has_api_key else found.user_name,
            "ServiceCredentialAlias": found.user_name if has_api_key else None,
            "CreateDate": as_datetime(found.created_at),
            "ExpirationDate": None if credential is None else _expiry(credential),
            "ServiceSpecificCredentialId": found.id,
            "ServiceName": found.service,
        }

    def _status(self, credential: Credential | None) -> Status:
        """Return the state to show; `Expired` is a time that has passed, not a state that was set."""
        if credential is None or credential.is_expired(self._clock.epoch() * 1000):
            return "Expired"
        # The kinds' state table has exactly these two states.
        return cast(Literal["Active", "Inactive"], credential.status)


def _expiry(credential: Credential) -> datetime | None:
    return None if credential.expires_at is None else as_datetime(credential.expires_at)


def _names(account: str, user_name: str) -> Iterator[str]:
    """Yield the names at a service that a user's credentials get, one after the other."""
    number = 0
    while True:
        suffix = f"+{number}" if number else ""
        yield f"{user_name}{suffix}-at-{account}"
        number += 1
