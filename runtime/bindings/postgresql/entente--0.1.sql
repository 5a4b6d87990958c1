-- What the extension brings.  docs/embedding.md explains.
\echo Use "CREATE EXTENSION entente" to load this file. \quit

-- A decision; figures are the ledger's texts, `line` is its very line, whose every member `line::jsonb` has.
CREATE TYPE entente_decision AS (
    seq bigint, kind text, agreement text, version bigint, clause text, title text, subject jsonb, status text,
    final boolean, period_from timestamptz, period_to timestamptz, due_at timestamptz, done_at timestamptz,
    measure text, target text, shortfall text, credit numeric, currency text, accountable text, line text);

-- The rows of one group wait in a state of their own; states of parallel workers are put together.
CREATE FUNCTION entente_collect(internal, bytea, text, jsonb) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_collect(internal, bytea, text, jsonb, jsonb) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_collect(internal, bytea, text, record) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_collect(internal, bytea, text, record, jsonb) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_save(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION entente_restore(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION entente_decisions(internal) RETURNS entente_decision[]
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
CREATE FUNCTION entente_lines(internal) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- (program, feed, row [, options]): the decisions, and the whole ledger as `entente run --ledger` writes it.
CREATE AGGREGATE entente_decide(program bytea, feed text, facts jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_decisions,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_decide(program bytea, feed text, facts jsonb, options jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_decisions,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_decide(program bytea, feed text, facts record) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_decisions,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_decide(program bytea, feed text, facts record, options jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_decisions,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_ledger(program bytea, feed text, facts jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_lines,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_ledger(program bytea, feed text, facts jsonb, options jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_lines,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_ledger(program bytea, feed text, facts record) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_lines,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
CREATE AGGREGATE entente_ledger(program bytea, feed text, facts record, options jsonb) (
    SFUNC = entente_collect, STYPE = internal, SSPACE = 65536, FINALFUNC = entente_lines,
    COMBINEFUNC = entente_combine, SERIALFUNC = entente_save, DESERIALFUNC = entente_restore, PARALLEL = SAFE);
