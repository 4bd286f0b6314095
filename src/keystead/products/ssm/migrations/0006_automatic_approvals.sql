-- What a policy is asked again by, once another version of it is in force: the requester's tags as JSON. Requests from
-- before this column last an hour at most, and are asked about without.
ALTER TABLE ssm_access_request ADD COLUMN principal_tags TEXT NOT NULL DEFAULT '{}';
CREATE INDEX ssm_access_request_by_approval ON ssm_access_request (account, region, approved_at);
