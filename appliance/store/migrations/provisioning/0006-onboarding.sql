-- Milestones of each phone, as the box saw them: ms since 1970; NULL: not seen.
ALTER TABLE phone_configuration ADD COLUMN account TEXT;            -- onboarding: one-time, of nobody; final: of a person or place
ALTER TABLE phone_configuration ADD COLUMN onboarded_at INTEGER;    -- the cloud made its one-time account
ALTER TABLE phone_configuration ADD COLUMN signed_in_at INTEGER;    -- its final account came
ALTER TABLE phone_configuration ADD COLUMN signed_out_at INTEGER;   -- it has a one-time account again
ALTER TABLE phone_configuration ADD COLUMN cloud_seen_at INTEGER;   -- the cloud last answered it

-- What each phone asked for last, equal requests as one row. One-time parts of paths are masked.
CREATE TABLE phone_request (
  mac TEXT NOT NULL,
  path TEXT NOT NULL,
  method TEXT NOT NULL,
  secure INTEGER NOT NULL,      -- 1: HTTPS
  stage INTEGER NOT NULL,       -- 0 our overlay; 1 to 3 the cloud's stages
  status INTEGER NOT NULL,      -- HTTP
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,         -- a sentence, or empty
  ip TEXT NOT NULL,
  first_at INTEGER NOT NULL,    -- ms since 1970
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (mac, path, method, secure, stage, status, outcome, reason)
) STRICT, WITHOUT ROWID;
