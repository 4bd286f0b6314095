"""What routes need that `roles` has no word for yet: each by an action of the same role, which refusals then name.

Grafana's own words are `orgs:write`, `apikeys:read`, `apikeys:create` and `apikeys:delete`.
"""

ORGS_WRITE = "orgs.preferences:write"
KEYS_READ = "serviceaccounts:read"
KEYS_CREATE = "serviceaccounts:create"
KEYS_DELETE = "serviceaccounts:delete"
