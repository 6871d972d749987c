-- Why a recording is held and let go, and how large it is: what the console's page of holds shows.
ALTER TABLE case_hold ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE case_hold ADD COLUMN release_reason TEXT;
ALTER TABLE case_hold ADD COLUMN bytes INTEGER;  -- as the pole told when it placed the hold
