-- A signature over the ledger's head for every day of the site: who has one tells later whether
-- anything before it was rewritten.
CREATE TABLE ledger_seal (
    day         TEXT PRIMARY KEY,     -- YYYY-MM-DD in the site's zone
    number      INTEGER NOT NULL,     -- of the last entry; 0 when there was none
    token       TEXT NOT NULL,        -- JWS of the collector over day, time, number and head
    certificate TEXT NOT NULL         -- its certificate in PEM: keys are renewed, seals stay
) STRICT;
