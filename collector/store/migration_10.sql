-- A dispatch belongs to what it was sent for.
ALTER TABLE service_case ADD COLUMN incident_id TEXT;
ALTER TABLE service_case ADD COLUMN happened_at TEXT;  -- since when somebody may have been on the way
CREATE INDEX service_case_permit ON service_case (permit_id) WHERE permit_id IS NOT NULL;
