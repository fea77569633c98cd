-- The last order to restart that was begun for each phone, and what came of it.
CREATE TABLE restart (
  mac TEXT PRIMARY KEY,
  given_at INTEGER NOT NULL,     -- ms since 1970: the order's
  at INTEGER NOT NULL,           -- ms since 1970: of the outcome
  outcome TEXT NOT NULL,         -- asked, accepted, refused, no answer, not reached, not registered, in a call, not offered
  status INTEGER                 -- SIP status of the phone's answer
) STRICT, WITHOUT ROWID;
