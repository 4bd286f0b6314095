-- What else the door stores, by its sort: teams, library elements, playlists, snapshots, preferences. `body` is JSON;
-- `folder` is a folder's id where the sort has folders, else 0; names are unique in it where the sort says so.
CREATE TABLE grafana_item (
    workspace TEXT NOT NULL,
    sort TEXT NOT NULL,
    id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    folder INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, sort, id),
    UNIQUE (workspace, sort, uid)
);
CREATE INDEX grafana_item_by_name ON grafana_item (workspace, sort, folder, name);

-- Annotations; dashboard 0 is the organisation. Times are epoch milliseconds.
CREATE TABLE grafana_annotation (
    workspace TEXT NOT NULL,
    id INTEGER NOT NULL,
    dashboard INTEGER NOT NULL,
    panel INTEGER NOT NULL,
    begins_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    author INTEGER NOT NULL,
    login TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX grafana_annotation_by_end ON grafana_annotation (workspace, ends_at);

-- Which library elements a dashboard's panels use.
CREATE TABLE grafana_connection (
    workspace TEXT NOT NULL,
    element TEXT NOT NULL,
    dashboard INTEGER NOT NULL,
    PRIMARY KEY (workspace, element, dashboard)
);
CREATE INDEX grafana_connection_by_dashboard ON grafana_connection (workspace, dashboard);
