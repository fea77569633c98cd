-- How far each part's journal has reached the cloud.
CREATE TABLE cursor (
  part TEXT PRIMARY KEY,
  journal TEXT NOT NULL,        -- names this run of row numbers: a journal that begins anew gets another name
  seq INTEGER NOT NULL,         -- the last row that the cloud has confirmed
  row_at INTEGER,               -- when that row happened, ms since 1970
  at INTEGER NOT NULL           -- when it was confirmed, ms since 1970
) STRICT, WITHOUT ROWID;
