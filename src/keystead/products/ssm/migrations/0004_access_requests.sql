-- A request for access to a node. `policy_text` is the policy it is decided by, as it was at that time; `deadline_at`
-- is when the present level of approval times out. What has passed by the clock is judged when a row is read.
CREATE TABLE ssm_access_request (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    requester_arn TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    requester_person TEXT NOT NULL,
    session_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    node TEXT NOT NULL,
    state TEXT NOT NULL,
    policy TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    policy_text TEXT NOT NULL,
    execution TEXT NOT NULL,
    level INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    duration_seconds INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    approved_at INTEGER
);
CREATE INDEX ssm_access_request_by_account ON ssm_access_request (account, region, created_at, id);
CREATE INDEX ssm_access_request_by_execution ON ssm_access_request (execution);
CREATE INDEX ssm_access_request_by_requester ON ssm_access_request (account, region, requester_id, state);

-- Who decided what at which level, each person once.
CREATE TABLE ssm_approval (
    request TEXT NOT NULL,
    level INTEGER NOT NULL,
    person TEXT NOT NULL,
    arn TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    decision TEXT NOT NULL,
    comment TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (request, level, person)
);

-- The credentials that were handed out for a request: all of them end when it is revoked.
CREATE TABLE ssm_access_key (
    credential TEXT PRIMARY KEY,
    request TEXT NOT NULL
);
CREATE INDEX ssm_access_key_by_request ON ssm_access_key (request);

-- What happened to a request, as EventBridge's events tell it.
CREATE TABLE ssm_access_event (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    request TEXT NOT NULL,
    detail_type TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX ssm_access_event_by_request ON ssm_access_event (account, request, row);
