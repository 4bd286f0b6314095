-- In which order accounts were made, from 0 for the one that `init` made: `created_at` is by a clock that can be moved.
ALTER TABLE account ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
