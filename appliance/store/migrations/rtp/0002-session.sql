-- Sessions that are going on: a relay that starts again finds their ports and far ends, and media goes on.
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  phone_address TEXT NOT NULL,      -- ours
  phone_port INTEGER NOT NULL,      -- of RTP; the next is RTCP's
  cloud_address TEXT NOT NULL,
  cloud_port INTEGER NOT NULL,
  expects_media INTEGER NOT NULL,   -- 1: silence ends it
  far_ends TEXT NOT NULL            -- JSON by leg: what was signalled, and from where media came
) STRICT, WITHOUT ROWID;
