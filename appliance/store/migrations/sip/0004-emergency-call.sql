-- Calls for help: evidence, kept apart from the calls themselves, which are forgotten sooner.
CREATE TABLE emergency_call (
  id TEXT PRIMARY KEY,               -- of the call
  at INTEGER NOT NULL,               -- ms since 1970
  body TEXT NOT NULL                 -- JSON: who, where, which ways, who was told
) STRICT;
CREATE INDEX emergency_call_at ON emergency_call (at);
