-- A Grafana that stands behind a workspace's door, set by the operator. `serial` changes with every setting; `ca` is
-- PEM, empty for the machine's own authorities. The administrator's token is a kept secret of the credential core.
CREATE TABLE grafana_upstream (
    workspace TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    url TEXT NOT NULL,
    ca TEXT NOT NULL,
    serial TEXT NOT NULL,
    changed_at INTEGER NOT NULL
);

-- The service accounts that were made there, one a role, and the token that each holds now; its text is a kept secret.
-- `minted_at` is real time, because the Grafana there judges its tokens by real time.
CREATE TABLE grafana_upstream_account (
    workspace TEXT NOT NULL,
    role TEXT NOT NULL,
    number INTEGER NOT NULL,
    token_number INTEGER NOT NULL,
    minted_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, role)
);
