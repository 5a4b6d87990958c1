#!/bin/sh
# `make demo`: compiles the service-desk agreements and runs them for a month-end table, on a generated log, or on
# the real one: make demo DATA=…/incident_event_log.csv.xz
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
log=${DATA:-}
if [ -z "$log" ]; then
    mkdir -p "$BUILD/demo"
    log=$BUILD/demo/incident_event_log.csv
    "$BUILD/examples/generate-service-desk" --incidents 5000 --out "$log"
    echo "Generated a log of 5,000 incidents: $log"
fi
"$BUILD/entente" build -o "$BUILD/demo.entc" examples/service-desk/desk.ent
echo "Compiled examples/service-desk/desk.ent to $BUILD/demo.entc"
echo
"$BUILD/entente" run "$BUILD/demo.entc" --feed "ticket=$log" --ledger "$BUILD/demo.jsonl"
echo
"$BUILD/entente" ledger verify "$BUILD/demo.jsonl"
