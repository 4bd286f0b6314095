-- What a temporary credential stands for: a session of a role or a user. It goes with its credential.
-- `entity` is the role's or user's unique id (`root` for the account root); `issuers` are the ids of the credentials
-- that it came from, in JSON, and it ends with any of them; `scope` is what was passed when it was made, in JSON.
CREATE TABLE session (
    id TEXT PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES account (account),
    type TEXT NOT NULL,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    issuers TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    scope TEXT NOT NULL
);
