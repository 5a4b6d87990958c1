#!/bin/sh
# The rules of the house that a program can check: layers, sizes, forbidden functions.
set -u
cd "$(dirname "$0")/.."
failed=0
complain() {
    echo "lint: $1"
    failed=$((failed + 1))
}
for f in $(find runtime -name '*.c' -o -name '*.h' -o -name '*.cc'); do
    grep -nE '#include "compiler/' "$f" && complain "$f includes compiler/"
    grep -nE '\b(strtok|localtime|setlocale|getenv|exit|abort)\(' "$f" && complain "$f calls what a library must not"
done
for f in $(find runtime/bytecode runtime/vm runtime/state runtime/judge -name '*.c'); do
    grep -nE '\b(fopen|open|read|write|printf|fprintf)\(' "$f" && complain "$f does I/O"
done
for f in $(find runtime compiler -name '*.c' -o -name '*.h'); do
    lines=$(wc -l <"$f")
    [ "$lines" -gt 900 ] && complain "$f has $lines lines"
    # characters, in whatever locale and awk: the bytes that go on with a character are left out
    LC_ALL=C tr -d '\200-\277' <"$f" |
        LC_ALL=C awk -v f="$f" 'length($0) > 120 {print f ":" FNR ": " length($0) " columns"; bad = 1} END {exit bad}' ||
        complain "$f has lines over 120 columns"
done
echo "$([ "$failed" -eq 0 ] && echo 1 || echo 0) passed, $failed failed"
[ "$failed" -eq 0 ]
