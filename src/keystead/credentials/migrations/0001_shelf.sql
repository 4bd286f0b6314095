-- Data keys, wrapped by the root key, which is never in the database.
-- `purpose` is `seal` (one per account), `digest` or `marker` (one for the authority, account `*`).
CREATE TABLE data_key (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    purpose TEXT NOT NULL,
    root_key TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

-- Every credential of every kind. `sealed` can be opened, `digest` can only be compared.
-- Row numbers rise with creation: the order of a listing within an owner.
CREATE TABLE credential (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    audience TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    version INTEGER NOT NULL,
    data_key INTEGER NOT NULL REFERENCES data_key (number),
    sealed BLOB,
    digest BLOB,
    client_token TEXT,
    fingerprint BLOB
);
CREATE INDEX credential_by_owner ON credential (account, owner, kind);
CREATE UNIQUE INDEX credential_by_digest ON credential (digest) WHERE digest IS NOT NULL;
CREATE UNIQUE INDEX credential_by_client_token ON credential (account, kind, client_token)
    WHERE client_token IS NOT NULL;
CREATE INDEX credential_by_expiry ON credential (expires_at) WHERE expires_at IS NOT NULL;

-- When a credential was last shown successfully; up to a minute behind.
CREATE TABLE credential_usage (
    id TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL,
    service TEXT NOT NULL,
    region TEXT NOT NULL,
    source TEXT NOT NULL
) WITHOUT ROWID;
