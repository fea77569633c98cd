-- Logs that phones uploaded, with the keys and one-time paths in them masked.
CREATE TABLE phone_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mac TEXT NOT NULL,
  name TEXT NOT NULL,           -- of the file, as the phone called it
  ip TEXT NOT NULL,
  at INTEGER NOT NULL,          -- ms since 1970
  sent INTEGER NOT NULL,        -- bytes that the phone sent
  kept INTEGER NOT NULL,        -- bytes of the text
  text BLOB NOT NULL            -- its end, where it was longer than is kept
) STRICT;
CREATE INDEX phone_log_kept ON phone_log (mac, kept);
