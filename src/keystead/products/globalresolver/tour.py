"""Global Resolver's stop on `keystead tour`: a token resolves private names until it is deleted."""

import ssl
from collections.abc import Callable
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import dns.rcode

from keystead.products.globalresolver.door.message import ACCESS_TOKEN_OPTION
from keystead.products.globalresolver.kinds import ACCESS_TOKEN
from keystead.products.stops import Guide, Response, Shut, Stop

_ZONE, _HOST, _ADDRESS = "corp.internal.", "build.corp.internal.", "10.20.30.40"


def _visit(guide: Guide) -> None:
    root = guide.root
    gr = "route53globalresolver"
    resolver = root.does(gr, "create_global_resolver", _named, name="office", regions=["us-east-1"])
    view = root.does(gr, "create_dns_view", _named, globalResolverId=resolver["id"], name="laptops")
    token = root.does(gr, "create_access_token", _shown, dnsViewId=view["id"], name="ada")
    private = {"PrivateZone": True}
    zone = root.does(
        "route53", "create_hosted_zone", _zone, Name=_ZONE, CallerReference="tour", HostedZoneConfig=private
    )
    record = {"Name": _HOST, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": _ADDRESS}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    root.does("route53", "change_resource_record_sets", HostedZoneId=zone_id, ChangeBatch=batch)
    root.does(gr, "associate_hosted_zone", hostedZoneId=zone_id, resourceArn=view["arn"], name="corp")

    with_token, question = _asking(guide, token["value"]), f"DNS over TLS: {_HOST} A"
    guide.opens("ada", question, with_token)
    guide.is_shut("nobody", f"{question}, without a token", _asking(guide, None))
    guide.is_shut("impostor", f"{question}, one letter changed", _asking(guide, token["value"][::-1]))
    root.does(gr, "delete_access_token", accessTokenId=token["id"])
    guide.is_shut("ada", question, with_token)


def _asking(guide: Guide, token: str | None) -> Callable[[], str]:
    """Return what asks the DoT door, with or without a token, and says what it answered."""
    address, _, port = (guide.ready["dot"] or "").rpartition(":")
    authority = Path(guide.ready["data"] or "") / "tls" / "ca.pem"

    def knock() -> str:
        options: list[dns.edns.Option] = []
        if token is not None:
            options.append(
                dns.edns.GenericOption(dns.edns.OptionType.make(ACCESS_TOKEN_OPTION), token.encode())
            )
        query = dns.message.make_query(_HOST, "A", use_edns=True, options=options)
        context = ssl.create_default_context(cafile=authority)
        # One parameter of many, which is not used here, is untyped.
        answer = dns.query.tls(  # pyright: ignore[reportUnknownMemberType]
            query, address, port=int(port), timeout=5, ssl_context=context, server_hostname="localhost"
        )
        if answer.rcode() != dns.rcode.NOERROR:
            raise Shut(dns.rcode.to_text(answer.rcode()))
        return ", ".join(rrset.to_text() for rrset in answer.answer)

    return knock


def _named(answer: Response) -> str:
    return f"{answer['id']}, {answer['status']}"


def _zone(answer: Response) -> str:
    return str(answer["HostedZone"]["Id"])


def _shown(answer: Response) -> str:
    """Return the token without its value, which the client has now."""
    return f"{answer['id']} and a value of {len(answer['value'])} characters"


STOPS = [Stop(ACCESS_TOKEN, "Route53GlobalResolver.CreateAccessToken", "DNS over TLS and HTTPS", _visit)]
