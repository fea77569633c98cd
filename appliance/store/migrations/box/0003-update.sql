-- What the box remembers of updates: one row, changed as a whole (store/update-facts.ts).
CREATE TABLE update_facts (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL             -- JSON
) STRICT;
