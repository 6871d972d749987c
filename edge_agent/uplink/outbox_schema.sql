-- The outbox of one device: what was committed and has no receipt yet. One row is one message as it
-- will travel, signed bytes included, so that every redelivery is byte-identical.
-- SQLite in WAL mode with synchronous=FULL; one process, one connection.

-- The outbox itself; always exactly one row.
CREATE TABLE outbox (
    -- Holds the table at one row.
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- Certificate name that the tokens below are signed as. A board swap brings another name, and
    -- with it another outbox.
    device TEXT NOT NULL,
    -- Seconds that this outbox has been open, over all starts. Ages are counted on it: a pole's wall
    -- clock may be hours or years off, and a time switched off is no time in which to deliver.
    lived_s REAL NOT NULL DEFAULT 0 CHECK (lived_s >= 0),
    -- Events ever given up here, each named in a loss record.
    lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    -- Bytes of all tokens and stills below, kept by the triggers at the end.
    bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every epoch of numbers that this outbox knows, ended ones too: the collector may still ask.
CREATE TABLE epoch (
    -- UUIDv7 text.
    id TEXT PRIMARY KEY,
    -- 1, 2, … in the order in which they were met here; the highest is the one that numbers come from.
    ordinal INTEGER NOT NULL UNIQUE CHECK (ordinal >= 1),
    -- Why it began, as in EpochStart; NULL for one that is known from its mark only.
    reason TEXT,
    -- Wall clock, for people.
    began_at TEXT NOT NULL,
    -- Highest number given out. Raised in the transaction that stores the message of that number.
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    -- Highest number up to which the collector said that nothing is missing. Never used to delete:
    -- after a fork the collector's number may be another message of the same number.
    contiguous INTEGER NOT NULL DEFAULT 0 CHECK (contiguous >= 0),
    -- What to answer when a number is asked for that is not here any more, as in LossRecord.
    gone_because TEXT NOT NULL CHECK (gone_because IN ('receipted', 'corrupt', 'epoch-lost'))
) STRICT;

-- Numbered messages without a receipt.
CREATE TABLE message (
    -- Order of commit over all epochs; never used twice.
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL REFERENCES epoch (id),
    -- Gap-free within the epoch, from 1.
    seq INTEGER NOT NULL CHECK (seq >= 1),
    -- Random id of the event (UUIDv7): what the collector tells duplicates by.
    id TEXT NOT NULL UNIQUE,
    -- CloudEvents type without its prefix: finding, camera, audit, loss, epoch.
    kind TEXT NOT NULL,
    -- 0 loss and epoch records (never given up), 1 severe, 2 moderate, 3 minor.
    urgency INTEGER NOT NULL CHECK (urgency BETWEEN 0 AND 3),
    -- The finding that it is a phase of, for loss records.
    finding_id TEXT,
    -- Hash of the still that it names.
    still_sha256 TEXT,
    -- outbox.lived_s when it was put.
    born_s REAL NOT NULL CHECK (born_s >= 0),
    -- Wall clock when it was put, for people.
    put_at TEXT NOT NULL,
    -- The compact JWS, as it travels.
    token BLOB NOT NULL,
    -- CRC-32 of the token: SQLite's own check sees a broken page, not a page of other bytes.
    crc INTEGER,
    UNIQUE (epoch, seq)
) STRICT;

CREATE INDEX message_by_urgency ON message (urgency, n);
CREATE INDEX message_by_age ON message (born_s);
CREATE INDEX message_by_still ON message (still_sha256) WHERE still_sha256 IS NOT NULL;

-- Stills whose hash no receipt has named. They have no numbers of their own.
CREATE TABLE still (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the JPEG, hex; the last level of its topic.
    sha256 TEXT NOT NULL UNIQUE,
    -- The most urgent of the messages that name it: 1 severe, 2 moderate, 3 minor.
    urgency INTEGER NOT NULL CHECK (urgency BETWEEN 1 AND 3),
    -- outbox.lived_s when it was put.
    born_s REAL NOT NULL CHECK (born_s >= 0),
    jpeg BLOB NOT NULL,
    -- Number of the message that named it first: when that one is lost, nobody will ask for this.
    epoch TEXT,
    seq INTEGER
) STRICT;

CREATE INDEX still_by_urgency ON still (urgency, n);
CREATE INDEX still_by_age ON still (born_s);

-- What the loss records still in `message` name, so that a repeated request does not name it twice.
CREATE TABLE named_lost (
    message INTEGER NOT NULL REFERENCES message (n) ON DELETE CASCADE,
    -- Either numbers `first` to `last` of `epoch` …
    epoch TEXT,
    first INTEGER,
    last INTEGER,
    -- … or a still.
    sha256 TEXT,
    CHECK ((epoch IS NULL) = (sha256 IS NOT NULL)),
    CHECK ((epoch IS NULL) = (first IS NULL) AND (epoch IS NULL) = (last IS NULL)),
    CHECK (first <= last)
) STRICT;

CREATE INDEX named_lost_by_message ON named_lost (message);
CREATE INDEX named_lost_by_still ON named_lost (sha256) WHERE sha256 IS NOT NULL;

-- Messages that the collector refused for good: it keeps them in quarantine, here they stay for the
-- technician. The oldest go when there are too many.
CREATE TABLE parked (
    n INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    urgency INTEGER NOT NULL,
    finding_id TEXT,
    still_sha256 TEXT,
    born_s REAL NOT NULL,
    put_at TEXT NOT NULL,
    token BLOB NOT NULL,
    -- Why, as far as the receipt says.
    reason TEXT NOT NULL,
    -- Wall clock, for people.
    parked_at TEXT NOT NULL,
    UNIQUE (epoch, seq)
) STRICT;

-- The sum that the size limit is held against.
CREATE TRIGGER message_in AFTER INSERT ON message BEGIN
    UPDATE outbox SET bytes = bytes + LENGTH(NEW.token);
END;
CREATE TRIGGER message_out AFTER DELETE ON message BEGIN
    UPDATE outbox SET bytes = bytes - LENGTH(OLD.token);
END;
CREATE TRIGGER still_in AFTER INSERT ON still BEGIN
    UPDATE outbox SET bytes = bytes + LENGTH(NEW.jpeg);
END;
CREATE TRIGGER still_out AFTER DELETE ON still BEGIN
    UPDATE outbox SET bytes = bytes - LENGTH(OLD.jpeg);
END;
