#!/bin/sh
# Explains decisions of the clubs of examples/accountability, of examples/published-sla and of examples/retail-club, and
# compares the pages and the JSON with tests/golden/explain, byte for byte, digests apart.
#
#   tests/explain.sh ENTENTE EXAMPLES [--update]
#
# EXAMPLES has the built generators.  The last line says `N passed, N failed`.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
case $1 in /*) ENTENTE=$1 ;; *) ENTENTE=$PWD/$1 ;; esac
case $2 in /*) generators=$2 ;; *) generators=$PWD/$2 ;; esac
export ENTENTE
update=${3-}
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

compare() { # NAME: what was said is in $work/said
    golden=$root/tests/golden/explain/$1
    sed 's/[0-9a-f]\{64\}/HASH/g' "$work/said" >"$work/actual"
    [ "$update" = --update ] && cp "$work/actual" "$golden"
    if diff -u "$golden" "$work/actual"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    if LC_ALL=C.UTF-8 grep -nE '^.{93,}$| $' "$work/actual" >"$work/wide" && [ "${1##*.}" = txt ]; then
        cat "$work/wide"
        echo "explain: wider than 92 columns, or a blank at the end: $1"
        failed=$((failed + 1))
    fi
}

explain() { # CLUB SEQ FORMATS…
    club=$1 seq=$2
    shift 2
    for format; do
        (cd "$work/$club" && "$ENTENTE" explain ledger.jsonl "$seq" --format "$format") >"$work/said" 2>&1 ||
            echo "exit $?" >>"$work/said"
        case $format in text) compare "$club-$seq.txt" ;; *) compare "$club-$seq.json" ;; esac
    done
}

cp -r "$root"/examples/accountability/* "$root/examples/published-sla" "$work/"
for club in one-root two-roots ping-pong client-hold structural-gap pool-paid pool-not-paid published-sla; do
    sh "$work/$club/run.sh" --trace --ledger ledger.jsonl >"$work/said" 2>&1 || cat "$work/said"
done
mkdir "$work/retail-club"
cp "$root"/examples/retail-club/*.ent "$root"/examples/retail-club/*.ics "$work/retail-club/"
(cd "$work/retail-club" && "$generators/generate-retail-club" --days 31 &&
    "$ENTENTE" run club.ent --assume-signed --feed probe=probe.csv --feed ticket=ticket.csv --feed change=change.csv \
        --trace --ledger ledger.jsonl) >"$work/said" 2>&1 || cat "$work/said"

explain one-root 1 text json        # one root, downstream
explain two-roots 1 text json       # two roots at once
explain ping-pong 3 text json       # a ticket between two
explain ping-pong 9 text            # met
explain ping-pong 10 text json      # a month of tickets
explain client-hold 2 text json     # the client's own duty, relief
explain client-hold 5 text          # the client's duty itself
explain structural-gap 2 text json  # nobody's doing
explain structural-gap 6 text       # partly
explain pool-paid 1 text json
explain pool-not-paid 1 text
explain pool-not-paid 3 text
explain published-sla 14 text       # a count
explain published-sla 16 text json  # time, two causes
explain published-sla 38 text       # a month without rows
explain published-sla 40 text       # a calendar
# a duty with pauses and several holders, an objective, and what was met
for kind in '"clause":"restore".*"status":"breach"' '"clause":"uptime".*"status":"breach"' '"clause":"speed"'; do
    seq=$(grep -m 1 "$kind" "$work/retail-club/ledger.jsonl" | sed 's/{"seq":\([0-9]*\),.*/\1/')
    [ -n "$seq" ] && explain retail-club "$seq" text
done
echo "explain: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
