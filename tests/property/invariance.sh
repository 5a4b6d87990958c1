#!/bin/sh
# The same facts give the same ledger bytes, and the same table: from sources or .entc, for any batch size and number of threads, with every
# optimisation and with none that can be switched off (--portable), for rows in any order, compressed or not, in one file or
# several, sorted in memory or on disk. With --trace, which names rows, the same but for their places.  And agreements decide
# together what they decide alone.
#   invariance.sh ENTENTE GENERATORS [ROWS]     ROWS of numbers to average, default 200,000
set -u
case $1 in /*) entente=$1 ;; *) entente=$PWD/$1 ;; esac
case $2 in /*) generators=$2 ;; *) generators=$PWD/$2 ;; esac
rows=${3:-200000}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

alike() { # WHAT EXPECTED FOUND: two files with the same in them, and not nothing
    if [ -s "$2" ] && cmp -s "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1"
        cat err.txt
        diff "$2" "$3" | head -6 | cut -c1-400
    fi
}

same() { # WHAT PROGRAM OPTIONS…
    what=$1 program=$2
    shift 2
    "$entente" run --assume-signed "$program" "$@" --ledger other.jsonl >other.txt 2>err.txt
    alike "$what: the ledger differs" ledger.jsonl other.jsonl
    alike "$what: the table differs" table.txt other.txt
}

same_figures() { # PROGRAM OPTIONS…: without a ledger, for which rows are hashed in turn, threads share more of the work
    program=$1
    shift
    for format in csv table; do
        "$entente" run --assume-signed "$program" "$@" --format $format >figures.txt 2>err.txt
        for n in 2 3; do
            "$entente" run --assume-signed "$program" "$@" --format $format --jobs $n >other.txt 2>err.txt
            alike "$program jobs $n: other figures ($format)" figures.txt other.txt
        done
    done
    "$entente" run --assume-signed "$program" "$@" --portable >figures.txt 2>err.txt
    for n in 1 2 3; do
        "$entente" run --assume-signed "$program" "$@" --jobs $n >other.txt 2>err.txt
        alike "$program jobs $n: another table" figures.txt other.txt
    done
}

unplaced() { # LEDGER: without where the rows of facts stand, and the chain over that
    sed 's/,"\(source\|until\)":{"feed":[^}]*}//g; s/"\(prev\|hash\)":"[0-9a-f]*"/HASH/g' "$1"
}

same_facts() { # WHAT PROGRAM OPTIONS…: traced, against the ledger that is not
    what=$1 program=$2
    shift 2
    "$entente" run --assume-signed "$program" "$@" --trace --ledger other.jsonl >/dev/null 2>err.txt
    unplaced ledger.jsonl >expected.txt
    unplaced other.jsonl >actual.txt
    grep -q '"source":{"feed"' other.jsonl || echo "no facts" >>actual.txt
    alike "$what: no facts, or others" expected.txt actual.txt
}

all_ways() { # PROGRAM FEED FILE: file in time order, one row a key and instant
    program=$1 feed=$2 file=$3
    "$entente" run --assume-signed "$program" --feed "$feed=$file" --ledger ledger.jsonl >table.txt || failed=$((failed + 1))
    "$entente" build -o program.entc "$program" || failed=$((failed + 1))
    same "$program as .entc" program.entc --feed "$feed=$file"
    for n in 1 7 2048; do same "$program batch $n" "$program" --feed "$feed=$file" --batch $n; done
    same "$program portable" "$program" --feed "$feed=$file" --portable
    same "$program portable, row by row" "$program" --feed "$feed=$file" --portable --batch 1
    same "$program portable, two threads" "$program" --feed "$feed=$file" --portable --jobs 2
    for n in 1 2; do same "$program jobs $n" "$program" --feed "$feed=$file" --jobs $n; done
    same_figures "$program" --feed "$feed=$file"
    # without a ledger nobody asks where rows stand
    "$entente" run --assume-signed "$program" --feed "$feed=$file" >other.txt 2>err.txt
    alike "$program without a ledger: another table" table.txt other.txt
    (head -n 1 "$file"; tail -n +2 "$file" | sed 'n;n;n;d') >fewer.csv
    "$entente" run --assume-signed "$program" --feed "$feed=fewer.csv" --restate ledger.jsonl --ledger other.jsonl >figures.txt 2>err.txt
    "$entente" run --assume-signed "$program" --feed "$feed=fewer.csv" --restate ledger.jsonl >other.txt 2>err.txt
    alike "$program without a ledger: another restatement" figures.txt other.txt
    same "$program jobs 3, small batches" "$program" --feed "$feed=$file" --jobs 3 --batch 7
    xz -0 -k -f "$file" && same "$program xz" "$program" --feed "$feed=$file.xz"
    same "$program standard input" "$program" --feed "$feed=-" <"$file"
    (head -n 1 "$file"; tail -n +2 "$file" | awk 'BEGIN {srand(7)} {print rand() "\t" $0}' | sort -k1,1 | cut -f2-) >shuffled.csv
    same "$program shuffled" "$program" --feed "$feed=shuffled.csv"
    same "$program shuffled, jobs 2" "$program" --feed "$feed=shuffled.csv" --jobs 2
    same "$program shuffled, sorted on disk" "$program" --feed "$feed=shuffled.csv" --sort-memory 64K --tmpdir "$work"
    same_facts "$program traced" "$program" --feed "$feed=$file"
    same_facts "$program shuffled and traced" "$program" --feed "$feed=shuffled.csv"
    (head -n 1 shuffled.csv; tail -n +2 shuffled.csv | head -n 1000) >a.csv
    (head -n 1 shuffled.csv; tail -n +1002 shuffled.csv) >b.csv
    same "$program in two files" "$program" --feed "$feed=b.csv" --feed "$feed=a.csv"
}

cat >numbers.ent <<'END'
feed reading { at instant  id text key  value number  delay duration }
framework Club version 1 effective from 2020-01-01 timezone "Europe/London" currency GBP
{ client Acme  integrator Hub  provider P  service s by P }
sla S version 1 under Club between P and Acme effective from 2020-01-01 {
  objective mean average of reading.value at most 1 each month
  objective total sum of reading.value at most 1 each day
  objective high percentile 99 of reading.value where delay > 5s at most 0.99 each day
  measure late per id share of reading where delay <= 9s
  objective punctual late at least 90% rolling 2d every 1d
}
END
cat >monthly.ent <<'END'
feed reading { at instant  id text key  value number  delay duration }
framework Club version 1 effective from 2020-01-01 timezone "Europe/London" currency GBP
{ client Acme  integrator Hub  provider P  service s by P }
sla S version 1 under Club between P and Acme effective from 2020-01-01 {
  measure late per id share of reading where delay <= 9s
  measure slow per id percentile 95 of reading.delay
  measure usual per id average of reading.delay
  measure middle per id median of reading.delay
  objective punctual late at least 95% each month
  objective quick slow at most 9s each month
  objective even usual at least 5s each month
  objective calm middle at most 9500ms each month
}
END
awk -v n="$rows" 'BEGIN {
    srand(42); print "at,id,value,delay"
    for (i = 0; i < n; i++)
        printf "2026-03-%02dT%02d:%02d:%02d.%03dZ,k%d,%.17g,%dms\n", 25 + int(i / (n / 6)), int(i * 86400 / n / 1) % 24,
            int(i / 37) % 60, int(i / 11) % 60, i % 1000, i % 13, (rand() - 0.5) * exp(40 * rand()), int(rand() * 10000)
}' >unsorted.csv
(head -n 1 unsorted.csv; tail -n +2 unsorted.csv | sort -t, -k1,2 | awk -F, '!seen[$1]++') >numbers.csv
all_ways numbers.ent reading numbers.csv
same_figures monthly.ent --feed reading=numbers.csv

# rows that do not fit, blank lines, CRLF and quotes, far enough into a file that several threads read it: the same rows are put
# aside with the same places, and the run that stops at the first of them says the same
threads() { # WHAT FILE…: the same with one thread, with three, and in the portable way
    what=$1
    shift
    feeds=
    for f; do feeds="$feeds --feed reading=$f"; done
    : >err.txt
    for way in 1 3 portable; do
        options="--jobs $way"
        [ $way = portable ] && options=--portable
        "$entente" run numbers.ent $feeds $options --ledger l$way.jsonl --bad-rows quarantine=q$way.csv >o$way.txt 2>&1
        "$entente" run numbers.ent $feeds $options >s$way.txt 2>&1
        "$entente" run numbers.ent $feeds $options --format csv --bad-rows quarantine=r$way.csv >c$way.txt 2>&1
        sed -i "s/[qr]$way.csv/aside.csv/" o$way.txt c$way.txt
    done
    for kind in l:jsonl q:csv o:txt s:txt r:csv c:txt; do
        for way in 3 portable; do
            alike "$what: with --jobs 3 or --portable ($way) another ${kind%:*}" \
                "${kind%:*}1.${kind#*:}" "${kind%:*}$way.${kind#*:}"
        done
    done
    [ "$(wc -l <q1.csv)" -gt 1 ] || { failed=$((failed + 1)); echo "$what: no bad row"; }
}
awk -v n=150000 'BEGIN {
    print "value,at,delay,id,note"
    for (i = 0; i < n; i++) {
        at = sprintf("2026-03-%02dT%02d:%02d:%02dZ", 1 + int(i / 6000), int(i / 250) % 24, int(i % 250 / 5), i * 12 % 60)
        if (i % 20011 == 20000) print "1,soon,5s,k1,a time that is none"
        else if (i % 30011 == 30000) print "1," at ",5s"
        else printf "%d.%d,%s,%dms,k%d,note %d%s\n", i % 17, i % 9, at, i * 7 % 10000, i % 300, i, i % 5 ? "" : "\r"
        if (i % 40000 == 39999) print ""
    }
}' >plain.csv
threads "bad rows" plain.csv
awk 'NR % 70000 == 0 {sub(/note/, "\"a \"\"note\"\"\nof two lines\"")} {print}' plain.csv >quotes.csv
threads "quotes" quotes.csv
awk 'NR > 50000 {sub(/note/, "\"a\nnote\nof\nlines\"")} {print}' plain.csv >dense.csv
threads "quotes behind a bad row that nobody has read over" dense.csv
threads "two files" quotes.csv plain.csv
awk 'NR % 50000 == 0 {for (i = 0; i < 12; i++) $0 = $0 $0} {print}' plain.csv >long.csv
threads "rows longer than what is looked through for their ends, and than pieces" long.csv
awk -F, 'NR > 1 && NF >= 3 {printf "{\"value\": %s, \"at\": \"%s\", \"delay\": \"%s\", \"id\": \"%s\", \"note\": {\"t\": \"%s\"}}%s\n",
    $1, $2, $3, $4, $5, NR % 31000 ? "" : ","}' plain.csv | tr -d '\r' >plain.jsonl
threads "JSON Lines" plain.jsonl

# agreements that ask for the same figures share the folds: together they decide what each of them decides alone
cat >many_head.ent <<'END2'
feed probe sampled every 60s { at instant  service service key  up bool  latency decimal(1)  load int }
framework Club version 1 effective from 2026-01-01 timezone "UTC" currency EUR
{
  client Acme  integrator Hub  provider P  provider Q
  service a by P  service b by Q  service c by P depends on a, b
  accountability
    outages follow dependencies
    credits follow responsibility
}
measure availability per service
  share of probe where up
measure mean per service
  average of probe.latency where load < 90
measure high per service
  percentile 95 of probe.latency
measure load per service
  sum of probe.load
END2
cat many_head.ent >many.ent
for i in 1 2 3 4 5 6; do
    (cat many_head.ent
     echo "sla S$i version 1 under Club between P and Acme effective from 2026-01-01 {"
     echo "  charge EUR 100 per month"
     echo "  objective uptime availability at least 9$i% each day credit none when at least 9$i%, 5% of charge otherwise"
     echo "    missing $([ $((i % 3)) = 0 ] && echo counts as down || echo is ignored)"
     echo "  objective speed mean at most $((20 + i / 2)) each day missing is ignored"
     echo "    credit none when at most $((20 + i / 2)), 5% of charge otherwise"
     echo "  objective slow high at most $((40 + i / 3)) each day missing is ignored"
     echo "  objective busy load at most $((10000 * i)) each day missing is ignored"
     echo "}") >one$i.ent
    tail -n +$(($(wc -l <many_head.ent) + 1)) one$i.ent >>many.ent
done
awk 'BEGIN {
    srand(5); print "at,service,up,latency,load"
    for (i = 0; i < 3 * 12000; i++) {
        service = substr("abc", i % 3 + 1, 1); t = int(i / 3) * 60 + i % 3
        if (rand() < 0.01) continue
        printf "2026-03-%02dT%02d:%02d:%02dZ,%s,%s,%.1f,%s\n", 1 + int(t / 86400), int(t / 3600) % 24, int(t / 60) % 60, t % 60, service,
            int(i / 50) % 7 == 0 && rand() < 0.8 ? "false" : "true", 45 * rand(), rand() < 0.02 ? "" : int(100 * rand())
    }
}' >probe.csv
shares() { # OPTIONS…
    "$entente" run many.ent --feed probe=probe.csv "$@" --format jsonl >together.txt 2>err.txt
    for i in 1 2 3 4 5 6; do
        "$entente" run one$i.ent --feed probe=probe.csv --format jsonl 2>>err.txt
    done >alone.txt
    for f in together alone; do
        grep '"kind":"objective"' $f.txt | sed 's/"seq":[0-9]*,//; s/"source":{"file":[^}]*}//; s/"\(prev\|hash\)":"[0-9a-f]*"//g' | sort >$f.lines
    done
    alike "shared folds $*: other decisions than alone" alone.lines together.lines
}
sed 's/outages follow dependencies/outages stay with owner/' many.ent >owners.ent
same_figures owners.ent --feed probe=probe.csv --batch 64
same_figures owners.ent --feed probe=probe.csv --batch 64 --from 2026-03-03T05:00:00Z --to 2026-03-06
shares
shares --batch 5
shares --portable

"$generators/generate-retail-club" --days 5 >/dev/null
cp "$root/examples/retail-club/club.ent" "$root/examples/retail-club/uk-bank-holidays.ics" .
awk -F, 'NR == 1 || !seen[$1 "," $2]++' ticket.csv >unique.csv
all_ways club.ent ticket unique.csv

# clocks with pauses and holders, whose slices are made ready ahead where there are threads
cp "$root/tests/bench/incidents.ent" .
awk 'BEGIN {
    srand(11); split("opened assigned pending_client resumed assigned resolved closed", events, " ")
    split("NetCo HostCo AppCo Payline", parties, " ")
    for (i = 0; i < 4000; i++) {
        t = int(i * 60 + rand() * 600); priority = int(1 + 4 * rand())
        for (e = 1; e <= 7; e++) {
            if (rand() < 0.2) continue
            at = sprintf("2026-01-%02dT%02d:%02d:%02dZ", 1 + int(t / 86400), int(t / 3600) % 24, int(t / 60) % 60, t % 60)
            printf "%s,INC%05d,%s,%s,%s\n", at, i, events[e], rand() < 0.05 ? "" : priority, rand() < 0.3 ? "" : parties[int(1 + 4 * rand())]
            t += 1 + int(rand() * rand() * 40000)
        }
    }
}' | sort -t, -k1,2 | awk -F, 'BEGIN {print "t,id,event,priority,party"} !seen[$1 "," $2]++' >incidents.csv
all_ways incidents.ent ticket incidents.csv
grep -q 'Whose time it was' table.txt || { failed=$((failed + 1)); echo "nobody's time was told"; }

# of clocks that overran by as much, those that the table names come first in the ledger, in whatever order they were decided
awk 'BEGIN {
    print "t,id,event,priority,party"
    for (i = 0; i < 900; i++) printf "2026-01-01T00:00:00Z,INC%05d,opened,1,\n", 10000 + i * 7919 % 900
    for (i = 0; i < 900; i++) printf "2026-01-04T09:00:00Z,INC%05d,resolved,1,\n", 10000 + i * 7901 % 900
}' >ties.csv
same_figures incidents.ent --feed ticket=ties.csv
same_figures incidents.ent --feed ticket=ties.csv --batch 64
grep -q INC10000 figures.txt || { failed=$((failed + 1)); echo "the first clock is not named"; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
