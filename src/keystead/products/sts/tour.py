"""STS's stop on `keystead tour`: a role's session does what its role may, and ends with the key that made it."""

import json

from keystead.products.stops import Guide, Response, Stop
from keystead.products.sts.kinds import SESSION

_WHO = ("sts", "get_caller_identity")
_LIST_USERS = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
}


def _visit(guide: Guide) -> None:
    user = guide.root.does("iam", "create_user", lambda answer: answer["User"]["Arn"], UserName="grace")
    key = guide.root.does("iam", "create_access_key", _shown, UserName="grace")["AccessKey"]
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": user["User"]["Arn"]},
            "Action": "sts:AssumeRole",
        },
    }
    role = guide.root.does(
        "iam", "create_role", _arn_of_role, RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust)
    )
    guide.root.does(
        "iam", "put_role_policy", RoleName="reader", PolicyName="list", PolicyDocument=json.dumps(_LIST_USERS)
    )

    grace = guide.caller("grace", key["AccessKeyId"], key["SecretAccessKey"])
    grace.is_refused("AccessDenied", "iam", "list_users")
    session = grace.does(
        "sts", "assume_role", _session_shown, RoleArn=role["Role"]["Arn"], RoleSessionName="tour"
    )["Credentials"]
    reader = guide.caller(
        "reader", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    reader.does(*_WHO, lambda answer: answer["Arn"])
    reader.does("iam", "list_users", lambda answer: f"{len(answer['Users'])} users")
    reader.is_refused("AccessDenied", "iam", "create_user", UserName="mallory")
    without_token = guide.caller("no token", session["AccessKeyId"], session["SecretAccessKey"])
    without_token.is_refused("InvalidClientTokenId", *_WHO)

    guide.root.does("iam", "delete_access_key", UserName="grace", AccessKeyId=key["AccessKeyId"])
    reader.is_refused("InvalidClientTokenId", *_WHO)


def _shown(answer: Response) -> str:
    """Return the key without its secret, which the client alone has now."""
    return f"{answer['AccessKey']['AccessKeyId']}, its secret shown this once"


def _arn_of_role(answer: Response) -> str:
    arn: str = answer["Role"]["Arn"]
    return arn


def _session_shown(answer: Response) -> str:
    triple = answer["Credentials"]
    return (
        f"{triple['AccessKeyId']} until {triple['Expiration']:%H:%M:%S} as {answer['AssumedRoleUser']['Arn']}"
    )


STOPS = [Stop(SESSION.name, "STS.AssumeRole", "every AWS API here, as its role", _visit)]
