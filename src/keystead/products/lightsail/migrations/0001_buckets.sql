-- Buckets. A name is unique for everybody; the id stays what it is, and is what a bucket's keys are good for.
CREATE TABLE lightsail_bucket (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    bundle TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    versioning TEXT NOT NULL,
    is_public INTEGER NOT NULL,
    allows_public_overrides INTEGER NOT NULL,
    readonly_accounts TEXT NOT NULL,
    cors TEXT NOT NULL
);
CREATE INDEX lightsail_bucket_by_account ON lightsail_bucket (account, region, name);
