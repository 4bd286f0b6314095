-- What lets machines register as nodes. Of the code only the digest is kept.
CREATE TABLE ssm_activation (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    code_digest BLOB NOT NULL,
    iam_role TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    registration_limit INTEGER NOT NULL,
    registrations INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX ssm_activation_by_account ON ssm_activation (account, region, created_at);
