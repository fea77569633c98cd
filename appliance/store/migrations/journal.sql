-- The first migration of every part: each folder links to it.
-- Journal: what happened, in order, written in the same transaction as the change that it reports.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,          -- ms since 1970: the first occurrence
  kind TEXT NOT NULL,
  mac TEXT,
  body TEXT NOT NULL,           -- JSON
  count INTEGER NOT NULL DEFAULT 1,
  until INTEGER NOT NULL,       -- ms since 1970: the last occurrence
  reserved INTEGER NOT NULL,    -- 1: ordinary rows can't push it out
  size INTEGER NOT NULL         -- bytes that count against the quota
) STRICT;
CREATE INDEX journal_oldest ON journal (reserved, seq);

-- Repeats of a row already in the journal, waiting for their window to end.
CREATE TABLE journal_repeat (
  kind TEXT NOT NULL,
  mac TEXT NOT NULL,
  body TEXT NOT NULL,
  count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (kind, mac, body)
) STRICT, WITHOUT ROWID;
