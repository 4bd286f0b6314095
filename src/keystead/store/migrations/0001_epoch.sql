-- The epoch of revocation (DESIGN, section 7): one row, moved on by every commit that takes access away.
CREATE TABLE epoch (
    value INTEGER NOT NULL
);
INSERT INTO epoch (value) VALUES (1);
