-- Numbers whose messages were here and were erased in their time: settled as before, so that no
-- pole is asked for them again, and one that comes again is known.
CREATE TABLE covered_as_well (
    device      TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL CHECK (last >= first),
    why         TEXT NOT NULL CHECK (why IN ('loss', 'refused', 'erased')),
    event_id    TEXT NOT NULL,        -- the loss record, or the refused message; erased: empty
    PRIMARY KEY (device, epoch, first, last, why)
) STRICT, WITHOUT ROWID;
INSERT INTO covered_as_well SELECT * FROM covered;
DROP TABLE covered;
ALTER TABLE covered_as_well RENAME TO covered;

-- What is deleted when its time is over is looked for by time.
CREATE INDEX still_named ON still (received_at) WHERE named = 1;
CREATE INDEX ledger_at ON ledger (at);
