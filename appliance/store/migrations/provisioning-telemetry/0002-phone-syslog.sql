-- What phones said by syslog, with the keys and one-time paths in it masked.
CREATE TABLE phone_syslog (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mac TEXT NOT NULL,
  at INTEGER NOT NULL,          -- ms since 1970: when it came
  severity INTEGER NOT NULL,    -- 0 (emergency) to 7 (debug)
  text TEXT NOT NULL
) STRICT;
CREATE INDEX phone_syslog_of_phone ON phone_syslog (mac, id);
