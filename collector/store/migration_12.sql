-- Whether a case is an exercise.
ALTER TABLE service_case ADD COLUMN drill INTEGER NOT NULL DEFAULT 0;
CREATE INDEX service_case_incident ON service_case (incident_id) WHERE incident_id IS NOT NULL;

-- Alerts of disaster rooms and of our own people, each with its Updates.
CREATE TABLE disaster (
    disaster_id TEXT PRIMARY KEY,     -- UUIDv7
    room        TEXT,                 -- name of the sending machine in collector.yaml; NULL: typed in here
    agency      TEXT NOT NULL,        -- whose officers see its case
    state       TEXT NOT NULL CHECK (state IN ('active', 'cancelled', 'expired', 'closed')),
    drill       INTEGER NOT NULL,
    sent        TEXT NOT NULL,        -- of the newest message that counted, by its sender
    expires_at  TEXT,                 -- as that message says
    told        TEXT,                 -- JSON: event, text, severity, area; NULL: cancelled before it came
    case_id     TEXT,                 -- its newest case
    incident_id TEXT,                 -- its newest incident
    opened_at   TEXT NOT NULL,        -- by the centre
    updated_at  TEXT NOT NULL,
    why         TEXT                  -- why it is over
) STRICT;
CREATE INDEX disaster_newest ON disaster (opened_at DESC, disaster_id DESC);
CREATE INDEX disaster_due ON disaster (expires_at) WHERE state = 'active';
CREATE INDEX disaster_incident ON disaster (incident_id) WHERE incident_id IS NOT NULL;

-- Which alert each message belongs to, by what later ones call it: those that came, and those that
-- were named before they came.
CREATE TABLE disaster_reference (
    room        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    identifier  TEXT NOT NULL,
    sent        TEXT NOT NULL,
    disaster_id TEXT NOT NULL REFERENCES disaster,
    PRIMARY KEY (room, sender, identifier, sent)
) STRICT, WITHOUT ROWID;
CREATE INDEX disaster_reference_of ON disaster_reference (disaster_id);

-- Every document that a room sent, and what became of it: also those that cannot be read.
CREATE TABLE disaster_message (
    number      INTEGER PRIMARY KEY,
    room        TEXT NOT NULL,
    received_at TEXT NOT NULL,
    sender      TEXT,                 -- NULL when it could not be read
    identifier  TEXT,
    sent        TEXT,
    msg_type    TEXT,
    status      TEXT,
    disaster_id TEXT REFERENCES disaster,
    act         TEXT NOT NULL CHECK (act IN ('open', 'change', 'end', 'forestall', 'note', 'refuse')),
    code        TEXT,                 -- fault code, when it was refused
    detail      TEXT NOT NULL,        -- why
    bytes       INTEGER NOT NULL,     -- of the whole document
    document    BLOB NOT NULL         -- its beginning
) STRICT;
-- What was taken once is not taken again; what was refused may be sent again and judged anew.
CREATE UNIQUE INDEX disaster_message_once ON disaster_message (room, sender, identifier, sent)
    WHERE act <> 'refuse' AND sender IS NOT NULL;
CREATE INDEX disaster_message_refused ON disaster_message (number) WHERE act = 'refuse';
CREATE INDEX disaster_message_of ON disaster_message (disaster_id);

-- Permits that are over by the word of a machine: the signer must hear it.
CREATE TABLE permit_ending (
    number      INTEGER PRIMARY KEY,
    permit_id   TEXT NOT NULL,
    cameras     TEXT NOT NULL,        -- JSON: these alone; []: the whole permit
    case_number TEXT NOT NULL,
    why         TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    error       TEXT                  -- why the signer has not heard it yet
) STRICT;
