-- What a service-specific credential shows beside what every credential has; its password is a digest elsewhere.
-- `user_name` is the service user name or the alias, which stays when the user is renamed.
CREATE TABLE iam_service_credential (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    service TEXT NOT NULL,
    user_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, service, user_name)
);
CREATE INDEX iam_service_credential_by_owner ON iam_service_credential (account, owner);

-- The account's last credential report.
CREATE TABLE iam_credential_report (
    account TEXT PRIMARY KEY,
    generated_at INTEGER NOT NULL,
    content TEXT NOT NULL
);
