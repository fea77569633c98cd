-- Accounts of phones whose SIP goes through the box, for registrations in an outage.
CREATE TABLE sip_account (
  mac TEXT NOT NULL REFERENCES phone_configuration (mac) ON DELETE CASCADE,
  line INTEGER NOT NULL,         -- as the vendor counts
  user TEXT NOT NULL,            -- user part of the AOR
  sealed BLOB NOT NULL,          -- user name and password, readable by sip alone
  sealed_for TEXT NOT NULL,      -- names the key
  at INTEGER NOT NULL,           -- ms since 1970
  PRIMARY KEY (mac, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX sip_account_user ON sip_account (user);
