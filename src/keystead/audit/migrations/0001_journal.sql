-- The journal: blocks of events, one JSON document per line, chained by hash. Append-only.
CREATE TABLE audit_block (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    events INTEGER NOT NULL,
    chain BLOB NOT NULL,
    body BLOB NOT NULL
);
