-- What kind of incident it is, where its type has several: how a camera was tampered with.
ALTER TABLE incident ADD COLUMN detail TEXT;
