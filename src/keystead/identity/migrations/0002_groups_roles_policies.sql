-- Counted like users, for quotas and the account summary.
ALTER TABLE account ADD COLUMN groups_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN roles_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN policies_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN profiles_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE iam_group (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (account),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES iam_group (id),
    user_id TEXT NOT NULL REFERENCES iam_user (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_member_by_user ON group_member (user_id);

-- `trust` is the caller's text; `trust_ids` maps the principals that it names to unique ids, in JSON.
CREATE TABLE iam_role (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (account),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    description TEXT,
    max_session_seconds INTEGER NOT NULL,
    trust TEXT NOT NULL,
    trust_ids TEXT NOT NULL,
    last_used_at INTEGER,
    last_used_region TEXT,
    UNIQUE (account, name_key)
);

CREATE TABLE instance_profile (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (account),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    role_id TEXT REFERENCES iam_role (id),
    UNIQUE (account, name_key)
);
CREATE INDEX instance_profile_by_role ON instance_profile (role_id) WHERE role_id IS NOT NULL;

-- Customer managed policies. `next_version` is never reused.
CREATE TABLE managed_policy (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (account),
    id TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    default_version INTEGER NOT NULL,
    next_version INTEGER NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE policy_version (
    policy_id TEXT NOT NULL REFERENCES managed_policy (id),
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (policy_id, number)
);

-- What a user, group or role (by unique id) has attached; the ARN may be of an AWS managed policy.
CREATE TABLE policy_attachment (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    entity TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    UNIQUE (entity, policy_arn)
);
CREATE INDEX policy_attachment_by_policy ON policy_attachment (account, policy_arn);

CREATE TABLE permissions_boundary (
    entity TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    policy_arn TEXT NOT NULL
);
CREATE INDEX permissions_boundary_by_policy ON permissions_boundary (account, policy_arn);

CREATE TABLE inline_policy (
    row INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (entity, name_key)
);
