"""Access keys of users and of the account root: create, list, switch, delete, and when last used."""

from typing import Literal, cast

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import Kind
from keystead.credentials.shelf import Credential
from keystead.credentials.usage import Usage
from keystead.gateway.call import Call
from keystead.identity.principals import load
from keystead.identity.users import Users
from keystead.kernel.clock import Clock
from keystead.kernel.errors import NotFound
from keystead.kernel.paging import Markers
from keystead.products.iam.callers import Holder, holder_of
from keystead.products.iam.times import as_datetime
from keystead.types import iam

DEFAULT_PAGE = 100
NEVER_USED = "N/A"
# UNCONFIRMED: an AWS access key has no expiry, so AWS has no words for switching one on that is past it.
EXPIRED_STAYS = "The Access Key with id {id} has expired and cannot be activated."
Status = Literal["Active", "Inactive", "Expired"]
_Set = Literal["Active", "Inactive"]


class AccessKeys:
    """The five operations on access keys."""

    def __init__(
        self, kind: Kind, issuer: Issuer, users: Users, usage: Usage, markers: Markers, clock: Clock
    ) -> None:
        self._kind = kind
        self._issuer = issuer
        self._users = users
        self._usage = usage
        self._markers = markers
        self._clock = clock

    @iam.CreateAccessKey("write", resource="user/{UserName}")
    def create_access_key(
        self, call: Call, request: iam.CreateAccessKeyRequest
    ) -> iam.CreateAccessKeyResponse:
        """Mint a key for a user or the caller. The only answer that ever holds the secret."""
        holder = holder_of(self._users, call, request.get("UserName"))
        account = call.principal.account
        minted = self._issuer.mint(call.tx, self._kind, account=account, owner=holder.owner)
        # Revealed to its holder, once; the response leaves after the commit.
        secret = minted.secret.reveal().decode()
        # The model requires a UserName, and AWS leaves it out for the account root, which has none.
        return {
            "AccessKey": cast(
                iam.AccessKey, {**self._metadata(minted.credential, holder), "SecretAccessKey": secret}
            )
        }

    @iam.ListAccessKeys("read", resource="user/{UserName}")
    def list_access_keys(self, call: Call, request: iam.ListAccessKeysRequest) -> iam.ListAccessKeysResponse:
        """List a holder's keys in order of creation."""
        holder = holder_of(self._users, call, request.get("UserName"))
        account = call.principal.account
        binding = f"ListAccessKeys|{account}|{holder.owner}"
        after = self._markers.open(binding, request.get("Marker"))
        keys = shelf.of_owner(call.reader, account, holder.owner, self._kind.name)
        ids = [key.id for key in keys]
        rest = keys[ids.index(after) + 1 :] if after in ids else keys
        page = self._markers.page(binding, rest, request.get("MaxItems", DEFAULT_PAGE), lambda key: key.id)
        listed = [self._metadata(key, holder) for key in page.rows]
        response: iam.ListAccessKeysResponse = {
            "AccessKeyMetadata": listed,
            "IsTruncated": page.marker is not None,
        }
        if page.marker is not None:
            response["Marker"] = page.marker
        return response

    @iam.UpdateAccessKey("write", resource="user/{UserName}")
    def update_access_key(self, call: Call, request: iam.UpdateAccessKeyRequest) -> None:
        """Switch a key on or off; the next request with it knows."""
        key = self._key_of(call, request.get("UserName"), request["AccessKeyId"])
        if request["Status"] == "Active" and self._status(key) == "Expired":
            raise iam.InvalidInputException(EXPIRED_STAYS.format(id=key.id))
        self._issuer.set_status(call.tx, key, request["Status"])

    @iam.DeleteAccessKey("write", resource="user/{UserName}")
    def delete_access_key(self, call: Call, request: iam.DeleteAccessKeyRequest) -> None:
        """Delete a key for good, whatever its state."""
        key = self._key_of(call, request.get("UserName"), request["AccessKeyId"])
        self._issuer.revoke(call.tx, key.id)

    # UNCONFIRMED: the model lists no error here; AWS may answer AccessDenied for another account's key.
    @iam.GetAccessKeyLastUsed("read", resource="*", also=(iam.NoSuchEntityException,))
    def get_access_key_last_used(
        self, call: Call, request: iam.GetAccessKeyLastUsedRequest
    ) -> iam.GetAccessKeyLastUsedResponse:
        """Tell when, where and by which service a key was last accepted."""
        key = self._key(call, request["AccessKeyId"])
        owner = load(call.reader, key.account, key.owner)
        use = self._usage.last(call.reader, key.id)
        last: iam.AccessKeyLastUsed = {"ServiceName": NEVER_USED, "Region": NEVER_USED}
        if use is not None:
            last = {
                "LastUsedDate": as_datetime(use.used_at),
                "ServiceName": use.service,
                "Region": use.region,
            }
        response: iam.GetAccessKeyLastUsedResponse = {"AccessKeyLastUsed": last}
        if owner is not None and owner.user_name:
            response["UserName"] = owner.user_name
        return response

    def _key(self, call: Call, key_id: str) -> Credential:
        """Return a key of the caller's account; any other looks like none."""
        found = shelf.find(call.reader, key_id)
        if found is None or found.credential.account != call.principal.account:
            raise NotFound("credential", key_id)
        if found.credential.kind != self._kind.name:
            raise NotFound("credential", key_id)
        return found.credential

    def _key_of(self, call: Call, user_name: str | None, key_id: str) -> Credential:
        """Return a key of this holder; somebody else's looks like none."""
        holder = holder_of(self._users, call, user_name)
        key = self._key(call, key_id)
        if key.owner != holder.owner:
            raise NotFound("credential", key_id)
        return key

    def _metadata(self, key: Credential, holder: Holder) -> iam.AccessKeyMetadata:
        shown: iam.AccessKeyMetadata = {
            "AccessKeyId": key.id,
            "Status": self._status(key),
            "CreateDate": as_datetime(key.created_at),
        }
        if holder.user_name:
            shown["UserName"] = holder.user_name
        return shown

    def _status(self, key: Credential) -> Status:
        """Return the state to show; `Expired` is a time that has passed, not a state that was set."""
        if key.is_expired(self._clock.epoch() * 1000):
            return "Expired"
        # The kind's state table has exactly these two states.
        return cast("_Set", key.status)
