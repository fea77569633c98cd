-- Other DHCP servers that answered on the phones' network.
CREATE TABLE other_server (
  address TEXT PRIMARY KEY,     -- server identifier
  url TEXT,                     -- where it sends phones
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  is_present INTEGER NOT NULL   -- 0: later probes were not answered
) STRICT;

-- How they are looked for: one row, of the present run.
CREATE TABLE server_watch (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  is_on INTEGER NOT NULL,       -- 0: nobody handed over the socket on port 68
  probed_at INTEGER             -- ms since 1970: the last probe that ended
) STRICT;

-- Phones that asked for options alone (DHCPINFORM).
CREATE TABLE informed_phone (
  mac TEXT PRIMARY KEY,
  vendor TEXT NOT NULL,
  ip INTEGER NOT NULL,          -- unsigned 32 bits
  first_at INTEGER NOT NULL,    -- ms since 1970
  last_at INTEGER NOT NULL
) STRICT;

-- Relayed leases: whose each is, for the server is named to clients by the relay's address.
CREATE TABLE relayed_lease (
  ip INTEGER PRIMARY KEY,       -- unsigned 32 bits
  mac TEXT NOT NULL,
  server INTEGER NOT NULL,      -- server identifier as the server says it
  via INTEGER NOT NULL,         -- address that it answers from
  expires_at INTEGER NOT NULL   -- ms since 1970
) STRICT;
