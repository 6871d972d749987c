-- Plates of vehicles that somebody confirmed by eye as an administrative incident's; nothing else of what
-- the pole told is kept. Gone with the case (retention.case_days after the incident's end).
CREATE TABLE confirmed_plate (
    incident_id  TEXT NOT NULL REFERENCES incident (incident_id),
    sha256       TEXT NOT NULL,        -- of the crop, as the pole's diary has it
    jpeg         BLOB NOT NULL,
    text         TEXT NOT NULL,        -- as the pole read it
    confidence   REAL NOT NULL,
    read_at      TEXT NOT NULL,        -- by the pole's clock
    type         TEXT,
    color        TEXT,
    direction    TEXT,
    confirmed_at TEXT NOT NULL,
    person       TEXT NOT NULL,
    agency       TEXT NOT NULL,        -- on whose behalf
    case_number  TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    basis        TEXT NOT NULL,
    PRIMARY KEY (incident_id, sha256)
) STRICT;
