-- Records that other parts must not read, each encrypted with the part's own key.
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  at INTEGER NOT NULL,          -- ms since 1970
  sealed BLOB NOT NULL          -- 12 bytes nonce, 16 bytes tag, ciphertext (AES-256-GCM, name as additional data)
) STRICT, WITHOUT ROWID;
