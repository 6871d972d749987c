-- Version 2: one-time codes (RFC 6238) for the right to export.
CREATE TABLE one_time_secret (
    person      TEXT PRIMARY KEY COLLATE NOCASE REFERENCES account (name),
    secret      TEXT NOT NULL,        -- base32, shared with the person's authenticator app
    made_at     TEXT NOT NULL,
    last_step   INTEGER NOT NULL DEFAULT 0,  -- 30 s since 1970 of the newest code that was used; none up to it counts again
    failures    INTEGER NOT NULL DEFAULT 0,  -- wrong codes since the last right one
    locked_until TEXT                 -- no code is looked at before
) STRICT;
