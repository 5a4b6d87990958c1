#!/bin/sh
# The published outages, held to monthly availability: the figures must be those that awk finds by itself.
#   tests/outages.sh ENTENTE DATA_DIR
set -u
entente=$1
data=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")/.."
"$entente" run examples/outages/outages.ent --feed "began=$data/downtime_windows.csv" \
    --feed "ended=$data/downtime_windows.csv" --feed "update=$data/segments.csv" \
    --from 2022-03-01 --to 2026-08-01 --format jsonl >"$work/ledger" || exit 1
python3 tests/oracle/outages.py "$work/ledger" "$data"
