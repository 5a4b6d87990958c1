#!/bin/sh
# What every host must come to: builds each club here and lets the command decide it.
#   expected.sh ENTENTE FOLDER
# leaves FOLDER/NAME.entc and FOLDER/NAME.jsonl, the ledger, for each club, and prints the names, one a line.
set -eu
case $1 in /*) entente=$1 ;; *) entente=$PWD/$1 ;; esac
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")"
for club in */club.ent; do
    name=${club%/club.ent}
    "$entente" build -o "$folder/$name.entc" "$club" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    set --
    for facts in "$name"/*.csv; do
        feed=${facts##*/}
        set -- "$@" --feed "${feed%.csv}=$facts"
    done
    if [ -e "$name/period" ]; then
        read -r from to <"$name/period"
        set -- "$@" --from "$from" --to "$to"
    fi
    "$entente" run "$folder/$name.entc" "$@" --format jsonl >"$folder/$name.jsonl"
    echo "$name"
done
