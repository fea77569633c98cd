-- Both dialogs of each call that is up, so that it can be hung up after the process has gone.
CREATE TABLE call_dialog (
  call TEXT NOT NULL,
  leg TEXT NOT NULL,                 -- phone, cloud
  state TEXT NOT NULL,               -- JSON: what the SIP server needs of it
  PRIMARY KEY (call, leg)
) STRICT, WITHOUT ROWID;
