#!/bin/sh
# Builds the examples' generators, compares what they write with the digests that are kept, and, given the
# entente command, checks and runs every example over it.
#
#   tests/examples.sh [--update] [build/entente]
#
# CC chooses the compiler: the bytes must be the same with any.  The last line says `N passed, N failed`.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
digests=$root/tests/golden/lang/generated.sha256
update=no
[ "${1-}" = --update ] && { update=yes; shift; }
entente=${1-}
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "examples: failed: $2"
    fi
}

generate() { # EXAMPLE ARGUMENTS…
    name=$1
    shift
    mkdir -p "$work/$name"
    ${CC:-cc} -std=c17 -O2 -o "$work/$name/generate" "$root/examples/$name/generate.c" &&
        (cd "$work/$name" && ./generate "$@")
    tell $? "generator of $name"
    rm -f "$work/$name/generate"
}

run() { # EXAMPLE FILE FEEDS…
    file=$root/examples/$1/$2
    (cd "$work/$1" && shift 2 && "$entente" check "$file" &&
        "$entente" run "$file" "$@" --ledger ledger.jsonl >run.txt && test -s ledger.jsonl)
    tell $? "run of $file"
}

generate outages
generate retail-club --days 31
generate service-desk --incidents 2000 --out incident_event_log.csv

if [ "$update" = yes ]; then
    (cd "$work" && sha256sum -- */*.csv) >"$digests"
fi
(cd "$work" && sha256sum --check --quiet "$digests")
tell $? "the generators' output has changed"

if [ -n "$entente" ]; then
    case $entente in /*) ;; *) entente=$(pwd)/$entente ;; esac
    mkdir -p "$work/first" && cp "$root/examples/first/"*.csv "$work/first/"
    run first first.ent --feed ticket=ticket.csv
    run first office.ent --feed ticket=ticket.csv
    run first export.ent --feed ticket=export.csv
    run outages outages.ent --feed began=downtime_windows.csv --feed ended=downtime_windows.csv \
        --feed update=segments.csv
    run retail-club club.ent --assume-signed --feed probe=probe.csv --feed ticket=ticket.csv --feed change=change.csv
    run service-desk desk.ent --feed ticket=incident_event_log.csv
    "$entente" test --coverage "$root/examples/retail-club/club.ent" \
        "$root/examples/retail-club/scenarios.ent" >"$work/scenarios.txt"
    tell $? "scenarios of the retail club"
    ! grep -E 'never|no `' "$work/scenarios.txt"
    tell $? "the scenarios of the retail club reach every clause and step"
fi
echo "examples: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
