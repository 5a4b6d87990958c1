#!/bin/sh
# The extension of SQLite: the shared conformance set in the shell, with texts and with SQLite's own types, what is refused
# and in which words, random tables in a C host, and the example.
#   run.sh BUILD
set -u
cd "$(dirname "$0")/../../.."
BUILD=$(cd "$1" && pwd)
set_folder=tests/conformance/hosts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "sqlite: failed: $2"; fi
}
ask() { # DATABASE SQL
    sqlite3 -batch -cmd ".load $BUILD/entente_sqlite" "$@" 2>&1
}

# --- the same ledger lines, chain included; the `run` line is no decision and so no row
names=$(sh $set_folder/expected.sh "$BUILD/entente" "$work") || { echo "$names"; exit 1; }
for name in $names; do
    period=
    for facts in $set_folder/"$name"/*.csv; do
        feed=$(basename "$facts" .csv)
        sqlite3 -batch -csv "$work/$name.db" ".import $facts $feed"
    done
    if [ -e $set_folder/"$name"/period ]; then
        read -r from to <$set_folder/"$name"/period
        period="WHERE period_from = '$from' AND period_to = '$to'"
    fi
    sed 1d "$work/$name.jsonl" >"$work/expected"
    ask "$work/$name.db" "SELECT line FROM entente_decide('$work/$name.entc') $period" | cmp - "$work/expected"
    tell $? "$name: other lines"
done

# --- SQLite's own types: seconds, integers beyond 2^53, reals, and types that change from row to row
sed 1d "$work/figures.jsonl" >"$work/expected"
query="SELECT CASE WHEN id < ''d'' THEN unixepoch(at) ELSE at END AS AT, id, state, part, party, up,
    CASE WHEN n <> '''' THEN CAST(n AS INTEGER) END AS n,
    CASE WHEN id = ''b'' THEN x WHEN x <> '''' THEN CAST(x AS REAL) END AS x,
    d, r, fee, took, clock, spare, 1 AS more FROM sample"
ask "$work/figures.db" "SELECT line FROM entente_decide('$work/figures.entc', 'sample', '$query')" | cmp - "$work/expected"
tell $? "figures: typed values give other lines"
ask "$work/figures.db" "CREATE TEMP VIEW seen AS SELECT * FROM sample ORDER BY random();
    SELECT line FROM entente_decide(readfile('$work/figures.entc'), 'sample', 'seen')" | cmp - "$work/expected"
tell $? "figures: a view and a program in a BLOB give other lines"

# --- columns, and what is refused
sed "s#'desk.entc'#'$work/desk.entc'#; s#'figures.entc'#'$work/figures.entc'#" tests/hosts/sqlite/questions.sql |
    ask "$work/desk.db" |
    sed -E "s#$work/##g; s/^(Parse error|Runtime error|Error:?) near line [0-9]+: /error: /" >"$work/out"
diff tests/hosts/sqlite/questions.expected "$work/out"
tell $? "answers"

# --- from C, with random tables
"$BUILD/tests/sqlite_host" "$BUILD/entente_sqlite.so" "$work/figures.entc" 1 1500

# --- the example
"$BUILD/entente" build -o "$work/first.entc" examples/first/first.ent >"$work/log" 2>&1
(cd "$work" && sqlite3 -batch -csv first.db ".import $OLDPWD/examples/first/ticket.csv incidents" &&
    sqlite3 -batch -cmd ".load $BUILD/entente_sqlite" first.db <"$OLDPWD/examples/embedding/sqlite/decide.sql") >"$work/out" 2>&1
diff tests/hosts/sqlite/example.expected "$work/out"
tell $? "the example"
[ "$(wc -l <examples/embedding/sqlite/decide.sql)" -lt 60 ]
tell $? "the example is too long"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
