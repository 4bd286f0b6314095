-- Buckets. A name is unique for everybody; the id stays what it is, and is what a bucket's keys are good for.
-- `readonly_accounts`, `cors` and `tags` are JSON. Without access logs `log_destination` is empty; it is a name.
CREATE TABLE lightsail_bucket (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    bundle TEXT NOT NULL,
    bundle_changed_at INTEGER,
    created_at INTEGER NOT NULL,
    versioning TEXT NOT NULL,
    is_public INTEGER NOT NULL,
    allows_public_overrides INTEGER NOT NULL,
    readonly_accounts TEXT NOT NULL,
    cors TEXT NOT NULL,
    log_destination TEXT NOT NULL,
    log_prefix TEXT NOT NULL,
    tags TEXT NOT NULL
);
CREATE INDEX lightsail_bucket_by_account ON lightsail_bucket (account, region, row);

-- Which of Lightsail's resources, by name in the bucket's account and region, may use a bucket without a key.
CREATE TABLE lightsail_bucket_grant (
    row INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES lightsail_bucket (id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    UNIQUE (bucket, resource)
);

-- What was done to buckets. Rows stay when the bucket goes: clients ask after the deletion for how it went.
CREATE TABLE lightsail_operation (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    resource TEXT NOT NULL,
    type TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX lightsail_operation_by_account ON lightsail_operation (account, region, row);
CREATE INDEX lightsail_operation_by_resource ON lightsail_operation (account, region, resource, row);

-- What a bucket held, a row per day (UTC midnight, epoch ms): the last look of that day.
CREATE TABLE lightsail_bucket_measure (
    bucket TEXT NOT NULL REFERENCES lightsail_bucket (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (bucket, day)
);
