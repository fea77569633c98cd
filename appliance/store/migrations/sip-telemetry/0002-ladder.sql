-- SIP messages of calls and of registrations that failed, with their secrets masked.
CREATE TABLE ladder (
  id TEXT PRIMARY KEY,               -- of the call, or of the failed registration
  at INTEGER NOT NULL,               -- ms since 1970: its first message
  bytes INTEGER NOT NULL,            -- of its messages
  messages INTEGER NOT NULL,
  left_out INTEGER NOT NULL          -- messages beyond what one ladder may have
) STRICT;
CREATE INDEX ladder_oldest ON ladder (at);

CREATE TABLE ladder_message (
  ladder TEXT NOT NULL REFERENCES ladder (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,               -- microseconds since 1970; the order of what came in one millisecond
  is_sent INTEGER NOT NULL,          -- 1: by the box
  party TEXT NOT NULL,               -- the other end: phone, cloud
  transport TEXT NOT NULL,
  local TEXT NOT NULL,               -- ip:port of the box
  remote TEXT NOT NULL,              -- ip:port of the other end
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX ladder_message_order ON ladder_message (ladder, at);

-- The last one of each phone and account.
CREATE TABLE failed_registration (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,               -- ms since 1970
  phone TEXT NOT NULL,               -- MAC, else its address
  aor TEXT NOT NULL,
  registrar TEXT NOT NULL,
  source TEXT NOT NULL,              -- ip:port
  transport TEXT NOT NULL,
  user_agent TEXT,
  status INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX failed_registration_oldest ON failed_registration (at);
