-- Private hosted zones. `version` moves on with every change of a zone's records.
CREATE TABLE zone (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    caller_reference TEXT NOT NULL,
    comment TEXT NOT NULL,
    vpc_region TEXT NOT NULL,
    vpc_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (account, caller_reference)
);

-- Sets of records. `name` is in lower case with its final dot; `sort_key` is its labels reversed, the order in which
-- they are listed. `data` holds the values, one a line; `alias` is the name of the set whose values it takes.
CREATE TABLE zone_record_set (
    zone_id TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    ttl INTEGER NOT NULL,
    data TEXT NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (zone_id, sort_key, type)
);

CREATE TABLE zone_change (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    comment TEXT NOT NULL
);

-- Zones that answer the clients of a DNS view. `owner` is the account that associated it.
CREATE TABLE zone_association (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    zone_id TEXT NOT NULL,
    zone_name TEXT NOT NULL,
    view_id TEXT NOT NULL,
    resource_arn TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (view_id, zone_id)
);
CREATE INDEX zone_association_by_zone ON zone_association (zone_id);
