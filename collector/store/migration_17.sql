-- Live traces of a vehicle for a case. What is looked for is deleted when the trace ends; the row
-- stays until no pole follows it any more.
CREATE TABLE trace (
    trace_id    TEXT PRIMARY KEY,     -- UUIDv7
    case_number TEXT NOT NULL,
    agency      TEXT NOT NULL,        -- on whose behalf
    person      TEXT NOT NULL,        -- who began it
    purpose     TEXT NOT NULL,
    basis       TEXT NOT NULL,
    pattern     TEXT,                 -- NULL once it is over
    confusable  INTEGER NOT NULL,
    began_at    TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    ended_at    TEXT,                 -- NULL while it counts
    why         TEXT                  -- expired, closed (the case) or a person's name
) STRICT;

-- How far each pole is with it.
CREATE TABLE device_trace (
    trace_id    TEXT NOT NULL REFERENCES trace ON DELETE CASCADE,
    device      TEXT NOT NULL,
    cameras     TEXT NOT NULL,        -- JSON array of those that are meant; empty: all
    state       TEXT NOT NULL CHECK (state IN ('wanted', 'sent', 'holds', 'without', 'refused')),
                                      -- sent: it may follow it
    code        TEXT,                 -- of wire.codes: why it does not follow it yet
    PRIMARY KEY (trace_id, device)
) STRICT, WITHOUT ROWID;
