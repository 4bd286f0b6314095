-- A machine that registered with an activation. Its public key (DER) is how it is known; nothing of it is secret.
-- `told` is what its agent last said of itself, in JSON. A deregistered node keeps its row: ids are never given twice.
CREATE TABLE ssm_node (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    activation TEXT NOT NULL,
    iam_role TEXT NOT NULL,
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key BLOB NOT NULL,
    source_address TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    deregistered_at INTEGER,
    pinged_at INTEGER,
    told TEXT NOT NULL
);
CREATE INDEX ssm_node_by_account ON ssm_node (account, region, id);

-- A session of Session Manager. `content` is what its node is ordered to run, in JSON; `credential` is the one that
-- started it, and `access_request` the request behind that, or empty. `ends_because` is the text for its user.
CREATE TABLE ssm_session (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    target TEXT NOT NULL,
    document TEXT NOT NULL,
    session_type TEXT NOT NULL,
    content TEXT NOT NULL,
    reason TEXT NOT NULL,
    owner_arn TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    credential TEXT NOT NULL,
    access_request TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    idle_seconds INTEGER NOT NULL,
    most_seconds INTEGER,
    ends_because TEXT NOT NULL,
    recording TEXT NOT NULL
);
CREATE INDEX ssm_session_by_account ON ssm_session (account, region, started_at);
CREATE INDEX ssm_session_by_state ON ssm_session (state, id);
CREATE INDEX ssm_session_by_request ON ssm_session (account, access_request);

-- Tokens that open one channel once. `purpose` says whose: a client's, a node's data or its control channel.
CREATE TABLE ssm_channel_token (
    digest BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX ssm_channel_token_by_expiry ON ssm_channel_token (expires_at);
