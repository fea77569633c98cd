-- Orders of the admin that a part carries out with its own rights, once each; what came of one stands in the part's own file.
CREATE TABLE part_order (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,       -- random: numbers come again when a backup is put back
  kind TEXT NOT NULL,            -- firmware.add, firmware.remove …
  arguments TEXT NOT NULL,       -- JSON; no secrets
  session TEXT NOT NULL,         -- who gave it
  given_at INTEGER NOT NULL,     -- ms since 1970
  deadline_at INTEGER NOT NULL   -- ms since 1970: not begun by then, it is void
) STRICT;
