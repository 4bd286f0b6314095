-- Every resource of Global Resolver. `parent` is a resolver, or the view of a source, token or rule; `resolver` is
-- the resolver above. `facts` is JSON of what only its type has (facts.py). A client token makes one resource.
CREATE TABLE globalresolver_resource (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    account TEXT NOT NULL,
    parent TEXT NOT NULL,
    resolver TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    client_token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    facts BLOB NOT NULL,
    UNIQUE (account, type, client_token)
);
CREATE INDEX globalresolver_resource_by_account ON globalresolver_resource (account, type, row);
CREATE INDEX globalresolver_resource_by_parent ON globalresolver_resource (parent, type, row);
CREATE INDEX globalresolver_resource_by_resolver ON globalresolver_resource (resolver, type, row);

-- The domains of firewall domain lists, in lower case without the final dot.
CREATE TABLE globalresolver_domain (
    list TEXT NOT NULL,
    domain TEXT NOT NULL,
    PRIMARY KEY (list, domain)
);

-- Views that are shared with other accounts, by whoever runs this authority.
CREATE TABLE globalresolver_share (
    view_id TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (view_id, account)
);
