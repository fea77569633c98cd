-- One row: what the part last said of itself.
CREATE TABLE report (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  at INTEGER NOT NULL,          -- ms since 1970
  started_at INTEGER NOT NULL,
  health TEXT NOT NULL,         -- JSON: Health
  counters TEXT NOT NULL        -- JSON: name to number, since started_at
) STRICT;
