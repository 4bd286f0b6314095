"""What to tell an administrator about a refusal: what was checked, and what to do next. One entry per reason.

The callers themselves are told less, in AWS's words (`access.refusals`).
"""

from collections.abc import Mapping
from typing import NamedTuple

from keystead.access.explanations import Considered, Explanation
from keystead.access.sigv4 import Reason


class Advice(NamedTuple):
    """`check` says what was looked at and found wrong, `next` what to do. Templates are filled from the details."""

    check: str
    next: str


def advise(explanation: Explanation) -> Advice:
    """Return what an explanation comes to. Every explanation gets an answer."""
    match explanation.check:
        case "authentication":
            advice = AUTHENTICATION[Reason(explanation.reason)]
            words = _Words(explanation.details)
            return Advice(advice.check.format_map(words), advice.next.format_map(words))
        case "authorisation":
            return _denied(explanation)
        case check:
            return OTHER.get(check, OTHER["internal"])


class _Words(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "(not said)"


def _denied(explanation: Explanation) -> Advice:
    action, resource = explanation.action, explanation.resource
    by = explanation.decided_by
    if by is not None:
        return Advice(
            f"{_named(by)} denies {action} on {resource}. A Deny wins over every Allow.",
            "Change or detach that policy, or narrow the statement by resource or condition; an Allow cannot help.",
        )
    check = f"No {_LAYERS.get(_layer(explanation), 'policy')} allows {action} on {resource}."
    steps = [_about(one) for one in explanation.near]
    if explanation.missing_keys:
        steps.append(
            f"The request had no {', '.join(explanation.missing_keys)}, which statements about this action ask for."
        )
    if not steps:
        steps = [
            f"No statement that bears on the caller speaks of {action}: attach a policy that allows it, and check"
            " the spelling of actions with `SimulatePrincipalPolicy`."
        ]
    return Advice(check, " ".join(steps))


def _layer(explanation: Explanation) -> str:
    return explanation.reason.partition(" ")[2]


def _named(one: Considered) -> str:
    sid = f" (Sid {one.sid})" if one.sid else ""
    return (
        f"Statement {one.statement}{sid}, line {one.line}, of {_KINDS.get(one.kind, 'policy')} {one.policy}"
    )


def _about(one: Considered) -> str:
    why = (
        "its Resource does not include this one"
        if one.fails_on == "resource"
        else "its Condition does not hold for this request"
    )
    return f"{_named(one)} allows the action, but {why}."


_KINDS = {
    "user": "the user's inline policy",
    "group": "a group's inline policy",
    "role": "the role's inline policy",
    "aws-managed": "the AWS managed policy",
    "user-managed": "the managed policy",
    "resource": "the resource's policy",
    "none": "the policy",
}
_LAYERS = {
    "identity": "identity policy of the caller",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "policy of the resource",
    "trust": "trust policy of the role",
    "service-control": "service control policy",
}

OTHER: Mapping[str, Advice] = {
    "input": Advice(
        "The caller is known; the request breaks the operation's model.",
        "Correct the members named below; botocore checks required members and types before sending, and no more.",
    ),
    "routing": Advice(
        "No operation of that name and version is served here.",
        "See docs/reference/operations.md for what is. If the client meant another service, its endpoint is wrong.",
    ),
    "operation": Advice(
        "The caller may do this; the operation itself said no, in an error of its model.",
        "The caller's own error message names the thing that is missing, taken, in use or beyond a quota.",
    ),
    "limit": Advice(
        "The account made more requests of this service than its limit allows.",
        "Slow down, or have SDKs retry adaptively; the setting `limits` says how many there may be.",
    ),
    "internal": Advice(
        "The authority itself failed.",
        "The server's log has the rest under this request id; `keystead doctor` looks at the disk.",
    ),
}

_TOKENS = (
    "Have the client take all three parts of its credential from the same place, and remove the other ones."
)
_SCOPE = "Set the client's region and service; a proxy may have sent it to the wrong endpoint."
_CLOCK = "Set the clock of the client's machine, and of this one: `keystead doctor` looks at it."
_SIGNER = "An SDK does not send this: look at the signer, or at a proxy that rewrites headers."
_PROXY_HEADERS = (
    "If a proxy adds headers, have it leave x-amz-* and Host alone: docs/how-to/behind-a-proxy.md."
)
_KEY = "`keystead creds show KEY-ID` says whose it is and what became of it; `keystead creds ls` lists all."

AUTHENTICATION: Mapping[Reason, Advice] = {
    Reason.MISSING_AUTHENTICATION: Advice(
        "The request carried no signature at all.",
        'Give the client credentials: `eval "$(keystead env)"`. If it had some, a proxy may drop Authorization.',
    ),
    Reason.MORE_THAN_ONE_MECHANISM: Advice(
        "It was signed both in its query and in its Authorization header.", f"Use one of them. {_SIGNER}"
    ),
    Reason.UNSUPPORTED_ALGORITHM: Advice(
        "Its signing algorithm is not AWS4-HMAC-SHA256.", "Configure the client for Signature Version 4."
    ),
    Reason.NOT_KEY_VALUE: Advice("Its Authorization header is not a list of key=value parts.", _SIGNER),
    Reason.UNEXPECTED_PARAMETER: Advice(
        "Its Authorization header repeats a part, or has one of its own.", _SIGNER
    ),
    Reason.MISSING_PARAMETERS: Advice("Its Authorization header lacks {missing}.", _SIGNER),
    Reason.MISSING_QUERY_PARAMETERS: Advice("Its query lacks {missing}.", _SIGNER),
    Reason.MISSING_DATE: Advice("It has neither X-Amz-Date nor Date.", _SIGNER),
    Reason.DATE_FORM: Advice("Its date is not of the form YYYYMMDDThhmmssZ.", _SIGNER),
    Reason.CREDENTIAL_FORM: Advice(
        "Its credential scope is not KEY/DATE/REGION/SERVICE/aws4_request.",
        f"A key id or region with a slash in it does that: look at the client's configuration. {_SIGNER}",
    ),
    Reason.SIGNED_HEADERS_FORM: Advice(
        "Its SignedHeaders are not sorted lower-case names, each once.", _SIGNER
    ),
    Reason.EXPIRES_NOT_A_NUMBER: Advice(
        "Its X-Amz-Expires is no number.", "Presign with 1 to 604800 seconds."
    ),
    Reason.EXPIRES_NEGATIVE: Advice("Its X-Amz-Expires is negative.", "Presign with 1 to 604800 seconds."),
    Reason.EXPIRES_TOO_LONG: Advice(
        "It was presigned for more than 7 days.", "Presign with 1 to 604800 seconds."
    ),
    Reason.CONTENT_SHA256_MISSING: Advice("It lacks x-amz-content-sha256, which S3 needs.", _SIGNER),
    Reason.CONTENT_SHA256_FORM: Advice(
        "Its x-amz-content-sha256 is neither a digest nor a known word.", _SIGNER
    ),
    Reason.UNKNOWN_KEY: Advice(
        "No access key of that id signs requests here: it was never made here, was deleted, or is of another kind.",
        f'{_KEY} A key of the real AWS does not work here: `eval "$(keystead env)"`.',
    ),
    Reason.INACTIVE_KEY: Advice(
        "The access key was switched off, has expired, or went while the request was under way.",
        f"{_KEY} `keystead creds activate KEY-ID` switches it on again.",
    ),
    Reason.MISSING_TOKEN: Advice("The key is a session's, and no session token came with it.", _TOKENS),
    Reason.BAD_TOKEN: Advice(
        "The session token is not that of the key; a long-term key has none.",
        f"An AWS_SESSION_TOKEN left over in the environment does that. {_TOKENS}",
    ),
    Reason.EXPIRED_SESSION: Advice(
        "The session has ended.", "Assume the role, or ask for the session, again."
    ),
    Reason.CLOCK_EARLY: Advice(
        "It was signed at {request_time}; at {now} it had to be after {edge}.",
        f"{_CLOCK} A request that waited in a queue has to be signed anew.",
    ),
    Reason.CLOCK_LATE: Advice(
        "It was signed at {request_time}; at {now} it had to be before {edge}.", _CLOCK
    ),
    Reason.PRESIGN_NOT_YET: Advice("It is good from {request_time} on; it was {now}.", _CLOCK),
    Reason.PRESIGN_EXPIRED: Advice("It was presigned until {expires_at}; it was {now}.", "Presign it anew."),
    Reason.SCOPE_DATE: Advice("Its scope is of {given}, its date of {expected}.", _SIGNER),
    Reason.SCOPE_REGION: Advice(
        "Its scope names region {given}; expected {expected} or another served one.", _SCOPE
    ),
    Reason.SCOPE_SERVICE: Advice("Its scope names the service {given}; expected {expected}.", _SCOPE),
    Reason.SCOPE_TERMINATOR: Advice("Its scope ends in {given}; expected {expected}.", _SIGNER),
    Reason.HOST_NOT_SIGNED: Advice("Host is not among its signed headers.", _SIGNER),
    Reason.HEADERS_NOT_SIGNED: Advice("These headers were sent and not signed: {names}.", _PROXY_HEADERS),
    Reason.SIGNED_HEADER_ABSENT: Advice("A header that was signed did not arrive.", _PROXY_HEADERS),
    Reason.SIGNATURE_MISMATCH: Advice(
        "The signature is not the one that this request should have with that key.",
        "Compare the string to sign below with the client's own (boto3: `boto3.set_stream_logger('botocore.auth')`;"
        " aws CLI: `--debug`). If they are equal, the secret access key is wrong. If they differ, the canonical"
        f" requests do, and the first line in which they differ says what was changed on the way. {_PROXY_HEADERS}",
    ),
    Reason.V2_QUERY_INCOMPLETE: Advice(
        "It was presigned with Signature Version 2 and lacks a part of it.",
        "Presign it anew: AWSAccessKeyId, Expires and Signature go together.",
    ),
    Reason.V2_EXPIRES_FORM: Advice(
        "Its Expires, of Signature Version 2, is no time in epoch seconds.", "Presign it anew."
    ),
    Reason.V2_EXPIRED: Advice(
        "It was presigned with Signature Version 2 for a time that is over.", "Presign it anew."
    ),
    Reason.CONTENT_SHA256_MISMATCH: Advice(
        "The body is not the one whose hash was signed.", "Something on the way changed the body, or cut it."
    ),
}
