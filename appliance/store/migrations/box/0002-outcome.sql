-- What came of each order to the box (`box_order` in web's file, or a command). The row is there before the work begins, so that
-- no order is carried out twice, whatever ends in between.
CREATE TABLE outcome (
  order_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,           -- running, done, refused, failed
  words TEXT NOT NULL,           -- how far it is, or how it ended, for whoever gave the order
  began_at INTEGER NOT NULL,     -- ms since 1970
  changed_at INTEGER NOT NULL,   -- ms since 1970
  runner TEXT NOT NULL           -- process and boot: of one that is gone the order was interrupted
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_began ON outcome (began_at);
