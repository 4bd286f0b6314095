"""Whether a role's trust policy names a service."""

from typing import Any

import msgspec

from keystead.products.ssm.plain import as_list, as_object


def trusts_service(document: str, service: str) -> bool:
    """Return whether a statement of a trust policy allows `service` to assume the role."""
    # A trust policy was checked when it was saved.
    statements = msgspec.json.decode(document).get("Statement")
    listed = as_list(statements) or [statements]
    return any(_allows(as_object(each) or {}, service) for each in listed)


def _allows(statement: dict[str, Any], service: str) -> bool:
    named = (as_object(statement.get("Principal")) or {}).get("Service")
    return statement.get("Effect") == "Allow" and service in (as_list(named) or [named])
