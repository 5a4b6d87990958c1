#!/bin/sh
# Which lines the tests reach, of a build with COVERAGE=1: a table by file and build/coverage/html/index.html with each
# line.  BUILD is the build folder.  Of the random parts a few rounds are run, servers and hosts in other languages are
# left out: they take long and reach little that is not reached here.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build/coverage}
ENTENTE=$BUILD/entente
failed=0

step() {
    "$@" >"$BUILD/coverage.log" 2>&1 || { failed=$((failed + 1)); echo "failed: $*"; tail -n 5 "$BUILD/coverage.log"; }
}

for t in "$BUILD"/tests/test_*; do
    case $t in *.o | *.d | *.gcno | *.gcda) continue ;; esac
    step "$t"
done
step sh tests/golden/syntax/run.sh
step sh tests/golden/diagnostics/run.sh "$BUILD/tests/diagnostics_driver"
step sh tests/golden/format/run.sh "$ENTENTE"
step sh tests/golden/run/run.sh "$ENTENTE"
step sh tests/golden/emit/run.sh "$ENTENTE"
step python3 tests/golden/diagnostics/formats.py "$ENTENTE"
step sh tests/golden/diagnostics/counterexamples.sh "$ENTENTE"
step python3 tests/conformance/language/run.py "$ENTENTE"
step python3 tests/docs_examples.py "$ENTENTE"
step python3 tests/ide.py "$ENTENTE"
step sh tests/explain.sh "$ENTENTE" "$BUILD/examples"
step sh tests/consent.sh "$ENTENTE"
step sh tests/accountability.sh "$ENTENTE"
step env COVERAGE=1 sh tests/embed/run.sh "$BUILD"
step sh tests/property/invariance.sh "$ENTENTE" "$BUILD/examples" 2000
step python3 tests/property/spool.py --entente "$ENTENTE"
step python3 tests/property/digest.py "$ENTENTE"
step python3 tests/property/random_worlds.py --seed 1 --count 10 --entente "$ENTENTE"
step python3 tests/property/save.py --seed 1 --count 5 --hostile 40 --entente "$ENTENTE" --driver "$BUILD/tests/save_driver"
step python3 tests/property/backtest.py --seed 1 --count 5 --entente "$ENTENTE"
step "$BUILD/tests/fuzz_watch" -n 500
mkdir -p "$BUILD/html"
gcovr --root . --object-directory "$BUILD" --filter 'runtime/' --filter 'compiler/' --exclude-unreachable-branches \
    --html-details "$BUILD/html/index.html" --txt --print-summary
[ "$failed" -eq 0 ]
