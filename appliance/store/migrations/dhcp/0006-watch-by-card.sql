-- Other DHCP servers by the card on which they were heard. `other_server` and `server_watch`, of one card, are left to the
-- release before.
CREATE TABLE heard_server (
  card TEXT NOT NULL,
  address TEXT NOT NULL,           -- server identifier
  url TEXT,                        -- where it sends phones
  first_seen_at INTEGER NOT NULL,  -- ms since 1970
  last_seen_at INTEGER NOT NULL,
  is_present INTEGER NOT NULL,     -- 0: later probes were not answered
  PRIMARY KEY (card, address)
) STRICT;

-- How they are looked for: a row for each card of the present run.
CREATE TABLE card_watch (
  card TEXT PRIMARY KEY,
  is_on INTEGER NOT NULL,          -- 0: nobody handed over the socket on port 68
  probed_at INTEGER                -- ms since 1970: the last probe that ended
) STRICT;
