#!/bin/sh
# Golden tests of the formatter: each NAME.ent or NAME.ent.md here is laid out and compared with NAME.expected,
# which must stay as it is when it is formatted itself.  Their layout is the point: they are not formatted.
#   run.sh ENTENTE [--update]
set -u
case $1 in /*) ENTENTE=$1 ;; *) ENTENTE=$PWD/$1 ;; esac
update=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for input in "$here"/*.ent "$here"/*.ent.md; do
    name=${input%.ent}
    name=${name%.ent.md}
    name=$(basename "$name")
    copy=$work/$(basename "$input")
    cp "$input" "$copy"
    "$ENTENTE" fmt "$copy" || failed=$((failed + 1))
    if [ -n "$update" ]; then cp "$copy" "$here/$name.expected"; fi
    if diff -u "$here/$name.expected" "$copy" && "$ENTENTE" fmt --check "$copy"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
