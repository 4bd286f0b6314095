-- Who may do what with a folder or dashboard: one of role, person (a service account or user) and team says who; level is
-- 1 View, 2 Edit, 4 Admin. Folders and dashboards have one series of numbers. What lies in a folder inherits its lines.
CREATE TABLE grafana_acl (
    workspace TEXT NOT NULL,
    object INTEGER NOT NULL,
    role TEXT NOT NULL,
    person INTEGER NOT NULL,
    team INTEGER NOT NULL,
    level INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, object, role, person, team)
);

-- What was made before has the lines that new ones get: everybody views, Editors edit.
INSERT INTO grafana_acl SELECT workspace, id, 'VIEWER', 0, 0, 1, created_at, created_at FROM grafana_folder;
INSERT INTO grafana_acl SELECT workspace, id, 'EDITOR', 0, 0, 2, created_at, created_at FROM grafana_folder;
INSERT INTO grafana_acl
    SELECT workspace, id, 'VIEWER', 0, 0, 1, created_at, created_at FROM grafana_dashboard WHERE folder = 0;
INSERT INTO grafana_acl
    SELECT workspace, id, 'EDITOR', 0, 0, 2, created_at, created_at FROM grafana_dashboard WHERE folder = 0;

-- Folders in folders: `parent` 0 is the root, and a title is unique among its neighbours.
CREATE TABLE grafana_nested_folder (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    parent INTEGER NOT NULL,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (workspace, id),
    UNIQUE (workspace, uid),
    UNIQUE (workspace, parent, title)
);
INSERT INTO grafana_nested_folder
    SELECT workspace, id, uid, 0, title, version, created_at, created_by, updated_at, updated_by FROM grafana_folder;
DROP TABLE grafana_folder;
ALTER TABLE grafana_nested_folder RENAME TO grafana_folder;
