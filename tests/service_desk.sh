#!/bin/sh
# The real service-desk log against the naive replay, clock by clock, in batch and row by row in time order.
#   tests/service_desk.sh ENTENTE DATA_DIR
set -u
entente=$1
log=$2/incident_event_log.csv.xz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")/.."
"$entente" run examples/service-desk/desk.ent --feed "ticket=$log" --ledger "$work/batch.jsonl" >/dev/null || exit 1
# one row a batch is pushing row by row: the watermark follows every row
"$entente" run examples/service-desk/desk.ent --feed "ticket=$log" --batch 1 --ledger "$work/rows.jsonl" >/dev/null || exit 1
"$entente" ledger verify "$work/batch.jsonl" || exit 1
cmp "$work/batch.jsonl" "$work/rows.jsonl" || exit 1
xz -dc "$log" >"$work/log.csv"
python3 tests/oracle/service_desk.py "$work/log.csv" "$work/batch.jsonl"
