#!/bin/sh
# The extension on a real server, which is started here in a folder of its own, on a socket only, and stopped at the
# end: ledgers beside those of the command, in one process and in parallel, decisions as rows, errors, memory.
# The server's tree is made of links, so that nothing is installed on this machine.
#   postgresql.sh ENTENTE BUILD/postgresql
set -u
cd "$(dirname "$0")/../.."
ENTENTE=$1 BUILD=$2
PG=/usr/lib/postgresql/15
[ -x $PG/bin/initdb ] || { echo "SKIPPED: there is no PostgreSQL 15"; exit 0; }
[ -e "$BUILD/entente.so" ] || { echo "postgresql: $BUILD/entente.so is missing: make postgresql"; exit 1; }
if [ "$(id -u)" = 0 ]; then # the server refuses root
    id postgres >/dev/null 2>&1 && command -v runuser >/dev/null ||
        { echo "SKIPPED: root cannot run a server, and there is no user postgres"; exit 0; }
    as="runuser -u postgres --"
else
    as=
fi
work=$(mktemp -d)
root=$work/tree$PG
finish() {
    [ -s "$work/data/postmaster.pid" ] && $as "$root/bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
passed=0 failed=0
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "postgresql: failed: $2"; tail -n 20 "$work/log"; fi
}

# --- the server: it finds its files beside its program
mkdir -p "$root/bin" "$root/lib" "$work/tree/usr/share/postgresql/15/extension"
cp $PG/bin/postgres $PG/bin/initdb $PG/bin/pg_ctl "$root/bin"
ln -s $PG/lib/* "$root/lib"
ln -s /usr/share/postgresql/15/* "$work/tree/usr/share/postgresql/15" 2>/dev/null
ln -s /usr/share/postgresql/15/extension/* "$work/tree/usr/share/postgresql/15/extension"
rm -f "$root/lib/entente.so" "$work/tree/usr/share/postgresql/15/extension"/entente*
cp "$BUILD/entente.so" "$root/lib"
cp runtime/bindings/postgresql/entente.control runtime/bindings/postgresql/entente--*.sql \
    "$work/tree/usr/share/postgresql/15/extension"
: >"$work/log"
chmod 755 "$work"
[ -z "$as" ] || chown -R postgres "$work"
{
    $as "$root/bin/initdb" -D "$work/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 &&
        $as "$root/bin/pg_ctl" -D "$work/data" -w -l "$work/server.log" \
            -o "-k $work -c listen_addresses= -c fsync=off -c timezone=Asia/Tokyo" start
} >"$work/log" 2>&1
tell $? "the server does not start"
[ "$failed" -eq 0 ] || { echo "$passed passed, $failed failed"; exit 1; }
sql() { psql -h "$work" -U postgres -d postgres -X -q -At -v ON_ERROR_STOP=1 "$@"; }
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }

# --- the example
"$ENTENTE" build -o "$work/first.entc" examples/first/first.ent >"$work/log" 2>&1
sql -v hex="$(hex "$work/first.entc")" -f examples/embedding/postgresql/desk.sql >"$work/example" 2>"$work/log"
tell $? "the example"
grep -q '^restore|T1|met|-03:00:00|24$' "$work/example" && grep -q '^restore|T2|breach|20:00:00|24$' "$work/example"
tell $? "the example's decisions: $(head -3 "$work/example")"
sed -n '/^{/p' "$work/example" >"$work/example.jsonl"
"$ENTENTE" ledger verify "$work/example.jsonl" >"$work/log" 2>&1
tell $? "the example's ledger"

# --- ledgers beside those of the command
same() { # NAME PROGRAM FEED FILE
    "$ENTENTE" run "$2" --assume-signed --feed "$3=$4" --ledger "$work/run.jsonl" >/dev/null 2>"$work/log" || cat "$work/log"
    cat >"$work/same.sql" <<SQL
DROP TABLE IF EXISTS facts;
CREATE TABLE facts (n serial, $(sed -n '1s/[^,]*/"&" text/gp' "$4"));
\\copy facts ($(sed -n '1s/[^,]*/"&"/gp' "$4")) FROM '$4' CSV HEADER
SELECT rtrim(entente_ledger(:'program'::text::bytea, '$3', f, '{"assume_signed": true}' ORDER BY n), chr(10)) FROM facts f;
SELECT rtrim(entente_ledger(:'program'::text::bytea, '$3', to_jsonb(f), '{"assume_signed": true}' ORDER BY n), chr(10)) FROM facts f;
SQL
    sql -v program="\\x$(hex "$2")" -f "$work/same.sql" >"$work/pg.jsonl" 2>"$work/log"
    cat "$work/run.jsonl" "$work/run.jsonl" | cmp - "$work/pg.jsonl" >>"$work/log" 2>&1
    tell $? "$1: another ledger"
}
for folder in examples/accountability/*/; do
    source=$folder/club.ent
    [ -e "$source" ] || source=examples/accountability/pool-paid/club.ent
    facts=$(ls "$folder"*.csv)
    "$ENTENTE" build -o "$work/x.entc" "$source" >/dev/null 2>&1
    same "$(basename "$folder")" "$work/x.entc" "$(basename "$facts" .csv)" "$facts"
done
same first "$work/first.entc" ticket examples/first/ticket.csv

# --- the set that all hosts share: several feeds, texts of all kinds
mkdir "$work/shared"
for name in $(sh tests/conformance/hosts/expected.sh "$ENTENTE" "$work/shared"); do
    club=tests/conformance/hosts/$name
    options={}
    [ -e "$club/period" ] && read -r from to <"$club/period" && options="{\"from\": \"$from\", \"to\": \"$to\"}"
    echo "DROP TABLE IF EXISTS rows; CREATE TABLE rows (n serial, feed text, facts jsonb);" >"$work/shared.sql"
    for facts in "$club"/*.csv; do
        cat >>"$work/shared.sql" <<SQL
DROP TABLE IF EXISTS facts;
CREATE TABLE facts (nth serial, $(sed -n '1s/[^,]*/"&" text/gp' "$facts"));
\\copy facts ($(sed -n '1s/[^,]*/"&"/gp' "$facts")) FROM '$facts' CSV HEADER
INSERT INTO rows (feed, facts) SELECT '$(basename "$facts" .csv)', to_jsonb(f) FROM facts f ORDER BY nth;
SQL
    done
    echo "SELECT rtrim(entente_ledger(:'program'::text::bytea, feed, facts, '$options' ORDER BY n), chr(10)) FROM rows;" >>"$work/shared.sql"
    sql -v program="\\x$(hex "$work/shared/$name.entc")" -f "$work/shared.sql" >"$work/pg.jsonl" 2>"$work/log"
    cmp "$work/shared/$name.jsonl" "$work/pg.jsonl" >>"$work/log" 2>&1
    tell $? "the shared $name: another ledger"
done

# --- typed columns, two groups, and the same in parallel
sql >"$work/log" 2>&1 <<'SQL'
TRUNCATE ticket;
INSERT INTO ticket
SELECT timestamptz '2026-01-01 00:00+00' + n * interval '7 s', 'T' || n / 2, (ARRAY['opened', 'resolved'])[n % 2 + 1],
       'P' || n / 2 % 4 + 1, 'web', 'Host'
FROM generate_series(0, 59999) n ORDER BY md5(n::text);
UPDATE ticket SET at = at + interval '5 h' WHERE event = 'resolved' AND substr(id, 2)::int % 3 = 0;
ANALYZE ticket;
SQL
tell $? "many tickets"
sql -c "COPY (SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at, id, event, priority, service, party FROM ticket t ORDER BY t.at, id) TO STDOUT CSV HEADER" >"$work/many.csv" 2>"$work/log"
"$ENTENTE" run "$work/first.entc" --feed "ticket=$work/many.csv" --ledger "$work/run.jsonl" >/dev/null 2>"$work/log"
tell $? "the command on many tickets"
parallel="SET parallel_setup_cost=0; SET parallel_tuple_cost=0; SET min_parallel_table_scan_size=0; SET max_parallel_workers_per_gather=2;"
serial="SET max_parallel_workers_per_gather=0;"
query="SELECT rtrim(entente_ledger((SELECT program FROM agreements), 'ticket', t), chr(10)) FROM ticket t"
sql -c "$serial" -c "$query" >"$work/serial.jsonl" 2>"$work/log"
cmp "$work/run.jsonl" "$work/serial.jsonl" >>"$work/log" 2>&1
tell $? "serial: another ledger"
for leader in on off; do
    sql -c "$parallel SET parallel_leader_participation=$leader" -c "$query" >"$work/parallel.jsonl" 2>"$work/log"
    cmp "$work/run.jsonl" "$work/parallel.jsonl" >>"$work/log" 2>&1
    tell $? "parallel, leader $leader: another ledger"
done
sql -c "$parallel" -c "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $query" >"$work/log" 2>&1
grep -q 'Partial Aggregate' "$work/log" && grep -q 'Finalize Aggregate' "$work/log" && grep -q 'Workers Launched: 2' "$work/log"
tell $? "the plan is not parallel"
sql -c "$parallel" -c "SELECT d.status, count(*) FROM (SELECT entente_decide((SELECT program FROM agreements), 'ticket', to_jsonb(t)) FROM ticket t) s (x), unnest(x) d WHERE kind = 'duty' GROUP BY 1 ORDER BY 1" >"$work/counts" 2>"$work/log"
for status in breach met; do
    grep -q "^$status|$(grep -c "\"kind\":\"duty\".*\"status\":\"$status\"" "$work/run.jsonl")$" "$work/counts"
    tell $? "as many decisions ($status) as the ledger: $(cat "$work/counts")"
done
sql -c "$parallel" -c "SELECT priority, entente_ledger((SELECT program FROM agreements), 'ticket', t) ~ '\"rows\":15000,' FROM ticket t GROUP BY priority ORDER BY 1" >"$work/groups" 2>"$work/log"
printf 'P1|t\nP2|t\nP3|t\nP4|t\n' | cmp - "$work/groups" >>"$work/log" 2>&1
tell $? "groups: $(cat "$work/groups")"
sql -c "SELECT entente_ledger(program, 'ticket', NULL::jsonb) IS NULL FROM agreements WHERE false" >"$work/log" 2>&1
[ "$(cat "$work/log")" = t ]
tell $? "no rows at all"

# --- decisions carry the struct's content
sql -c "SELECT count(*), bool_and(d.seq = (d.line::json ->> 'seq')::bigint AND d.status = d.line::json ->> 'status' AND d.subject::text = (d.line::jsonb ->> 'subject') AND d.due_at = (d.line::json #>> '{clock,due}')::timestamptz AND d.done_at IS NOT DISTINCT FROM (d.line::json #>> '{clock,done}')::timestamptz AND d.period_from = (d.line::json #>> '{clock,at}')::timestamptz) FROM (SELECT entente_decide((SELECT program FROM agreements), 'ticket', t) FROM ticket t) s (x), unnest(x) d WHERE kind = 'duty'" >"$work/log" 2>&1
grep -q '^30000|t$' "$work/log"
tell $? "decisions differ from their lines"

# --- errors
refused() { # SQLSTATE PATTERN SQL
    sql -v VERBOSITY=verbose -c "$3" >"$work/log" 2>&1 && { tell 1 "no error: $3"; return; }
    grep -q "ERROR: *$1:" "$work/log" && grep -q "$2" "$work/log"
    tell $? "another error than $1 $2: $3"
}
one="(SELECT program FROM agreements)"
refused 22P03 'no Entente program' "SELECT entente_decide('\\x00', 'ticket', t) FROM ticket t"
refused 22023 'no feed "tickets"' "SELECT entente_decide($one, 'tickets', t) FROM ticket t"
refused 22004 'program is NULL' "SELECT entente_decide(NULL, 'ticket', t) FROM ticket t"
refused 42703 'no column "party"' "SELECT entente_decide($one, 'ticket', t) FROM (SELECT at, id, event, priority, service FROM ticket) t"
refused 42804 'without time zone' "SELECT entente_decide($one, 'ticket', t) FROM (SELECT at AT TIME ZONE 'UTC' AS at, id, event, priority, service, party FROM ticket) t"
refused 42804 'not a JSON object' "SELECT entente_decide($one, 'ticket', '[]'::jsonb)"
refused 22000 'Row: at = 2026-01-01T00:00:00.000000Z, id = x, event = opened, priority = P9' "SELECT entente_decide($one, 'ticket', '{\"at\": \"2026-01-01T00:00:00.000000Z\", \"id\": \"x\", \"event\": \"opened\", \"priority\": \"P9\"}'::jsonb)"
refused 22023 'no option "form"' "SELECT entente_decide($one, 'ticket', t, '{\"form\": \"2026-01-01\"}') FROM ticket t"
refused 22023 'not before' "SELECT entente_decide($one, 'ticket', t, '{\"from\": \"2026-02-01\", \"to\": \"2026-01-01\"}') FROM ticket t"
refused 22023 'different programs' "SELECT entente_decide(CASE WHEN id = 'T5' THEN '\\x00'::bytea ELSE $one END, 'ticket', t) FROM ticket t"
refused 57014 'statement timeout' "SET statement_timeout = 50; SELECT entente_decide($one, 'ticket', t) FROM ticket t, generate_series(1, 20)"
"$ENTENTE" build -o "$work/club.entc" tests/embed/club.ent >"$work/log" 2>&1
refused 22000 'club.ent:[0-9]*:[0-9]*' "SELECT entente_decide('\\x$(hex "$work/club.entc")', 'sample', jsonb_build_object('at', '2026-01-0' || n || 'T00:00:00Z', 'id', n, 'state', 'good', 'part', 'web', 'party', 'Host', 'up', true, 'n', 9223372036854775807, 'x', 1, 'd', 1, 'r', '99%', 'fee', 'GBP 1', 'took', '1s', 'clock', '09:00'), '{\"assume_signed\": true}') FROM generate_series(1, 9) n"

# --- an error leaves nothing behind: the resident memory after 400 of them is that after 100
sql >"$work/memory" 2>"$work/log" <<'SQL'
SET client_min_messages = error;
CREATE PROCEDURE fail(times int) LANGUAGE plpgsql AS $$
DECLARE p bytea := (SELECT program FROM agreements); BEGIN
    FOR i IN 1..times LOOP
        BEGIN
            PERFORM entente_decide(p, 'ticket', to_jsonb(t) || CASE WHEN t.id = 'T100' THEN '{"priority": "P9"}' ELSE '{}' END::jsonb)
            FROM (SELECT * FROM ticket LIMIT 3000) t;
            RAISE 'no error';
        EXCEPTION WHEN data_exception THEN NULL;
        END;
    END LOOP;
END $$;
CREATE FUNCTION resident() RETURNS int LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/self/statm', 0, 100), ' ', 2)::int $$;
UPDATE ticket SET id = 'T100' WHERE ctid IN (SELECT ctid FROM ticket LIMIT 1);
CALL fail(60);
SELECT resident() AS before \gset
CALL fail(240);
SELECT resident() - :before < 512;
SQL
tell $? "errors in a loop"
[ "$(cat "$work/memory")" = t ]
tell $? "memory is lost: $(cat "$work/memory")"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
