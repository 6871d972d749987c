-- What poles keep for cases, as it was asked for here. Poles hold the truth; this is who, why and where.
CREATE TABLE case_hold (
    hold_id     TEXT PRIMARY KEY,
    device      TEXT NOT NULL,
    camera      TEXT NOT NULL,
    start_at    TEXT NOT NULL,
    end_at      TEXT NOT NULL,
    case_number TEXT NOT NULL,
    agency      TEXT NOT NULL,
    person      TEXT NOT NULL,
    asked_at    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('asked', 'placed', 'refused', 'released')),
                                      -- asked: the pole has not answered; it may have placed it
    released_at TEXT,
    released_by TEXT
) STRICT;

-- Orders that poles must carry out, whenever they are there: the oldest of a device first.
CREATE TABLE device_order (
    number      INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    action      TEXT NOT NULL,        -- JSON of an action of wire.command
    made_at     TEXT NOT NULL,
    next_at     TEXT NOT NULL,        -- by the centre: not before
    error       TEXT                  -- why it was not carried out the last time
) STRICT;
CREATE INDEX device_order_due ON device_order (next_at);
