PRAGMA application_id = 1836282471;
PRAGMA user_version = 1;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, time TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, version TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operations (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
    of INTEGER, summary TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, open INTEGER NOT NULL,
    acts INTEGER NOT NULL, quarantine BLOB, pid INTEGER NOT NULL, host TEXT NOT NULL,
    taken_back INTEGER, effects TEXT NOT NULL DEFAULT '[]', sum BLOB NOT NULL);
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, operation INTEGER NOT NULL, batch INTEGER NOT NULL,
    act INTEGER NOT NULL, verdict TEXT NOT NULL, label TEXT, action TEXT NOT NULL,
    source BLOB, target BLOB, folder BLOB, target_folder BLOB, expected TEXT,
    data TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', sum BLOB NOT NULL);
CREATE INDEX steps_operation ON steps (operation, state);
CREATE INDEX steps_source ON steps (source) WHERE target IS NULL;
CREATE INDEX steps_target ON steps (target);
