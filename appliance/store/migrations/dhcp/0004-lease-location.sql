-- Where a lease was asked for, as relays told it, and what is needed to judge its time.
ALTER TABLE lease ADD COLUMN circuit_id TEXT;   -- option 82 sub-option 1 as hex
ALTER TABLE lease ADD COLUMN remote_id TEXT;    -- option 82 sub-option 2 as hex
ALTER TABLE lease ADD COLUMN giaddr INTEGER;    -- unsigned 32 bits; the relay
ALTER TABLE lease ADD COLUMN acked_at INTEGER;  -- ms since 1970: the last ACK
ALTER TABLE lease ADD COLUMN declines INTEGER NOT NULL DEFAULT 0;  -- how often in a row the address was found in use

-- When the server last knew the time: what went by since then, or was put on the clock, doesn't count as time of a lease.
CREATE TABLE lease_clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL           -- ms since 1970
) STRICT;
