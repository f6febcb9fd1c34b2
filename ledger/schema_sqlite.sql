-- The ledger's tables on SQLite (FORMAT.md 7). Installed by `init`, compared by start-up and
-- `verify`, never touched by migrations.

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 2 AND 8192),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT NOT NULL CHECK (length(request) = 32)
) STRICT;

CREATE INDEX entry_request ON entry (request);

CREATE TABLE node (
    level INTEGER NOT NULL CHECK (level >= 1),
    "index" INTEGER NOT NULL CHECK ("index" >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, "index")
) STRICT, WITHOUT ROWID;

CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),
    at TEXT
) STRICT;

INSERT INTO head (id, size, leaf, frontier, at) VALUES (1, 0, zeroblob(32), x'', NULL);

CREATE TABLE request (
    id TEXT PRIMARY KEY CHECK (length(id) = 32),
    digest BLOB NOT NULL,
    outcome TEXT NOT NULL,
    first_seq INTEGER,
    count INTEGER NOT NULL CHECK (count >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE cosignature (
    size INTEGER NOT NULL REFERENCES checkpoint (size),
    witness TEXT NOT NULL,
    line TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;

CREATE TABLE stop (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TRIGGER entry_next BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM entry)
BEGIN SELECT RAISE(ABORT, 'ledger: the next entry has another position'); END;

CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'ledger: entry is append-only'); END;

CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'ledger: entry is append-only'); END;

CREATE TRIGGER node_insert BEFORE INSERT ON node
WHEN EXISTS (SELECT 1 FROM node WHERE level = NEW.level AND "index" = NEW."index")
BEGIN SELECT RAISE(ABORT, 'ledger: node is append-only'); END;

CREATE TRIGGER node_update BEFORE UPDATE ON node
BEGIN SELECT RAISE(ABORT, 'ledger: node is append-only'); END;

CREATE TRIGGER node_delete BEFORE DELETE ON node
BEGIN SELECT RAISE(ABORT, 'ledger: node is append-only'); END;

CREATE TRIGGER head_insert BEFORE INSERT ON head
BEGIN SELECT RAISE(ABORT, 'ledger: there is one head'); END;

CREATE TRIGGER head_update BEFORE UPDATE ON head
WHEN NEW.id IS NOT OLD.id OR NEW.size < OLD.size OR (NEW.size = OLD.size AND (
    NEW.leaf IS NOT OLD.leaf OR NEW.frontier IS NOT OLD.frontier OR NEW.at IS NOT OLD.at))
BEGIN SELECT RAISE(ABORT, 'ledger: the head may only grow'); END;

CREATE TRIGGER head_delete BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'ledger: there is one head'); END;

CREATE TRIGGER request_insert BEFORE INSERT ON request
WHEN EXISTS (SELECT 1 FROM request WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'ledger: request is append-only'); END;

CREATE TRIGGER request_update BEFORE UPDATE ON request
BEGIN SELECT RAISE(ABORT, 'ledger: request is append-only'); END;

CREATE TRIGGER request_delete BEFORE DELETE ON request
BEGIN SELECT RAISE(ABORT, 'ledger: request is append-only'); END;

CREATE TRIGGER checkpoint_insert BEFORE INSERT ON checkpoint
WHEN EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'ledger: checkpoint is append-only'); END;

CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'ledger: checkpoint is append-only'); END;

CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'ledger: checkpoint is append-only'); END;

CREATE TRIGGER cosignature_insert BEFORE INSERT ON cosignature
WHEN EXISTS (SELECT 1 FROM cosignature WHERE size = NEW.size AND witness = NEW.witness)
BEGIN SELECT RAISE(ABORT, 'ledger: cosignature is append-only'); END;

CREATE TRIGGER cosignature_update BEFORE UPDATE ON cosignature
BEGIN SELECT RAISE(ABORT, 'ledger: cosignature is append-only'); END;

CREATE TRIGGER cosignature_delete BEFORE DELETE ON cosignature
BEGIN SELECT RAISE(ABORT, 'ledger: cosignature is append-only'); END;
