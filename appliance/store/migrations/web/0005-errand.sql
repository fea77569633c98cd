-- Orders that are carried out once and then over, unlike those of `task`, which stand until another overrules them.
CREATE TABLE errand (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,            -- restart
  mac TEXT NOT NULL,
  given_at INTEGER NOT NULL,     -- ms since 1970
  deadline_at INTEGER NOT NULL   -- ms since 1970: not begun by then, it is void
) STRICT;
CREATE INDEX errand_deadline ON errand (deadline_at);
