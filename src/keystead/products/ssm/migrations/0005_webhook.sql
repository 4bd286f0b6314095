-- What is still to be posted to the webhook: an event of `ssm_access_event` each, gone once it was taken.
-- `state` is `waiting`, or `dead` once it was tried often enough. `next_at` is when it is tried again, in real time.
CREATE TABLE ssm_webhook (
    row INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX ssm_webhook_by_request ON ssm_webhook (request, state, row);
CREATE INDEX ssm_webhook_by_time ON ssm_webhook (state, next_at);
CREATE UNIQUE INDEX ssm_webhook_by_event ON ssm_webhook (event);
CREATE INDEX ssm_access_event_by_id ON ssm_access_event (id);
CREATE INDEX ssm_access_request_by_deadline ON ssm_access_request (state, deadline_at);
