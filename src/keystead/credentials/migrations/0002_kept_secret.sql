-- Secrets of others that the authority shows elsewhere, sealed like credentials: it is no judge of what they open.
CREATE TABLE kept_secret (
    name TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    data_key INTEGER NOT NULL REFERENCES data_key (number),
    sealed BLOB NOT NULL
);
CREATE INDEX kept_secret_by_key ON kept_secret (account, data_key);
