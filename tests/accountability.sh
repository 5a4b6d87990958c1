#!/bin/sh
# Runs every club of examples/accountability, and examples/published-sla, and compares what it prints
# (report.txt) and its ledger (decisions.jsonl) byte for byte, the ledger's hashes and the version of the time
# zones apart, and the ledger with what was worked out by hand (expected.jsonl). Runs the clubs' scenarios.
#
#   tests/accountability.sh ENTENTE [--update]
#
# --update rewrites report.txt and decisions.jsonl, never expected.jsonl.  The last line says `N passed, N failed`.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
case $1 in /*) ENTENTE=$1 ;; *) ENTENTE=$PWD/$1 ;; esac
export ENTENTE
update=${2-}
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

tell() { # STATUS WHAT: what was said is in $work/said
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -v ' passed, ' "$work/said"
        echo "accountability: failed: $2"
    fi
}

golden() { # FILE ACTUAL
    [ "$update" = --update ] && cp "$2" "$1"
    diff -u "$1" "$2" >"$work/said"
    tell $? "$1"
}

for club in "$root"/examples/accountability/*/ "$root/examples/published-sla/"; do
    club=${club%/}
    NO_COLOR=1 sh "$club/run.sh" --ledger "$work/ledger" >"$work/report" 2>&1
    status=$?
    cp "$work/report" "$work/said"
    tell $status "run of $club"
    golden "$club/report.txt" "$work/report"
    sed 's/"tzdata":"[^"]*"/"tzdata":"VERSION"/; s/[0-9a-f]\{64\}/HASH/g' "$work/ledger" >"$work/decisions"
    golden "$club/decisions.jsonl" "$work/decisions"
    python3 "$root/tests/worked.py" "$club/expected.jsonl" "$work/ledger" >"$work/said"
    tell $? "$club decided as by hand"
    for source in "$club"/*.ent; do
        grep -qs '^scenario ' "$source" || continue
        NO_COLOR=1 "$ENTENTE" test "$source" >"$work/said"
        tell $? "scenarios of $source"
    done
done
echo "accountability: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
