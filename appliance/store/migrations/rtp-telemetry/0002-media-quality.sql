-- How each medium of a call sounded: a row is written over while the call lasts, and kept after it.
CREATE TABLE media_quality (
  session TEXT PRIMARY KEY,          -- call and number of the medium
  call TEXT NOT NULL,
  at INTEGER NOT NULL,               -- ms since 1970: when it was measured last
  is_ended INTEGER NOT NULL,
  total TEXT NOT NULL,               -- JSON: MediaQuality of the whole call
  latest TEXT,                       -- JSON: MediaQuality of the last seconds
  chart TEXT NOT NULL                -- JSON: QualityPoint[], at most 60
) STRICT;
CREATE INDEX media_quality_call ON media_quality (call);
CREATE INDEX media_quality_at ON media_quality (at);
CREATE INDEX media_quality_live ON media_quality (is_ended) WHERE is_ended = 0;
