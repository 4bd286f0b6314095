"""Ids, names and ARNs of Global Resolver's resources.

Follows facts/dns.md, "Ids, ARNs, permissions": `gr-`, `dnsv-`, `fr-` and `t-` were seen at AWS, the other
prefixes are UNCONFIRMED. The service is global, so its ARNs name no region.
"""

from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import unique_id

SERVICE = "route53globalresolver"
ARN_TYPES = ("global-resolver", "dns-view", "access-source", "access-token", "firewall-domain-list")
TAGGED_TYPES = (*ARN_TYPES, "core-network-endpoint")


def new_id(prefix: str, entropy: Entropy) -> str:
    """Return a fresh id: the prefix and 17 lower-case letters and digits."""
    return unique_id(prefix + "-", entropy).lower()


def arn_of(account: str, kind: str, resource_id: str) -> str:
    """Return the ARN of a resource."""
    return f"arn:aws:{SERVICE}::{account}:{kind}/{resource_id}"


def dns_name(resolver_id: str, domain: str) -> str:
    """Return the name under which clients reach a resolver. Its first label is the id without its prefix."""
    return f"{resolver_id.removeprefix('gr-')}.{SERVICE}.{domain}"
