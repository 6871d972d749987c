-- When each boot of a device began, by a clock that was kept.
CREATE TABLE boot_clock (
    device      TEXT NOT NULL,
    boot_id     TEXT NOT NULL,
    booted_at   TEXT NOT NULL,        -- health's time less its monotonic seconds
    PRIMARY KEY (device, boot_id)
) STRICT, WITHOUT ROWID;

-- Incidents whose times rest on a clock that nobody kept, or were set right since.
CREATE TABLE incident_clock (
    incident_id TEXT PRIMARY KEY REFERENCES incident,
    device      TEXT NOT NULL,
    boot_id     TEXT NOT NULL,        -- of the first such event
    state       TEXT NOT NULL CHECK (state IN ('doubtful', 'corrected'))
) STRICT;
CREATE INDEX incident_clock_doubtful ON incident_clock (device, boot_id) WHERE state = 'doubtful';
