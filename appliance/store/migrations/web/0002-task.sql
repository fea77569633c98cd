-- Orders to other parts. The latest one about a phone counts: its own, or one for all phones of the site.
CREATE TABLE task (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,            -- bypass: hand the phone back to the cloud; lead: take it through the box again
  target TEXT NOT NULL,          -- MAC; * for every phone of the site
  given_at INTEGER NOT NULL,     -- ms since 1970
  deadline_at INTEGER NOT NULL   -- ms since 1970: carried out by then, or a person has to look
) STRICT;
CREATE INDEX task_target ON task (target, id);
