#!/bin/sh
# Golden tests of the syntax: each *.golden file has sections
#     === NAME [tree|diagnostics|json|sarif|colour] [literate]
#     source
#     --- expected
#     output
# and every *.ent file beside it must parse without a diagnostic.
#     run.sh [--update] [DUMP]
# DUMP is the built syntax_dump; without it, it is compiled here from the generated parser in
# build/gen/.  --update writes the output into the files; the diff is to be reviewed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
update=0
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dump=${1:-}
if [ -z "$dump" ]; then
    dump=$work/syntax_dump
    mkdir -p "$root/build/gen"
    bison -Wall -Wcex -Werror --defines="$root/build/gen/parser.h" -o "$root/build/gen/parser.c" \
        "$root/compiler/syntax/parser.y" || exit 2
    flex -o "$root/build/gen/lexer.c" "$root/compiler/syntax/lexer.l" || exit 2
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -g -I"$root" -I"$root/build/gen" -o "$dump" \
        "$here/syntax_dump.c" "$root"/compiler/syntax/*.c "$root/build/gen/parser.c" \
        "$root/build/gen/lexer.c" "$root/runtime/vm/rational.c" "$root/runtime/vm/decimal.c" \
        "$root/runtime/vm/double_text.c" "$root/runtime/vm/money.c" "$root/runtime/vm/exactsum.c" \
        "$root/runtime/feed/utf8.c" \
        -lm || exit 2
fi
passed=0
failed=0

check() { # file name mode literate
    suffix=ent
    [ "$4" = literate ] && suffix=ent.md
    mode=$3
    (cd "$work" && "$dump" "--$mode" --as "input.$suffix" source) >"$work/actual" 2>&1
    if [ $update = 1 ]; then
        { echo "=== $2${3:+ $3}${4:+ $4}"; cat "$work/source"; echo "--- expected"
          cat "$work/actual"; } >>"$work/updated"
    elif cmp -s "$work/expected" "$work/actual"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1: $2"
        diff -u "$work/expected" "$work/actual" | sed -n '3,30p'
    fi
}

for file in "$here"/*.golden; do
    base=$(basename "$file" .golden)
    : >"$work/updated"
    sections=$(grep -c '^=== ' "$file")
    i=1
    while [ $i -le "$sections" ]; do
        awk -v want=$i -v src="$work/source" -v exp_="$work/expected" -v head="$work/head" '
            BEGIN { printf "" > src; printf "" > exp_ }
            /^=== / { n++; part = 1; if (n == want) print substr($0, 5) > head; next }
            /^--- expected$/ { part = 2; next }
            n == want { print > (part == 1 ? src : exp_) }' "$file"
        name=''
        mode=diagnostics
        literate=''
        for word in $(cat "$work/head"); do
            case $word in
            tree | diagnostics | json | sarif | colour) mode=$word ;;
            literate) literate=literate ;;
            *) name="${name:+$name }$word" ;;
            esac
        done
        check "$base" "$name" "$mode" "$literate"
        i=$((i + 1))
    done
    [ $update = 1 ] && cp "$work/updated" "$file"
done
for file in "$here"/*.ent; do
    if "$dump" "$file" >"$work/actual" 2>&1 && ! [ -s "$work/actual" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $(basename "$file")"
        sed -n '1,20p' "$work/actual"
    fi
done
if [ $update = 1 ]; then
    echo "golden syntax: updated"
    exit 0
fi
echo "golden syntax: $passed passed, $failed failed"
[ $failed = 0 ]
