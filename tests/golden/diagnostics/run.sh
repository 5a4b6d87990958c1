#!/bin/sh
# Golden diagnostics: every NAME.ent here is checked and compared with NAME.expected.
# Usage: run.sh [--update] [DRIVER].  DRIVER is the program built from driver.c.
here=$(cd "$(dirname "$0")" && pwd)
update=
[ "$1" = --update ] && update=1 && shift
driver=${1:-$here/../../../build/tests/diagnostics_driver}
case $driver in /*) ;; *) driver=$PWD/$driver ;; esac
stdlib=../../../stdlib
cd "$here" || exit 2
passed=0 failed=0
for source in *.ent; do
    name=${source%.ent}
    actual=$("$driver" "$stdlib" "$source" 2>&1; status=$?; [ $status -gt 1 ] && echo "exit status $status")
    if [ -n "$update" ]; then
        printf '%s\n' "$actual" >"$name.expected"
    elif [ "$actual" != "$(cat "$name.expected" 2>/dev/null)" ]; then
        printf '%s\n' "$actual" | diff -u "$name.expected" - || true
        failed=$((failed + 1))
        continue
    fi
    passed=$((passed + 1))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
