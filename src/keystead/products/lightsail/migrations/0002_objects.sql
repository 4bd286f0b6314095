-- Versions of objects and delete markers. `key` is bytes, so that its order is S3's. The newest row of a key is the
-- latest version. A small body lies in `inline`, last, so that listings do not read it; others in `content`.
CREATE TABLE lightsail_object (
    row INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    version TEXT NOT NULL,
    is_latest INTEGER NOT NULL,
    is_marker INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    part_count INTEGER NOT NULL,
    checksum_algorithm TEXT NOT NULL,
    checksum_type TEXT NOT NULL,
    checksum TEXT NOT NULL,
    acl TEXT NOT NULL,
    headers TEXT NOT NULL,
    tags TEXT NOT NULL,
    content TEXT,
    inline BLOB,
    UNIQUE (bucket, key, version)
);
CREATE UNIQUE INDEX lightsail_object_latest ON lightsail_object (bucket, key) WHERE is_latest = 1;
CREATE INDEX lightsail_object_by_content ON lightsail_object (content) WHERE content IS NOT NULL;

-- The blobs that make up a content, in order. A content is what a large body, or a multipart upload, became; copies
-- share it, and it goes with the last row that names it.
CREATE TABLE lightsail_piece (
    content TEXT NOT NULL,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (content, number)
);

-- Multipart uploads; one that is complete stays a while, with its answer, for a client that asks again.
CREATE TABLE lightsail_upload (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    initiator TEXT NOT NULL,
    checksum_algorithm TEXT NOT NULL,
    checksum_type TEXT NOT NULL,
    acl TEXT NOT NULL,
    headers TEXT NOT NULL,
    tags TEXT NOT NULL,
    finished TEXT,
    finished_at INTEGER
);
CREATE INDEX lightsail_upload_open ON lightsail_upload (bucket, key, row) WHERE finished IS NULL;
