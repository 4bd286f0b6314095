-- Workspaces. `facts` is JSON of the optional members; `status` holds until `settles_at`, after which a workspace is
-- ACTIVE, and one that was DELETING is gone. A client token makes one workspace.
CREATE TABLE grafana_workspace (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    settles_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    client_token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    configuration TEXT NOT NULL,
    facts BLOB NOT NULL,
    UNIQUE (account, region, client_token)
);
CREATE INDEX grafana_workspace_by_account ON grafana_workspace (account, region, id);

-- The last number that was given out, per workspace and series: an id is never given twice.
CREATE TABLE grafana_number (
    workspace TEXT NOT NULL,
    series TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (workspace, series)
);

-- Service accounts. The login is derived from the name at creation and stays; role is VIEWER, EDITOR or ADMIN.
CREATE TABLE grafana_service_account (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    is_disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, login)
);

-- Tokens of service accounts; the credential core holds digest, expiry and status under `credential`.
CREATE TABLE grafana_token (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    service_account INTEGER NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL UNIQUE,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, name)
);

-- Workspace API keys, the older sort, which act with a role of their own.
CREATE TABLE grafana_api_key (
    workspace TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    credential TEXT NOT NULL UNIQUE,
    PRIMARY KEY (workspace, name)
);

-- Which users and groups of the identity provider have which role.
CREATE TABLE grafana_permission (
    workspace TEXT NOT NULL,
    user_type TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (workspace, user_type, user_id)
);

-- What the door stores: folders, dashboards and their versions, data sources. `folder` 0 is General.
CREATE TABLE grafana_folder (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, uid),
    UNIQUE (workspace, title)
);
CREATE TABLE grafana_dashboard (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    folder INTEGER NOT NULL,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    tags BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, uid),
    UNIQUE (workspace, folder, title)
);
CREATE TABLE grafana_dashboard_version (
    workspace TEXT NOT NULL,
    dashboard INTEGER NOT NULL,
    version INTEGER NOT NULL,
    id INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    restored_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    message TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, dashboard, version)
);
CREATE TABLE grafana_datasource (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, uid),
    UNIQUE (workspace, name)
);
