-- Leases: one row an address. Its owner is `client`; a declined address has none until its probation ends.
CREATE TABLE lease (
  ip INTEGER PRIMARY KEY,       -- unsigned 32 bits
  client TEXT,                  -- whom the address belongs to: client identifier as hex, or the MAC
  mac TEXT NOT NULL,
  client_id TEXT,               -- option 61 as hex, as it came
  vendor TEXT,
  vendor_class TEXT,            -- option 60 as text
  hostname TEXT,                -- option 12
  started_at INTEGER NOT NULL,  -- ms since 1970
  expires_at INTEGER NOT NULL,  -- ms since 1970: end of lease, or of probation
  state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
  sent INTEGER NOT NULL         -- sent_options.id
) STRICT;

-- What was told along with leases: few different ones, and long; apart, so that a page holds many leases.
CREATE TABLE sent_options (
  id INTEGER PRIMARY KEY,       -- 48 bits of the text's SHA-256
  options TEXT NOT NULL         -- JSON: option number to what was sent, as text
) STRICT;
