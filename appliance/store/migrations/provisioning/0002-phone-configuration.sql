-- How far each phone has come with its configuration: its last answer. Bodies and paths are in provisioning.secret.db.
CREATE TABLE phone_configuration (
  mac TEXT PRIMARY KEY,
  ip TEXT NOT NULL,
  vendor TEXT,
  model TEXT,
  firmware TEXT,
  user_agent TEXT NOT NULL,
  stage INTEGER NOT NULL,       -- 0 our overlay only; 1 to 3 the cloud's stages
  at INTEGER NOT NULL,          -- ms since 1970
  status INTEGER NOT NULL,      -- HTTP
  bootstraps INTEGER NOT NULL   -- overlays given since the phone last came over HTTPS
) STRICT, WITHOUT ROWID;
