-- Since when the wanted revision must reach the agency.
ALTER TABLE delivery ADD COLUMN wanted_at TEXT;
-- Agency whose silence brought it about; NULL: a route did.
ALTER TABLE delivery ADD COLUMN instead_of TEXT;
-- What waits for one channel does not lie in another's way.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (channel, next_at) WHERE state IN ('waiting', 'sent');

-- What was handed over, of channels whose messages refer to earlier ones.
CREATE TABLE delivery_message (
    delivery_id TEXT NOT NULL REFERENCES delivery,
    revision    INTEGER NOT NULL,
    due_at      TEXT NOT NULL,        -- the message's own time: wanted_at of its revision
    PRIMARY KEY (delivery_id, revision)
) STRICT, WITHOUT ROWID;

-- Agencies whose acknowledgement is waited for.
CREATE TABLE escalation (
    incident_id TEXT NOT NULL REFERENCES incident,
    agency      TEXT NOT NULL,        -- who has not acknowledged yet
    step        INTEGER NOT NULL DEFAULT 0,  -- rungs of its ladder that were told
    rung_at     TEXT NOT NULL,        -- by the centre: when the agency, or the last rung, was told
    check_at    TEXT NOT NULL,        -- by the centre: not before
    result      TEXT CHECK (result IN ('acknowledged', 'handled', 'exhausted', 'withdrawn')),
                                      -- NULL while it is under way
    PRIMARY KEY (incident_id, agency)
) STRICT, WITHOUT ROWID;
CREATE INDEX escalation_due ON escalation (check_at) WHERE result IS NULL;

-- How often people rejected what a rule of a camera found.
CREATE INDEX incident_rule ON incident (device, camera, rule, opened_at);
CREATE INDEX incident_step_state ON incident_step (state, incident_id);
