#!/bin/sh
# Golden runs: each folder here is a case.  `command` is run in it by the shell with $ENTENTE set; its output, what it
# says to stderr, its exit status and the files that it leaves are compared with `expected`, byte for
# byte, the version of the system's time zones, hashes and sizes of programs (which hold paths) apart.  Files in `common` are there for every case;
# `common/lib.sh` writes transcripts.  In the cases named
# table… no line may be wider than 80 columns or end in a blank.
#   run.sh ENTENTE [--update]
set -u
case $1 in /*) ENTENTE=$1 ;; *) ENTENTE=$PWD/$1 ;; esac
export ENTENTE
update=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
escape=$(printf "\033")
passed=0 failed=0
for case in "$here"/*/; do
    case=${case%/}
    name=$(basename "$case")
    if [ "$name" = common ]; then continue; fi
    rm -rf "$work/in"
    cp -r "$here/common" "$work/in"
    cp -r "$case"/. "$work/in"
    rm -f "$work/in/expected"
    (cd "$work/in" && ls >"$work/before" && sh ./command >"$work/out" 2>"$work/err" </dev/null
        echo $? >"$work/status")
    {
        cat "$work/out"
        echo "--- stderr"
        cat "$work/err"
        echo "--- exit $(cat "$work/status")"
        (cd "$work/in" && for f in $(ls | comm -13 "$work/before" -); do
            case $f in *.entc | *.gz | *.xz | *.zst) continue ;; esac
            echo "--- file $f"
            cat "$f"
        done)
    } | sed 's/"tzdata":"[^"]*"/"tzdata":"VERSION"/; s/"hash":"[0-9a-f]*"/"hash":"HASH"/; s/"prev":"[0-9a-f]*"/"prev":"HASH"/; s/[0-9a-f]\{64\}/HASH/g; s/[0-9a-f]\{16\}…/HASH…/g; s/^program: [0-9]* bytes/program: N bytes/; s#/[^ ]*/stdlib/#STDLIB/#' >"$work/actual"
    if [ -n "$update" ]; then
        cp "$work/actual" "$case/expected"
    elif ! diff -u "$case/expected" "$work/actual"; then
        failed=$((failed + 1))
        continue
    fi
    case $name in table*)
        if LC_ALL=C.UTF-8 grep -v -e "$escape" -e '^[$!#]' "$work/actual" | LC_ALL=C.UTF-8 grep -nE '^.{81,}$| $'; then
            echo "$name: wider than 80 columns, or a blank at the end"
            failed=$((failed + 1))
            continue
        fi ;;
    esac
    passed=$((passed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
