-- Browsers in which the admin signed in. What the browser holds is not here, only its hash.
CREATE TABLE session (
  id TEXT PRIMARY KEY,           -- names the session in orders and the journal
  token_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the cookie's value, base64url
  remote TEXT NOT NULL,          -- address that signed in
  began_at INTEGER NOT NULL,     -- ms since 1970
  seen_at INTEGER NOT NULL,      -- ms since 1970, to the minute
  ended_at INTEGER               -- ms since 1970: signed out, or had to give way
) STRICT, WITHOUT ROWID;

-- Orders to the box itself, which root carries out (`gatehouse orders`); what came of one stands in the file of box.
CREATE TABLE box_order (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,       -- random: numbers come again when a backup is put back
  kind TEXT NOT NULL,            -- reset.factory, network.apply, update.install …
  arguments TEXT NOT NULL,       -- JSON; no secrets
  session TEXT NOT NULL,         -- who gave it
  given_at INTEGER NOT NULL,     -- ms since 1970
  deadline_at INTEGER NOT NULL   -- ms since 1970: not begun by then, it is void
) STRICT;
