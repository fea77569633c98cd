-- Where each phone was seen last, and by what witness. One row a phone.
CREATE TABLE placement (
  mac TEXT PRIMARY KEY,
  ip TEXT,
  chassis TEXT,                 -- of the switch, as people read it
  port TEXT,                    -- of the switch, as people read it
  port_description TEXT,        -- as the switch's admin wrote it
  chassis_id TEXT,              -- as Microsoft's location service compares it
  port_id TEXT,
  switch_name TEXT,             -- location.switch[].name
  place TEXT,
  matched TEXT,                 -- what chose the place: port, chassis or subnet
  source TEXT NOT NULL,         -- snmp, lldp, option82 or subnet
  at INTEGER NOT NULL           -- ms since 1970: since when it is so
) STRICT, WITHOUT ROWID;

-- What the box's own card hears. Bounded by the collector.
CREATE TABLE neighbor (
  interface TEXT NOT NULL,
  protocol TEXT NOT NULL,       -- lldp or cdp
  chassis_subtype INTEGER NOT NULL,
  chassis TEXT NOT NULL,
  port_subtype INTEGER NOT NULL,
  port TEXT NOT NULL,
  mac TEXT,                     -- of the neighbour, where it names one
  system_name TEXT,
  port_description TEXT,
  system_description TEXT,
  management_address TEXT,
  is_bridge INTEGER NOT NULL,
  is_phone INTEGER NOT NULL,
  vlan INTEGER,                 -- of the frame's tag
  scope TEXT NOT NULL,          -- destination address of the frame
  first_heard_at INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,    -- refreshed coarsely
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (interface, protocol, chassis_subtype, chassis, port_subtype, port)
) STRICT, WITHOUT ROWID;
