-- Cases of the safety services: who asked for which place, why, and what came of it.
CREATE TABLE service_case (
    case_id     TEXT PRIMARY KEY,     -- UUIDv7
    service     TEXT NOT NULL CHECK (service IN
                ('emergency-video', 'police-dispatch', 'fire-dispatch', 'disaster', 'vulnerable')),
    agency      TEXT NOT NULL,        -- whose officers may see it
    case_number TEXT NOT NULL,        -- the agency's own
    basis       TEXT NOT NULL,        -- legal basis
    purpose     TEXT NOT NULL,
    person      TEXT NOT NULL,        -- who entered it
    asked_at    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'closed')),
    waiting     TEXT,                 -- asked: why it is not approved yet
    lat         REAL,                 -- the place; NULL once personal fields are erased
    lon         REAL,
    accuracy_m  REAL NOT NULL,        -- radius of the circle in which it truly is
    cameras     TEXT NOT NULL,        -- JSON: the ranking, in order, each with its reasons
    minutes_back REAL NOT NULL,       -- how far before asked_at recordings may be seen
    hours       REAL NOT NULL,        -- how long it may be seen
    personal    TEXT,                 -- JSON: requester, subject, address; NULL once erased
    permit_id   TEXT,                 -- the signer's
    rule        TEXT,                 -- standing rule that approved it; NULL when a person did
    decided_at  TEXT,
    decided_by  TEXT,
    expires_at  TEXT,                 -- of the permit
    closed_at   TEXT,
    closed_by   TEXT,
    note        TEXT,                 -- why it was refused or closed
    erased_at   TEXT                  -- when the personal fields were erased
) STRICT;
CREATE INDEX service_case_newest ON service_case (asked_at DESC, case_id DESC);
CREATE INDEX service_case_closed ON service_case (closed_at) WHERE erased_at IS NULL;
