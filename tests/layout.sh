#!/bin/sh
# Every source in the repository is laid out as `entente fmt` writes it.  Two kinds are not:
#  - inputs of tests whose layout is the point (tests/golden/format, tests/golden/run/fmt, words.ent);
#  - sources that do not parse, which cannot be laid out: they may only stand among the golden tests.
# Usage: layout.sh ENTENTE
set -u
entente=$1
passed=0 failed=0
for source in $(find . -path ./build -prune -o \( -name '*.ent' -o -name '*.ent.md' \) -print | sort); do
    case $source in
    ./tests/golden/format/* | ./tests/golden/run/fmt/* | */language/words.ent) continue ;;
    esac
    said=$("$entente" fmt --check "$source" 2>&1)
    status=$?
    case $status,$source,$said in
    0,*) passed=$((passed + 1)) ;;
    1,./tests/golden/*,error\[E01* | 1,./tests/golden/*,error\[E0416* | 1,./tests/golden/*,error\[E0418*) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "$source: not laid out: $said"
        ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
