-- A read of a plate that is not sure waits until a person has confirmed it; agencies are told then.
ALTER TABLE incident ADD COLUMN list_id TEXT;                      -- whose plate it is about, of the type plate
ALTER TABLE incident ADD COLUMN waits INTEGER;                      -- 1 until somebody confirms; else NULL
CREATE INDEX incident_list ON incident (list_id) WHERE list_id IS NOT NULL;
ALTER TABLE vehicle_list ADD COLUMN at_once_from REAL DEFAULT 0.9; -- certainty from which nobody need confirm; NULL: each is confirmed
