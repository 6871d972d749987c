-- An incident that goes on for a day gathers thousands of findings; each event needs only those
-- that have not ended.
CREATE INDEX incident_finding_going_on ON incident_finding (incident_id) WHERE ended = 0;
