"""How each door is knocked at, through raw requests that botocore's signer signed. A slice adds its doors."""

from collections.abc import Callable, Mapping

from badinput.wire import Reply, deliver, form, signed
from iam.room import Room
from matrix import bucket_keys, dns_tokens, grafana_tokens, ssm_sessions
from matrix.expectations import CALLER_IDENTITY, DOH, DOT, GRAFANA, IAM, S3, START_SESSION, Outcome
from matrix.shown import Shown

ASKED_FOR = "asked-for"
"""A user of this account, which the IAM door is asked for."""

Knock = Callable[
    [Room, Shown],
    Reply
    | dns_tokens.DNSReply
    | bucket_keys.S3Reply
    | grafana_tokens.GrafanaReply
    | ssm_sessions.SessionReply,
]


def _query_call(service: str, action: str, **members: str) -> Knock:
    def knock(room: Room, shown: Shown) -> Reply:
        sent = signed(
            room.authority.url,
            shown.key,
            form(action, service, **members),
            service=shown.audience or service,
        )
        if shown.is_altered_on_the_way:
            sent = sent.with_body(sent.body + b"&Extra=1")
        return deliver(sent)

    return knock


KNOCKS: Mapping[str, Knock] = {
    CALLER_IDENTITY: _query_call("sts", "GetCallerIdentity"),
    IAM: _query_call("iam", "GetUser", UserName=ASKED_FOR),
    DOT: dns_tokens.over_tls,
    DOH: dns_tokens.over_https,
    S3: bucket_keys.over_s3,
    GRAFANA: grafana_tokens.at_a_workspace,
    START_SESSION: ssm_sessions.start_session,
}


def outcome(
    reply: Reply
    | dns_tokens.DNSReply
    | bucket_keys.S3Reply
    | grafana_tokens.GrafanaReply
    | ssm_sessions.SessionReply,
) -> Outcome:
    """Return what a reply comes to."""
    return Outcome(reply.status, reply.code)
