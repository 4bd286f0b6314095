-- `users` counts the rows of iam_user, so that a quota costs the same with ten users and with a million.
CREATE TABLE account (
    account TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    alias TEXT UNIQUE,
    users INTEGER NOT NULL
);

-- `name_key` is the name in lower case: names are unique, found and sorted without regard to case.
CREATE TABLE iam_user (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (account),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, name_key)
);

-- Tags of any entity, by its unique id. Rows rise with insertion: the order in which tags are listed.
CREATE TABLE tag (
    row INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    key_key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (owner, key_key)
);
