-- Since when the box stands so far between this phone and the cloud, ms since 1970; NULL: since before this column.
ALTER TABLE phone_configuration ADD COLUMN posture_at INTEGER;
