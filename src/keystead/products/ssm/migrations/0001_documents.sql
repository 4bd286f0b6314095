-- Documents of Systems Manager, and each of their versions with the exact text that was given.
CREATE TABLE ssm_document (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    target_type TEXT NOT NULL,
    display_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    default_version INTEGER NOT NULL,
    latest_version INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE TABLE ssm_document_version (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    version_name TEXT NOT NULL,
    format TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, region, name, version)
);

-- With whom a document is shared. A record: documents are not read across accounts.
CREATE TABLE ssm_document_share (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    shared_with TEXT NOT NULL,
    PRIMARY KEY (account, region, name, shared_with)
);

-- Tags of everything here; `type` is a ResourceTypeForTagging.
CREATE TABLE ssm_tag (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    type TEXT NOT NULL,
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, type, resource, key)
);

-- Settings that somebody changed; the defaults stand in the program.
CREATE TABLE ssm_service_setting (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
);
