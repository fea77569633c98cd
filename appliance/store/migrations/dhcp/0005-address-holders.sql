-- Something that uses an address of ours without a lease: then `mac` is its own, and nobody declined the address.
ALTER TABLE lease ADD COLUMN in_use_by TEXT;

-- Phones that have their address from another server, for those who ask who has which.
ALTER TABLE relayed_lease ADD COLUMN vendor TEXT;
ALTER TABLE relayed_lease ADD COLUMN vendor_class TEXT;   -- option 60 as text
ALTER TABLE relayed_lease ADD COLUMN hostname TEXT;       -- option 12
ALTER TABLE relayed_lease ADD COLUMN circuit_id TEXT;     -- option 82 of a trusted switch, sub-option 1 as hex
ALTER TABLE relayed_lease ADD COLUMN remote_id TEXT;      -- sub-option 2 as hex
ALTER TABLE relayed_lease ADD COLUMN started_at INTEGER;  -- ms since 1970
ALTER TABLE relayed_lease ADD COLUMN acked_at INTEGER;    -- ms since 1970: the last ACK that passed
ALTER TABLE relayed_lease ADD COLUMN sent TEXT NOT NULL DEFAULT '{}';   -- what was added: JSON, option number to text

ALTER TABLE informed_phone ADD COLUMN vendor_class TEXT;
ALTER TABLE informed_phone ADD COLUMN hostname TEXT;
ALTER TABLE informed_phone ADD COLUMN sent TEXT NOT NULL DEFAULT '{}';  -- as for relayed leases
CREATE INDEX informed_phone_by_ip ON informed_phone (ip);
