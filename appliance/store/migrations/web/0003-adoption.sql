-- Phones taken over in waves: who is in which, and how far each wave is.
CREATE TABLE adoption_wave (
  wave INTEGER PRIMARY KEY,
  state TEXT NOT NULL,           -- planned, running, paused, undone
  changed_at INTEGER NOT NULL    -- ms since 1970
) STRICT;
CREATE TABLE adoption_phone (
  mac TEXT PRIMARY KEY,
  wave INTEGER NOT NULL REFERENCES adoption_wave (wave)
) STRICT, WITHOUT ROWID;
CREATE INDEX adoption_phone_wave ON adoption_phone (wave);
