-- Numbers of the site as its admin lists them: who is called by them while the internet is away.
CREATE TABLE site_number (
  phone TEXT NOT NULL,           -- MAC, or user part of the AOR
  number TEXT UNIQUE,            -- E.164 with +, or as it is dialled where the country isn't told
  extension TEXT UNIQUE,
  CHECK (number IS NOT NULL OR extension IS NOT NULL)
) STRICT;

-- Outages that are played: phones that are treated until then as if their registrar were away.
CREATE TABLE drill (
  target TEXT PRIMARY KEY,       -- MAC; * for every phone of the site
  began_at INTEGER NOT NULL,     -- ms since 1970
  ends_at INTEGER NOT NULL       -- ms since 1970
) STRICT, WITHOUT ROWID;
