#!/bin/sh
# Entente in WebAssembly: in Node the ledgers of the command, every type of value and every error, and the example;
# in a headless Chromium the page of the example.
#   wasm.sh ENTENTE BUILD/js
set -u
cd "$(dirname "$0")/../.."
ENTENTE=$1 JS=$2
command -v node >/dev/null || { echo "SKIPPED: there is no node"; exit 0; }
[ -e "$JS/entente.wasm" ] || { echo "wasm: $JS/entente.wasm is missing: make wasm"; exit 1; }
work=$(mktemp -d)
server=
finish() {
    [ -n "$server" ] && kill "$server" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
passed=0 failed=0
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "wasm: failed: $2"; cat "$work/log"; fi
}
node_test() { node tests/hosts/wasm.mjs "$JS/entente.mjs" "$@" >"$work/log" 2>&1; }

# --- ledgers beside those of the command
same() { # NAME PROGRAM FEED=FILE…
    name=$1 program=$2
    shift 2
    feeds=
    for f; do feeds="$feeds --feed $f"; done
    # shellcheck disable=SC2086
    "$ENTENTE" run "$program" --assume-signed $feeds --ledger "$work/run.jsonl" >/dev/null 2>"$work/log" || cat "$work/log"
    for rows in 1000000 7; do
        node_test ledger "$program" "$work/run.jsonl" $rows -assume-signed "$@"
        tell $? "$name, $rows rows a push"
    done
    node_test ledger "$program" "$work/run.jsonl" 7 -assume-signed -saved "$@"
    tell $? "$name, saved and restored"
}
for folder in examples/accountability/*/; do
    source=$folder/club.ent
    [ -e "$source" ] || source=examples/accountability/pool-paid/club.ent
    facts=$(ls "$folder"*.csv)
    "$ENTENTE" build -o "$work/x.entc" "$source" >/dev/null 2>&1
    same "$(basename "$folder")" "$work/x.entc" "$(basename "$facts" .csv)=$facts"
done
"$ENTENTE" build -o "$work/first.entc" examples/first/first.ent >"$work/log" 2>&1
same first "$work/first.entc" ticket=examples/first/ticket.csv

# --- the set that all hosts share
mkdir "$work/shared"
for name in $(sh tests/conformance/hosts/expected.sh "$ENTENTE" "$work/shared"); do
    club=tests/conformance/hosts/$name
    set --
    [ -e "$club/period" ] && read -r from to <"$club/period" && set -- -from "$from" -to "$to"
    for facts in "$club"/*.csv; do set -- "$@" "$(basename "$facts" .csv)=$facts"; done
    for rows in 1000000 3; do
        node_test ledger "$work/shared/$name.entc" "$work/shared/$name.jsonl" $rows "$@"
        tell $? "the shared $name, $rows rows a push"
    done
    node_test ledger "$work/shared/$name.entc" "$work/shared/$name.jsonl" 3 -saved "$@"
    tell $? "the shared $name, saved and restored"
done

# --- values of every type, errors
"$ENTENTE" build -o "$work/club.entc" tests/embed/club.ent >"$work/log" 2>&1
node_test rows "$work/natural.csv" "$work/exact.csv"
tell $? "rows as CSV"
for kind in natural exact; do
    "$ENTENTE" run "$work/club.entc" --assume-signed --feed "sample=$work/$kind.csv" --ledger "$work/$kind.jsonl" \
        >/dev/null 2>"$work/log"
    tell $? "the command reads $kind.csv"
done
node_test api "$work/club.entc" "$work/natural.jsonl" "$work/exact.jsonl"
tell $? "values and errors"
passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/log")))

# --- functions both ways, sessions that go on in another instance, how things stand
sed 's/from "libm.so.6" symbol "tgamma"/from "host"/' tests/embed/native.ent >"$work/native.ent"
"$ENTENTE" build -o "$work/native.entc" "$work/native.ent" >"$work/log" 2>&1
"$ENTENTE" build -o "$work/function.entc" tests/embed/function.ent >"$work/log" 2>&1
cp "$work/shared/"*.entc tests/conformance/hosts/standing.json "$work"
node tests/hosts/natives.mjs "$JS/entente.mjs" "$work" >"$work/log" 2>&1
tell $? "functions, saved sessions and how things stand in Node"
passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/log")))

# --- the example in Node
node examples/embedding/node/desk.mjs "$JS/entente.mjs" "$work/first.entc" >"$work/log" 2>&1 &&
    grep -q '^restore T1: met after 3600 s' "$work/log" && grep -q '^restore T2: breach after 86400 s' "$work/log"
tell $? "the example for Node"

# --- the compiler
node tests/hosts/compiler.mjs "$JS/compiler.mjs" "$ENTENTE" "$work" examples/first/first.ent,ticket=examples/first/ticket.csv \
    >"$work/log" 2>&1
tell $? "the compiler"
passed=$((passed + $(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$work/log")))

# --- the pages
open_page() { # QUERY OUT
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
        --virtual-time-budget=60000 --dump-dom "http://127.0.0.1:$(cat "$work/port")/frame.html$1" \
        >"$work/dom.html" 2>"$work/log"
    python3 tests/hosts/page_text.py ledger <"$work/dom.html" >"$2"
}
if command -v chromium >/dev/null; then
    page=$work/page
    mkdir -p "$page/zones/Europe"
    cp examples/embedding/browser/index.html "$JS/entente.mjs" "$JS/entente.wasm" "$work/"*.entc \
        "$work/standing.json" examples/first/ticket.csv tests/hosts/frame.html tests/hosts/natives.html \
        tests/hosts/natives.mjs "$page"
    cp /usr/share/zoneinfo/tzdata.zi "$page/zones"
    cp /usr/share/zoneinfo/Europe/London "$page/zones/Europe"
    python3 tests/hosts/serve.py "$page" "$work/port" &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s "$work/port" ] && break; sleep 0.5; done
    open_page "" "$work/page.jsonl"
    "$ENTENTE" run "$work/first.entc" --feed ticket=examples/first/ticket.csv --ledger "$work/run.jsonl" >/dev/null
    cmp "$work/page.jsonl" "$work/run.jsonl" >>"$work/log" 2>&1
    tell $? "the page in Chromium has another ledger"
    open_page "?natives.html" "$work/log"
    grep -q '^[1-9][0-9]* passed, 0 failed' "$work/log"
    tell $? "functions, saved sessions and how things stand in Chromium"
else
    echo "SKIPPED: there is no chromium, so the pages were not opened"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
