"""Requests that are signed as they should be and ask for what cannot be: forms, members, actions, versions."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from badinput.cases import Case, Stage
from badinput.wire import Sent, form, signed
from iam.answers import no_key, no_user

IAM_VERSION = "2010-05-08"
BAD_NAME = re.escape(
    "The specified value for userName is invalid. "
    "It must contain only alphanumeric characters and/or the following: +=,.@_-"
)
TOO_LONG = "1 validation error detected: Value at 'userName' failed .+ length less than or equal to 128"
NOT_A_STATUS = re.escape(
    "1 validation error detected: Value at 'status' failed to satisfy constraint: "
    "Member must satisfy enum value set: [Active, Inactive]"
)
NAMES_NONE = "(?!.*(AcceptDelegationRequest|AssumeRole)).+"
"""Without an action no operation was asked for, and least of all the model's first one."""
_INVALID = 400, "ValidationError"
_ACTION = 400, "InvalidAction"
_QUERY = 400, "MalformedQueryString"
_INPUT = 400, "MalformedInput"


def iam(action: str, **members: str) -> Any:
    """Return what the root asks IAM for. A member may name the stage's user as {user} or its key as {key}."""

    def build(stage: Stage) -> Sent:
        filled = {name: _fill(value, stage) for name, value in members.items()}
        return root(stage, form(action, "iam", **filled))

    return build


def raw(body: str) -> Any:
    """Return what the root sends IAM as these very bytes, behind a good action and version for a user."""

    def build(stage: Stage) -> Sent:
        return root(stage, _fill(body, stage).encode("latin-1"))

    return build


def tagging(members: Mapping[str, str]) -> Any:
    def build(stage: Stage) -> Sent:
        return root(stage, {**form("TagUser", "iam", UserName=stage.user_name), **members})

    return build


def root(stage: Stage, content: Mapping[str, str] | bytes, **signing: Any) -> Sent:
    return signed(stage.url, stage.root, content, service="iam", **signing)


def _fill(text: str, stage: Stage) -> str:
    return (
        text.replace("{user}", stage.user_name)
        .replace("{key}", stage.user.id)
        .replace("{other}", stage.other_name)
    )


def _tags(count: int) -> dict[str, str]:
    keys = {f"Tags.member.{number}.Key": f"k{number}" for number in range(1, count + 1)}
    return keys | {f"Tags.member.{number}.Value": "v" for number in range(1, count + 1)}


CREATE_KEY = f"Action=CreateAccessKey&Version={IAM_VERSION}"

FORM_CASES = [
    # Names.
    Case("name with a path", iam("CreateAccessKey", UserName="../x"), *_INVALID, BAD_NAME),
    Case("name of 129 characters", iam("CreateAccessKey", UserName="n" * 129), *_INVALID, TOO_LONG),
    Case("empty name", iam("CreateAccessKey", UserName=""), *_INVALID, "2 validation errors detected: .+"),
    Case("name with NUL", iam("CreateAccessKey", UserName="a\0b"), *_INVALID, BAD_NAME),
    Case("name with a control character", iam("CreateUser", UserName="a\x1bb"), *_INVALID, BAD_NAME),
    Case("name with a line end", iam("CreateUser", UserName="user\n"), *_INVALID, BAD_NAME),
    Case("name with an unpaired accent", iam("CreateUser", UserName="e\u0301"), *_INVALID, BAD_NAME),
    Case(
        "name with full-width letters",
        iam("CreateUser", UserName="\uff55\uff53\uff45\uff52"),
        *_INVALID,
        BAD_NAME,
    ),
    Case("name in Arabic digits", iam("CreateUser", UserName="\u0661\u0662"), *_INVALID, BAD_NAME),
    Case("name as XML", iam("CreateUser", UserName="<a/>&"), *_INVALID, BAD_NAME),
    Case("name as SQL", iam("GetUser", UserName="x' OR 'a'='a"), *_INVALID, BAD_NAME),
    Case("name that is a wildcard", iam("DeleteUser", UserName="*"), *_INVALID, BAD_NAME),
    Case("name that is an ARN", iam("GetUser", UserName="arn:aws:iam::1:user/x"), *_INVALID, BAD_NAME),
    Case("name taken in another case", iam("CreateUser", UserName="USER-1"), 409, "EntityAlreadyExists"),
    # Members.
    Case("no name", iam("CreateUser"), *_INVALID, ".+ Value null at 'userName' failed .+ must not be null"),
    Case(
        "status that is none",
        iam("UpdateAccessKey", UserName="{user}", AccessKeyId="{key}", Status="Disabled"),
        *_INVALID,
        NOT_A_STATUS,
    ),
    Case(
        "status in lower case",
        iam("UpdateAccessKey", UserName="{user}", AccessKeyId="{key}", Status="inactive"),
        *_INVALID,
        NOT_A_STATUS,
    ),
    Case(
        "status Expired",
        iam("UpdateAccessKey", UserName="{user}", AccessKeyId="{key}", Status="Expired"),
        *_INVALID,
        NOT_A_STATUS,
    ),
    Case(
        "no status",
        iam("UpdateAccessKey", UserName="{user}", AccessKeyId="{key}"),
        *_INVALID,
        ".+ null at 'status' .+",
    ),
    Case(
        "member in another case",
        iam("UpdateAccessKey", UserName="{user}", accesskeyid="{key}", Status="Active"),
        *_INVALID,
        ".+ null at 'accessKeyId' .+",
    ),
    Case(
        "third key",
        iam("CreateAccessKey", UserName="{other}"),
        409,
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    ),
    Case(
        "another user's key",
        iam("DeleteAccessKey", UserName="{other}", AccessKeyId="{key}"),
        404,
        "NoSuchEntity",
        no_key("AKIA[A-Z2-7]{16}"),
    ),
    Case(
        "a user's key as the root's",
        iam("DeleteAccessKey", AccessKeyId="{key}"),
        404,
        "NoSuchEntity",
        no_key("AKIA[A-Z2-7]{16}"),
    ),
    Case("nobody's key", iam("CreateAccessKey", UserName="nobody"), 404, "NoSuchEntity", no_user("nobody")),
    Case(
        "key id that is too short", iam("DeleteAccessKey", UserName="{user}", AccessKeyId="AKIA"), *_INVALID
    ),
    Case(
        "key id with a wildcard",
        iam("DeleteAccessKey", UserName="{user}", AccessKeyId="AKIA%%%%%%%%%%%%%%%%"),
        *_INVALID,
    ),
    Case("path that climbs", iam("CreateUser", UserName="climber", Path="../../"), *_INVALID),
    Case("path of 513 characters", iam("CreateUser", UserName="long", Path="/" + "p" * 511 + "/"), *_INVALID),
    Case(
        "new name with a path",
        iam("UpdateUser", UserName="{user}", NewUserName="../x"),
        *_INVALID,
        BAD_NAME.replace("userName", "newUserName"),
    ),
    Case("new path that climbs", iam("UpdateUser", UserName="{user}", NewPath="/../x"), *_INVALID),
    # Numbers.
    Case("page of no size", iam("ListUsers", MaxItems=""), *_INPUT),
    Case("page size as a word", iam("ListUsers", MaxItems="many"), *_INPUT),
    Case("page size with a fraction", iam("ListUsers", MaxItems="1.5"), *_INPUT),
    Case("page size with an exponent", iam("ListUsers", MaxItems="1e3"), *_INPUT),
    Case("page size with a blank", iam("ListUsers", MaxItems=" 5"), *_INPUT),
    Case("page size with an underscore", iam("ListUsers", MaxItems="1_0"), *_INPUT),
    Case("page size in Arabic digits", iam("ListUsers", MaxItems="\u0665"), *_INPUT),
    Case("page size of 10,000 digits", iam("ListUsers", MaxItems="9" * 10_000), *_INPUT),
    Case("page size past 64 bits", iam("ListUsers", MaxItems="9" * 20), 400, ""),
    Case(
        "page size of none", iam("ListUsers", MaxItems="0"), *_INVALID, ".+ value greater than or equal to 1"
    ),
    Case(
        "page size below none",
        iam("ListUsers", MaxItems="-1"),
        *_INVALID,
        ".+ value greater than or equal to 1",
    ),
    Case(
        "page size past the most",
        iam("ListUsers", MaxItems="1001"),
        *_INVALID,
        ".+ less than or equal to 1000",
    ),
    Case("marker that was never given", iam("ListUsers", Marker="QUJD"), *_INVALID, r"Invalid Marker\."),
    Case("empty marker", iam("ListUsers", Marker=""), *_INVALID),
    # Lists.
    Case(
        "tag without a value",
        tagging({"Tags.member.1.Key": "k"}),
        *_INVALID,
        ".+ null at 'tags.1.member.value' .+",
    ),
    Case(
        "tag without a key",
        tagging({"Tags.member.1.Value": "v"}),
        *_INVALID,
        ".+ null at 'tags.1.member.key' .+",
    ),
    Case("no tags at all", tagging({}), *_INVALID, ".+ null at 'tags' .+"),
    Case(
        "tag twice, in another case",
        tagging(
            {
                "Tags.member.1.Key": "K",
                "Tags.member.1.Value": "",
                "Tags.member.2.Key": "k",
                "Tags.member.2.Value": "",
            }
        ),
        400,
        "InvalidInput",
        "Duplicate tag keys found. .+",
    ),
    Case(
        "tag that is reserved",
        tagging({"Tags.member.1.Key": "aws:k", "Tags.member.1.Value": ""}),
        400,
        "InvalidInput",
    ),
    Case("51 tags", tagging(_tags(51)), *_INVALID, ".+ length less than or equal to 50"),
    Case(
        "tag key of 129 characters",
        tagging({"Tags.member.1.Key": "k" * 129, "Tags.member.1.Value": ""}),
        *_INVALID,
    ),
    Case(
        "tag with a control character",
        tagging({"Tags.member.1.Key": "k", "Tags.member.1.Value": "\x01"}),
        *_INVALID,
    ),
    Case("list position as a word", tagging({"Tags.member.x.Key": "k", "Tags.member.x.Value": "v"}), 400, ""),
    Case("list position of 5,000 digits", tagging({f"Tags.member.{'9' * 5000}.Key": "k"}), 400, ""),
    Case("list as a text", tagging({"Tags": "k=v"}), 400, ""),
    Case("structure as a text", tagging({"Tags.member.1": "k"}), 400, ""),
    Case("nested 10,000 deep", tagging({"Tags" + ".member.1" * 10_000: "k"}), 400, ""),
    # Actions and versions.
    Case(
        "action that is none",
        iam("MakeCoffee"),
        *_ACTION,
        "Could not find operation MakeCoffee for version 2010-05-08",
    ),
    Case(
        "action in lower case",
        iam("createuser", UserName="x"),
        *_ACTION,
        "Could not find operation createuser .+",
    ),
    Case(
        "action that is not served",
        iam("CreateLoginProfile", UserName="x"),
        *_ACTION,
        "Could not find operation CreateLoginProfile .+",
    ),
    Case("action with a control character", iam("Get\x01User"), *_ACTION),
    Case(
        "action of Python",
        iam("__class__"),
        *_ACTION,
        "Could not find operation __class__ for version 2010-05-08",
    ),
    Case(
        "action of another service's version",
        lambda s: root(s, {"Action": "CreateUser", "Version": "2011-06-15", "UserName": "x"}),
        403,
        "SignatureDoesNotMatch",
    ),
    Case(
        "version that is none",
        lambda s: root(s, {"Action": "GetUser", "Version": "1999-01-01"}),
        *_ACTION,
        "Could not find operation GetUser for version 1999-01-01",
    ),
    Case(
        "no version",
        lambda s: root(s, {"Action": "GetUser"}),
        *_ACTION,
        "Could not find operation GetUser for version ",
    ),
    Case("no action", lambda s: root(s, {"Version": IAM_VERSION}), 400, "", NAMES_NONE),
    Case("no action, STS", lambda s: signed(s.url, s.user, {"Version": "2011-06-15"}), 400, "", NAMES_NONE),
    Case("empty action", lambda s: root(s, {"Action": "", "Version": IAM_VERSION}), *_ACTION),
    # Bytes.
    Case("broken escape", raw(CREATE_KEY + "&UserName=%zz"), *_QUERY),
    Case("escape cut short", raw(CREATE_KEY + "&UserName=a%2"), *_QUERY),
    Case("escapes that are not UTF-8", raw(CREATE_KEY + "&UserName=%ff%fe"), *_QUERY),
    Case("escapes of a surrogate", raw(CREATE_KEY + "&UserName=%ed%a0%80"), *_QUERY),
    Case("overlong escape of a slash", raw(CREATE_KEY + "&UserName=%c0%af"), *_QUERY),
    Case("bytes that are not UTF-8", raw(CREATE_KEY + "&UserName=\xff"), *_QUERY),
    Case("more than 10,000 parameters", raw(CREATE_KEY + "&a=1" * 10_000), *_QUERY),
    # A later copy of a parameter never replaces an earlier one: two readers of one request agree on the first.
    Case(
        "action twice",
        raw(f"Action=GetUser&Action=CreateAccessKey&Version={IAM_VERSION}&UserName=nobody"),
        404,
        "NoSuchEntity",
    ),
    Case(
        "name twice",
        raw(CREATE_KEY + "&UserName=nobody&UserName={user}"),
        404,
        "NoSuchEntity",
        no_user("nobody"),
    ),
    # What is no query call.
    Case(
        "form on another path",
        lambda s: root(s, form("CreateUser", "iam", UserName="x"), target="/path"),
        400,
        "UnknownOperationException",
    ),
    Case(
        "form by PUT",
        lambda s: root(s, form("CreateUser", "iam", UserName="x"), method="PUT"),
        400,
        "UnknownOperationException",
    ),
    Case(
        "form said to be JSON",
        lambda s: root(
            s, form("CreateUser", "iam", UserName="x"), headers={"Content-Type": "application/json"}
        ),
        400,
        "UnknownOperationException",
    ),
    Case(
        "form in body and query",
        lambda s: root(
            s, urlencode({"UserName": "x"}).encode(), target=f"/?Action=CreateUser&Version={IAM_VERSION}"
        ),
        400,
        "",
        NAMES_NONE,
    ),
]
"""A code of "" is any: AWS's is not known, and no client depends on it."""
