#!/bin/sh
# Golden listings: every NAME.ent here is compiled and its listing compared with NAME.expected.
# Usage: run.sh [--update] [ENTENTE].  The digest is left out: it says nothing that the listing does not.
here=$(cd "$(dirname "$0")" && pwd)
update=
[ "$1" = --update ] && update=1 && shift
entente=${1:-$here/../../../build/entente}
case $entente in /*) ;; *) entente=$PWD/$entente ;; esac
cd "$here" || exit 2
passed=0 failed=0
for source in *.ent; do
    name=${source%.ent}
    actual=$("$entente" disasm --stdlib ../../../stdlib "$source" 2>&1 | sed '/^program /d')
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
[ "$failed" -eq 0 ]
