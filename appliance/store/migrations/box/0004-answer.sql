-- What the box answered to questions asked at the page (`box.ask`), beside the row of `outcome`: the last few.
CREATE TABLE answer (
  order_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,           -- ms since 1970
  body TEXT NOT NULL             -- lines, as a command printed them
) STRICT, WITHOUT ROWID;
