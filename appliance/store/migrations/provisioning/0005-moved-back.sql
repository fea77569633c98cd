-- Phones that the box gave back to the cloud by itself, and why; `wanted` is the posture of the settings at that time.
CREATE TABLE moved_back (
  mac TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  wanted TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
