"""Who is calling, whose key an id is, and what an encoded message says.

Follows the STS API reference, "GetCallerIdentity", "GetAccessKeyInfo" and "DecodeAuthorizationMessage".
"""

from keystead.gateway.call import Call
from keystead.kernel.ids import account_of_access_key
from keystead.types import sts
from keystead.types.errors import ValidationError

# UNCONFIRMED: AWS's wording.
_NOT_OURS = "The message is not one that this authority encoded."


class Caller:
    """The operations that tell about credentials without changing any."""

    @sts.GetCallerIdentity("read", resource="*")
    def get_caller_identity(self, call: Call, request: sts.Empty) -> sts.GetCallerIdentityResponse:
        """Return the principal whose credential signed this request. No policy can forbid it."""
        principal = call.principal
        return {"UserId": principal.id, "Account": principal.account, "Arn": principal.arn}

    @sts.GetAccessKeyInfo("read", resource="*")
    def get_access_key_info(
        self, call: Call, request: sts.GetAccessKeyInfoRequest
    ) -> sts.GetAccessKeyInfoResponse:
        """Return the account that an access key id carries; whether the key exists is not looked at."""
        account = account_of_access_key(request["AccessKeyId"])
        if account is None:
            raise ValidationError(f"Invalid Access Key ID {request['AccessKeyId']}.")
        return {"Account": account}

    @sts.DecodeAuthorizationMessage("read", resource="*")
    def decode_authorization_message(
        self, call: Call, request: sts.DecodeAuthorizationMessageRequest
    ) -> sts.DecodeAuthorizationMessageResponse:
        """Refuse whatever is shown: no service here encodes its refusals, so no message is one of ours.

        At AWS those of EC2 and a few others do; all that are here say in plain words which policy refused.
        """
        raise sts.InvalidAuthorizationMessageException(_NOT_OURS)
