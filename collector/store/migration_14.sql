-- What programs ask with: the secret itself is nowhere.
CREATE TABLE api_token (
    token_id    TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE, -- as the ledger names it
    sha256      TEXT NOT NULL UNIQUE, -- of the whole token, hex: it is 32 random bytes, so nothing can be guessed
    owner       TEXT NOT NULL,        -- the person who answers for it
    agency      TEXT NOT NULL,        -- whose data it reads
    role        TEXT NOT NULL CHECK (role IN ('officer', 'operator')),
    scopes      TEXT NOT NULL,        -- JSON array
    per_minute  INTEGER NOT NULL CHECK (per_minute > 0),
    made_at     TEXT NOT NULL,
    made_by     TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    used_at     TEXT,                 -- to the minute
    revoked_at  TEXT,
    revoked_by  TEXT
) STRICT;

-- The privacy officer looks for reads among everything else.
CREATE INDEX ledger_kind ON ledger (kind, number);
