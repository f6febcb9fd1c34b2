-- The ledger's tables on PostgreSQL (FORMAT.md 7). Installed by `init`, compared by start-up and
-- `verify`, never touched by migrations. Indexes and triggers are written exactly as PostgreSQL
-- prints them, so that comparing is comparing text.

CREATE TABLE entry (
    seq bigint NOT NULL CHECK (seq >= 0),
    bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 2 AND 8192),
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    kind text COLLATE "C" NOT NULL,
    at text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    request text COLLATE "C" NOT NULL CHECK (length(request) = 32)
);

CREATE TABLE node (
    level smallint NOT NULL CHECK (level >= 1),
    "index" bigint NOT NULL CHECK ("index" >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- Nearly empty pages keep the head's new versions on the page of the old.
CREATE TABLE head (
    id smallint NOT NULL CHECK (id = 1),
    size bigint NOT NULL CHECK (size >= 0),
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    frontier bytea NOT NULL CHECK (octet_length(frontier) % 32 = 0),
    at text COLLATE "C"
) WITH (fillfactor = 10);

INSERT INTO head (id, size, leaf, frontier, at) VALUES (1, 0, decode(repeat('00', 32), 'hex'), '', NULL);

CREATE TABLE request (
    id text COLLATE "C" NOT NULL CHECK (length(id) = 32),
    digest bytea NOT NULL,
    outcome text NOT NULL,
    first_seq bigint,
    count integer NOT NULL CHECK (count >= 0)
);

CREATE TABLE checkpoint (
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL,
    at text COLLATE "C" NOT NULL
);

CREATE TABLE cosignature (
    size bigint NOT NULL,
    witness text COLLATE "C" NOT NULL,
    line text NOT NULL,
    at text COLLATE "C" NOT NULL
);

CREATE TABLE stop (
    id smallint NOT NULL CHECK (id = 1),
    reason text NOT NULL,
    at text COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX entry_pkey ON entry USING btree (seq);
CREATE INDEX entry_request ON entry USING btree (request);
CREATE UNIQUE INDEX node_pkey ON node USING btree (level, index);
CREATE UNIQUE INDEX head_pkey ON head USING btree (id);
CREATE UNIQUE INDEX request_pkey ON request USING btree (id);
CREATE UNIQUE INDEX checkpoint_pkey ON checkpoint USING btree (size);
CREATE UNIQUE INDEX cosignature_pkey ON cosignature USING btree (size, witness);
CREATE UNIQUE INDEX stop_pkey ON stop USING btree (id);

ALTER TABLE entry ADD PRIMARY KEY USING INDEX entry_pkey;
ALTER TABLE node ADD PRIMARY KEY USING INDEX node_pkey;
ALTER TABLE head ADD PRIMARY KEY USING INDEX head_pkey;
ALTER TABLE request ADD PRIMARY KEY USING INDEX request_pkey;
ALTER TABLE checkpoint ADD PRIMARY KEY USING INDEX checkpoint_pkey;
ALTER TABLE cosignature ADD PRIMARY KEY USING INDEX cosignature_pkey;
ALTER TABLE stop ADD PRIMARY KEY USING INDEX stop_pkey;
ALTER TABLE cosignature ADD FOREIGN KEY (size) REFERENCES checkpoint (size);

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'ledger: % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

-- After the statement, once for all its rows: a look-up for each row would cost more than the row.
CREATE FUNCTION ledger_next() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    first bigint;
    last bigint;
    many bigint;
    before bigint;
BEGIN
    SELECT min(seq), max(seq), count(*) INTO first, last, many FROM fresh;
    IF many = 0 THEN
        RETURN NULL;
    END IF;
    SELECT max(seq) INTO before FROM entry WHERE seq < first;
    IF first <> coalesce(before + 1, 0) OR last - first + 1 <> many
        OR (SELECT max(seq) FROM entry) <> last THEN
        RAISE EXCEPTION 'ledger: the next entry has another position' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$body$;

CREATE FUNCTION ledger_grow() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.id <> OLD.id OR NEW.size < OLD.size OR (NEW.size = OLD.size AND (
        NEW.leaf <> OLD.leaf OR NEW.frontier <> OLD.frontier OR NEW.at IS DISTINCT FROM OLD.at)) THEN
        RAISE EXCEPTION 'ledger: the head may only grow' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER entry_fence BEFORE DELETE OR UPDATE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER entry_next AFTER INSERT ON entry REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_next();
CREATE TRIGGER node_fence BEFORE DELETE OR UPDATE OR TRUNCATE ON node FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER head_fence BEFORE INSERT OR DELETE OR TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER head_grow BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION ledger_grow();
CREATE TRIGGER request_fence BEFORE DELETE OR UPDATE OR TRUNCATE ON request FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER checkpoint_fence BEFORE DELETE OR UPDATE OR TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER cosignature_fence BEFORE DELETE OR UPDATE OR TRUNCATE ON cosignature FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- Also for a session that replicates or restores.
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_fence;
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_next;
ALTER TABLE node ENABLE ALWAYS TRIGGER node_fence;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_fence;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_grow;
ALTER TABLE request ENABLE ALWAYS TRIGGER request_fence;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_fence;
ALTER TABLE cosignature ENABLE ALWAYS TRIGGER cosignature_fence;
