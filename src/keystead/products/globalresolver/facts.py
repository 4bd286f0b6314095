"""What is known of each type of resource beside what all have: id, parent, name, state and times.

Kept as JSON in the resource's row (`records.py`); nothing is looked up by any of it.
"""

import msgspec


class ResolverFacts(msgspec.Struct, frozen=True):
    """A global resolver. A resolver without an observability region logs no queries."""

    regions: tuple[str, ...]
    ip_address_type: str
    public_ip_status: str
    observability_region: str | None = None
    description: str | None = None


class ViewFacts(msgspec.Struct, frozen=True):
    """A DNS view: the settings under which its clients' questions are answered."""

    dnssec_validation: str
    edns_client_subnet: str
    firewall_rules_fail_open: str
    description: str | None = None


class SourceFacts(msgspec.Struct, frozen=True):
    """An access source: a network, or a segment of a core network, admitted by one protocol."""

    protocol: str
    ip_address_type: str
    cidr: str | None = None
    core_network_endpoint_id: str | None = None
    segment: str | None = None


class TokenFacts(msgspec.Struct, frozen=True):
    """An access token; its expiry and its value are the credential core's."""


class RuleFacts(msgspec.Struct, frozen=True):
    """A firewall rule: a domain list or an advanced protection, and what is done on a match."""

    action: str
    priority: int
    domain_list_id: str | None = None
    protection: str | None = None
    confidence: str | None = None
    block_response: str | None = None
    override_type: str | None = None
    override_domain: str | None = None
    override_ttl: int | None = None
    query_type: str | None = None
    description: str | None = None


class ListFacts(msgspec.Struct, frozen=True):
    """A firewall domain list. `version` changes with its domains, which are rows of their own."""

    domain_count: int = 0
    version: int = 1
    description: str | None = None
    status_message: str | None = None


class CoreEndpointFacts(msgspec.Struct, frozen=True):
    """A core network endpoint: a record only, as there is no core network here."""

    core_network_arn: str
    regions: tuple[str, ...]
    ip_addresses: tuple[dict[str, str | list[str]], ...]
