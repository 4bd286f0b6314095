"""Who is calling, and whose key an id is.

Follows the STS API reference, "GetCallerIdentity" and "GetAccessKeyInfo".
"""

from keystead.gateway.call import Call
from keystead.kernel.ids import account_of_access_key
from keystead.types import sts
from keystead.types.errors import ValidationError


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
