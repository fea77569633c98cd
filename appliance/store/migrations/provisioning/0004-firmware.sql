-- What each phone said it runs. Apart from its configuration: a phone that is held has none.
CREATE TABLE phone_firmware (
  mac TEXT PRIMARY KEY,
  ip TEXT NOT NULL,
  vendor TEXT NOT NULL,
  model TEXT,
  firmware TEXT,
  enterprise INTEGER NOT NULL,  -- 1: it asked for a file that only Cisco's enterprise firmware knows
  at INTEGER NOT NULL,          -- ms since 1970: since when it says so
  held_at INTEGER               -- ms since 1970: kept from the cloud since; NULL: not held
) STRICT, WITHOUT ROWID;

-- Files of the firmware folder, as last looked at.
CREATE TABLE firmware_file (
  vendor TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,         -- hex; empty: not read
  changed_at INTEGER NOT NULL,  -- ms since 1970: the file's own time, by which a change is noticed
  problem TEXT,                 -- why it is not given out
  PRIMARY KEY (vendor, model, version, name)
) STRICT, WITHOUT ROWID;

-- Phones that were offered a version, the last one each.
CREATE TABLE firmware_offer (
  mac TEXT PRIMARY KEY,
  vendor TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  offered_at INTEGER NOT NULL,  -- ms since 1970: first
  offers INTEGER NOT NULL,
  updated_at INTEGER            -- ms since 1970: came back with it
) STRICT, WITHOUT ROWID;
