import { type Sql, sweepable } from './statement.ts'

/**
 * One step of the layout. Steps only add: workers of the version before run beside it during a deploy. A function that
 * has to change gets a new name.
 */
export interface Migration {
  readonly version: number
  /** The oldest version of the layout whose code can work with this one. */
  readonly oldest: number
  readonly sql: Sql
}

/*
 * Primary keys begin with what is asked for in lists: as long as PostgreSQL has no statistics of a table, it would take
 * a leading namespace for selective, and read all of it.
 */

/** Tables whose rows change all the time: cleaned up early, with room to update in place. */
const busy = `WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)`

const first: Sql = `
CREATE TABLE @.namespaces (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);

-- Versions of values and fencing numbers of places: one sequence, so that none ever comes back.
CREATE SEQUENCE @.numbers;

CREATE TABLE @.records (
  namespace integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  queue text NOT NULL,
  state smallint NOT NULL, -- 0 PENDING, 1 STARTED, 2 RETRY, 3 SUCCESS, 4 FAILURE, 5 REVOKED
  generation integer NOT NULL,
  attempt integer NOT NULL,
  epoch bigint NOT NULL,
  updated double precision NOT NULL, -- milliseconds since 1970, by the writer's clock
  ttl double precision NOT NULL, -- milliseconds
  mark double precision NOT NULL, -- milliseconds
  expires timestamptz NOT NULL, -- reads as absent from here on
  forgotten timestamptz NOT NULL, -- fences from here on no more
  sweep timestamptz NOT NULL,
  run text,
  detail text NOT NULL,
  PRIMARY KEY (id, namespace)
) ${busy};
CREATE INDEX records_sweep ON @.records (sweep);

CREATE TABLE @.values (
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  value text NOT NULL,
  expires timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  PRIMARY KEY (key, namespace)
) ${busy};
CREATE INDEX values_sweep ON @.values (sweep);

CREATE TABLE @.members (
  namespace integer NOT NULL,
  collection text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  PRIMARY KEY (namespace, collection, member)
) ${busy};
CREATE INDEX members_sweep ON @.members (sweep);

CREATE TABLE @.joins (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace integer NOT NULL,
  name text COLLATE "C", -- NULL once it has ended and its name was taken anew
  named integer NOT NULL, -- how many names were given
  total integer NOT NULL, -- how many of them are different
  sealed boolean NOT NULL,
  ended boolean NOT NULL, -- somebody was told that it is complete
  expires timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  UNIQUE (namespace, name)
) ${busy};
CREATE INDEX joins_sweep ON @.joins (sweep);

CREATE TABLE @.children (
  parent bigint NOT NULL,
  child text COLLATE "C" NOT NULL,
  place integer NOT NULL,
  value text, -- the first reported
  PRIMARY KEY (parent, child)
) WITH (fillfactor = 70);
CREATE INDEX children_place ON @.children (parent, place);

-- How many children reported, in several rows that are summed up: reports do not wait for each other.
CREATE TABLE @.reported (
  parent bigint NOT NULL,
  slot smallint NOT NULL,
  done integer NOT NULL,
  PRIMARY KEY (parent, slot)
) ${busy};

CREATE TABLE @.parked (
  namespace integer NOT NULL,
  lot text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  due timestamptz NOT NULL,
  seen timestamptz NOT NULL, -- due, or the end of its lease
  value text NOT NULL,
  PRIMARY KEY (key, lot, namespace)
) ${busy};
CREATE INDEX parked_seen ON @.parked (namespace, lot, seen);

CREATE TABLE @.places (
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  holder text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  expires timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  PRIMARY KEY (namespace, key, holder)
) ${busy};
CREATE INDEX places_sweep ON @.places (sweep);

CREATE TABLE @.rates (
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  tokens double precision NOT NULL,
  wait double precision NOT NULL, -- what the last who asked was told, in milliseconds
  updated timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  PRIMARY KEY (namespace, key)
) ${busy};
CREATE INDEX rates_sweep ON @.rates (sweep);

CREATE TABLE @.counts (
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  value double precision NOT NULL,
  expires timestamptz NOT NULL,
  sweep timestamptz NOT NULL,
  PRIMARY KEY (key, namespace, field)
) ${busy};
CREATE INDEX counts_sweep ON @.counts (sweep);

-- Whether anybody watches: only then are changes notified.
CREATE TABLE @.watchers (
  namespace integer NOT NULL,
  kind text NOT NULL, -- record, state
  until timestamptz NOT NULL,
  PRIMARY KEY (namespace, kind)
) ${busy};

-- Takes a place, or keeps it; NULL when all are taken.
CREATE FUNCTION @.acquire(in_namespace integer, in_key text, in_holder text, in_limit integer, in_ttl double precision)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz;
  known bigint;
BEGIN
  -- Whoever wants a place of this key, one after the other.
  PERFORM pg_advisory_xact_lock(hashtextextended('tq place ' || in_namespace || ' ' || in_key, 0));
  at := clock_timestamp();
  UPDATE @.places AS p
    SET expires = at + in_ttl * interval '1 millisecond',
      sweep = ${sweepable(`at + in_ttl * interval '1 millisecond'`)}
    WHERE p.namespace = in_namespace AND p.key = in_key AND p.holder = in_holder AND p.expires > at
    RETURNING p.number INTO known;
  IF FOUND THEN
    RETURN known;
  END IF;
  IF (SELECT count(*) FROM @.places AS p
      WHERE p.namespace = in_namespace AND p.key = in_key AND p.expires > at) >= in_limit THEN
    RETURN NULL;
  END IF;
  INSERT INTO @.places AS p (namespace, key, holder, number, expires, sweep)
    VALUES (in_namespace, in_key, in_holder, nextval('@.numbers'), at + in_ttl * interval '1 millisecond',
      ${sweepable(`at + in_ttl * interval '1 millisecond'`)})
    ON CONFLICT (namespace, key, holder) DO UPDATE
      SET number = excluded.number, expires = excluded.expires, sweep = excluded.sweep
    RETURNING p.number INTO known;
  RETURN known;
END
$$;

-- Names children of a join that is not sealed; begins one where there is none.
CREATE FUNCTION @.expect(
  in_namespace integer, in_name text, in_children text[], in_ttl double precision, in_sealed boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz := clock_timestamp();
  until timestamptz := at + in_ttl * interval '1 millisecond';
  known @.joins%ROWTYPE;
  added integer;
BEGIN
  LOOP
    SELECT * INTO known FROM @.joins AS j WHERE j.namespace = in_namespace AND j.name = in_name FOR UPDATE;
    EXIT WHEN FOUND AND known.expires > at;
    IF FOUND THEN
      -- What has expired gives its name free; the sweeper finds it and its children by its number.
      UPDATE @.joins AS j SET name = NULL WHERE j.id = known.id;
    END IF;
    INSERT INTO @.joins (namespace, name, named, total, sealed, ended, expires, sweep)
      VALUES (in_namespace, in_name, 0, 0, false, false, until, ${sweepable('until')})
      ON CONFLICT (namespace, name) DO NOTHING
      RETURNING * INTO known;
    EXIT WHEN FOUND;
  END LOOP;
  IF known.sealed THEN
    RETURN;
  END IF;
  INSERT INTO @.children (parent, child, place)
    SELECT known.id, c.child, known.named + c.at FROM unnest(in_children) WITH ORDINALITY AS c(child, at)
    ORDER BY c.at
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  UPDATE @.joins AS j
    SET named = j.named + cardinality(in_children), total = j.total + added, sealed = in_sealed,
      expires = greatest(j.expires, until), sweep = ${sweepable('greatest(j.expires, until)')}
    WHERE j.id = known.id;
END
$$;
`

/** Records can be listed, those that did not succeed by an index of their own. */
const listed: Sql = `ALTER TABLE @.records ADD COLUMN first timestamptz NOT NULL DEFAULT now(); -- of the task, stored
CREATE INDEX records_first ON @.records (namespace, first, id);
CREATE INDEX records_not_success ON @.records (namespace, first, id) WHERE state <> 3;
`

/** In order. The last one is the layout this code writes. */
export const migrations: readonly Migration[] = [
  { version: 1, oldest: 1, sql: first },
  { version: 2, oldest: 1, sql: listed },
]
