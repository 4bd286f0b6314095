"""IAM's stop on `keystead tour`: an access key signs until it is switched off, and never after it is deleted."""

from keystead.products.iam.kinds import ACCESS_KEY
from keystead.products.stops import Guide, Response, Stop

_WHO = ("sts", "get_caller_identity")


def _visit(guide: Guide) -> None:
    guide.root.does("iam", "create_user", lambda answer: answer["User"]["Arn"], UserName="ada")
    key = guide.root.does("iam", "create_access_key", _shown, UserName="ada")["AccessKey"]
    key_id, secret = key["AccessKeyId"], key["SecretAccessKey"]
    switch = {"UserName": "ada", "AccessKeyId": key_id}

    ada = guide.caller("ada", key_id, secret)
    ada.does(*_WHO, lambda answer: answer["Arn"])
    ada.is_refused("AccessDenied", "iam", "list_users")
    impostor = guide.caller("impostor", key_id, secret.swapcase())
    impostor.is_refused("SignatureDoesNotMatch", *_WHO)

    guide.root.does("iam", "update_access_key", **switch, Status="Inactive")
    ada.is_refused("InvalidClientTokenId", *_WHO)
    guide.root.does("iam", "update_access_key", **switch, Status="Active")
    ada.does(*_WHO, lambda answer: answer["Arn"])
    guide.root.does("iam", "delete_access_key", **switch)
    ada.is_refused("InvalidClientTokenId", *_WHO)


def _shown(answer: Response) -> str:
    """Return the key without its secret, which the client alone has now."""
    key = answer["AccessKey"]
    return f"{key['AccessKeyId']} and a secret of {len(key['SecretAccessKey'])} characters, shown this once"


STOPS = [Stop(ACCESS_KEY, "IAM.CreateAccessKey", "every AWS API here", _visit)]
