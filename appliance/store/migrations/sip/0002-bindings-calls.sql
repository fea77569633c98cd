-- Registrations that went through us, one a phone and AOR.
CREATE TABLE binding (
  token TEXT PRIMARY KEY,            -- user part of the Contact that the registrar knows
  aor TEXT NOT NULL,
  registrar TEXT NOT NULL,
  phone TEXT NOT NULL,               -- MAC of the lease, else IP address
  flow TEXT NOT NULL,                -- name of the connection to the registrar
  mac TEXT,
  contact TEXT NOT NULL,             -- the phone's own Contact value, as it came
  contact_uri TEXT NOT NULL,
  source TEXT NOT NULL,              -- ip:port
  transport TEXT NOT NULL,
  user_agent TEXT,
  auth_user TEXT,
  local_address TEXT NOT NULL,       -- ours on the flow
  reply TEXT NOT NULL,               -- JSON: header lines of the registrar's 200 that a local answer repeats
  registered_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,       -- upstream
  local_expires_at INTEGER NOT NULL, -- told to the phone
  state TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX binding_phone ON binding (aor, registrar, phone);

CREATE TABLE call (
  id TEXT PRIMARY KEY,
  mac TEXT,
  direction TEXT NOT NULL,           -- seen from the phone
  from_uri TEXT NOT NULL,
  to_uri TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER,
  reason TEXT,
  packets_from_phone INTEGER,
  packets_to_phone INTEGER
) STRICT;
CREATE INDEX call_started ON call (started_at);
CREATE INDEX call_open ON call (state) WHERE state <> 'ended';
