-- The collector's database, version 1. SQLite in WAL mode, synchronous=FULL.
-- Times are text in UTC with six decimals and Z, so that they sort as they read.
-- Ids are UUIDv7 text unless a comment says otherwise.

CREATE TABLE version (
    number      INTEGER PRIMARY KEY,  -- schema version that this file has reached
    applied_at  TEXT NOT NULL         -- when
) STRICT;

CREATE TABLE device (
    device      TEXT PRIMARY KEY,     -- certificate name, {pole}-{generation}
    state       TEXT NOT NULL DEFAULT 'offline' CHECK (state IN ('online', 'offline')),
    boot_id     TEXT,                 -- of the newest presence message
    since       TEXT,                 -- by the device: since when it is so
    version     TEXT,                 -- program version on the device
    reason      TEXT,                 -- why it is offline, in its own words
    heard_at    TEXT,                 -- by the centre: last verified message of any kind
    health      TEXT,                 -- newest Health body, JSON
    health_at   TEXT,                 -- by the centre: when it came
    duplicates  INTEGER NOT NULL DEFAULT 0,  -- redeliveries dropped since enrolment
    gaps_asked  INTEGER NOT NULL DEFAULT 0   -- numbers asked for again
) STRICT;

CREATE TABLE camera_state (
    device      TEXT NOT NULL,
    camera      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('up', 'degraded', 'down')),
    code        TEXT,                 -- fault code of wire.codes, kept even when unknown
    message     TEXT,                 -- the device's own words
    at          TEXT NOT NULL,        -- by the device: since when
    seq         INTEGER NOT NULL,     -- number of the message behind it: an older one never wins
    epoch       TEXT NOT NULL,        -- epoch of that number
    PRIMARY KEY (device, camera)
) STRICT;

CREATE TABLE progress (
    device      TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    contiguous  INTEGER NOT NULL,     -- highest number up to which nothing is missing
    highest     INTEGER NOT NULL,     -- highest number seen
    missing     INTEGER NOT NULL,     -- numbers below it that are neither here nor covered
    begun_at    TEXT NOT NULL,        -- by the centre: first message of this epoch
    PRIMARY KEY (device, epoch)
) STRICT;

CREATE TABLE event (
    id          TEXT PRIMARY KEY,     -- the CloudEvent's id: redeliveries are dropped by it
    device      TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    seq         INTEGER NOT NULL,     -- gap-free within the epoch
    kind        TEXT NOT NULL,        -- finding, loss, epoch, camera, audit; unknown ones are kept
    camera      TEXT,
    finding_id  TEXT,                 -- findings only
    phase       TEXT,                 -- open, update or close
    type        TEXT,                 -- rule type
    severity    TEXT,
    drill       INTEGER NOT NULL DEFAULT 0,
    at          TEXT NOT NULL,        -- the CloudEvent's time, by the device's clock
    received_at TEXT NOT NULL,        -- by the centre
    still       TEXT,                 -- SHA-256 that the event names
    forked      INTEGER NOT NULL DEFAULT 0,  -- 1: its number was taken by another id before
    token       BLOB NOT NULL         -- the JWS as it travelled: the evidence
) STRICT;
-- A number belongs to one id; a second one is kept, but marked as a fork.
CREATE UNIQUE INDEX event_number ON event (device, epoch, seq) WHERE forked = 0;
CREATE INDEX event_finding ON event (finding_id) WHERE finding_id IS NOT NULL;
CREATE INDEX event_still ON event (still) WHERE still IS NOT NULL;
CREATE INDEX event_received ON event (received_at);

CREATE TABLE covered (
    device      TEXT NOT NULL,        -- numbers that are settled without an event of their own
    epoch       TEXT NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL CHECK (last >= first),
    why         TEXT NOT NULL CHECK (why IN ('loss', 'refused')),
    event_id    TEXT NOT NULL,        -- the loss record, or the refused message
    PRIMARY KEY (device, epoch, first, last, why)
) STRICT, WITHOUT ROWID;

CREATE TABLE still (
    sha256      TEXT PRIMARY KEY,     -- of the JPEG bytes, lower-case hex
    device      TEXT NOT NULL,
    received_at TEXT NOT NULL,
    named       INTEGER NOT NULL,     -- 1 when a verified event names it; else held for a while
    jpeg        BLOB NOT NULL
) STRICT;
CREATE INDEX still_held ON still (received_at) WHERE named = 0;

CREATE TABLE still_lost (
    sha256      TEXT PRIMARY KEY,     -- named in a loss record: it will not come
    event_id    TEXT NOT NULL         -- that record
) STRICT;

CREATE TABLE quarantine (
    number      INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,        -- by the centre
    topic       TEXT NOT NULL,        -- at most 200 characters of it
    signer      TEXT,                 -- whose signature held; NULL when none did
    reason      TEXT NOT NULL,        -- stable word: signature, source, schema, version, fork, …
    detail      TEXT NOT NULL,
    bytes       INTEGER NOT NULL,     -- length of the whole payload
    payload     BLOB NOT NULL         -- the payload, cut at the configured bound
) STRICT;
CREATE INDEX quarantine_reason ON quarantine (reason, number);

CREATE TABLE security_log (
    number      INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,        -- first time within its minute
    what        TEXT NOT NULL,        -- stable word
    device      TEXT,                 -- whom the topic names
    detail      TEXT NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,  -- how often within that minute
    quarantine  INTEGER               -- number of the first message kept
) STRICT;

CREATE TABLE counter (
    name        TEXT PRIMARY KEY,     -- e.g. quarantine.evicted, still.orphaned
    value       INTEGER NOT NULL
) STRICT;

CREATE TABLE incident (
    incident_id TEXT PRIMARY KEY,
    revision    INTEGER NOT NULL,     -- grows with every change that agencies must know
    type        TEXT NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('minor', 'moderate', 'severe')),
    certainty   TEXT NOT NULL CHECK (certainty IN ('possible', 'likely', 'observed')),
    confidence  REAL NOT NULL,        -- highest of its findings
    state       TEXT NOT NULL
                CHECK (state IN ('open', 'notified', 'acknowledged', 'confirmed', 'rejected', 'closed')),
    drill       INTEGER NOT NULL,
    device      TEXT NOT NULL,
    camera      TEXT NOT NULL,
    zone        TEXT,
    rule        TEXT NOT NULL,        -- of the first finding
    opened_at   TEXT NOT NULL,        -- by the device: when it began
    active_at   TEXT NOT NULL,        -- by the device: last activity, for joining
    observed_at TEXT NOT NULL,        -- arrival at the pole of the frame behind this revision
    ended_at    TEXT,                 -- by the device: when the last finding ended; NULL while going on
    updated_at  TEXT NOT NULL,        -- by the centre
    closed_at   TEXT,                 -- by the centre: when a person closed it
    still       TEXT,                 -- SHA-256 of its picture
    box         TEXT,                 -- JSON [x, y, w, h] in fractions of the frame
    clip_start  TEXT,                 -- where on the pole's ring the video is
    clip_end    TEXT,
    text_ko     TEXT NOT NULL,
    text_en     TEXT NOT NULL
) STRICT;
CREATE INDEX incident_newest ON incident (opened_at DESC, incident_id DESC);
CREATE INDEX incident_place ON incident (device, camera, type, active_at);

CREATE TABLE incident_finding (
    finding_id  TEXT PRIMARY KEY,     -- a finding belongs to one incident
    incident_id TEXT NOT NULL REFERENCES incident,
    boot_id     TEXT NOT NULL,        -- of the device when it was found: it cannot end after another boot
    ended       INTEGER NOT NULL      -- 1 after its phase close
) STRICT;
CREATE INDEX incident_finding_of ON incident_finding (incident_id);
CREATE INDEX incident_finding_open ON incident_finding (boot_id) WHERE ended = 0;

CREATE TABLE incident_event (
    incident_id TEXT NOT NULL REFERENCES incident,
    event_id    TEXT NOT NULL REFERENCES event,
    PRIMARY KEY (incident_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_step (
    number      INTEGER PRIMARY KEY,  -- the life of an incident: who did what and when
    incident_id TEXT NOT NULL REFERENCES incident,
    at          TEXT NOT NULL,
    state       TEXT NOT NULL,
    person      TEXT,                 -- NULL for what the system or an agency's machine did
    agency      TEXT,
    note        TEXT
) STRICT;
CREATE INDEX incident_step_of ON incident_step (incident_id, number);

CREATE TABLE delivery (
    delivery_id TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incident,
    agency      TEXT NOT NULL,
    channel     TEXT NOT NULL,        -- mqtt, later cap, webhook
    wanted      INTEGER NOT NULL,     -- newest revision that must reach it
    sent        INTEGER NOT NULL DEFAULT 0,  -- newest revision that was handed to the channel
    acked       INTEGER NOT NULL DEFAULT 0,  -- newest revision that the agency confirmed
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,  -- for the wanted revision
    next_at     TEXT NOT NULL,        -- by the centre: not before
    still_sent  TEXT,                 -- SHA-256 of the picture that was sent with it
    error       TEXT,                 -- last failure, with its remedy
    first_at    TEXT,                 -- first time handed to the channel
    acked_at    TEXT,                 -- first acknowledgement, by the centre's clock
    answer      TEXT,                 -- received, accepted or refused
    officer     TEXT,
    UNIQUE (incident_id, agency, channel)
) STRICT;
CREATE INDEX delivery_due ON delivery (next_at) WHERE state IN ('waiting', 'sent');

CREATE TABLE ledger (
    number      INTEGER PRIMARY KEY,  -- 1, 2, 3 … without a gap
    at          TEXT NOT NULL,
    kind        TEXT NOT NULL,        -- grant.issued, view.opened, view.refused, view.ended, …
    commitment  TEXT NOT NULL,        -- SHA-256 of salt and fields, hex
    previous    TEXT NOT NULL,        -- hash of the entry before; 64 zeros for the first
    hash        TEXT NOT NULL UNIQUE  -- SHA-256 over number, at, kind, commitment, previous
) STRICT;

CREATE TABLE ledger_fields (
    number      INTEGER PRIMARY KEY REFERENCES ledger,
    salt        BLOB NOT NULL,        -- 32 random bytes: without them nothing can be guessed
    fields      TEXT NOT NULL         -- canonical JSON; erased as a row when its time is over
) STRICT;
