#!/bin/sh
# The library as hosts meet it: the header alone, what the shared library gives out and what it calls, the public
# interface's own tests, and the ledger of a host beside that of `entente run`.
#   run.sh BUILD
set -u
cd "$(dirname "$0")/../.."
BUILD=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "embed: failed: $2"; fi
}

# --- the header, alone, in both languages and with both compilers
for header in runtime/include/*.h compiler/include/*.h; do
    for language in c:c11 c++:c++17; do
        printf '#include "%s"\nint main(void) { return 0; }\n' "$PWD/$header" >"$work/alone"
        for compiler in gcc clang; do
            command -v $compiler >/dev/null || continue
            $compiler -x "${language%%:*}" -std="${language##*:}" -pedantic -Wall -Wextra -Werror \
                -Iruntime/include -fsyntax-only "$work/alone"
            tell $? "$header with $compiler as ${language##*:}"
        done
    done
done

# --- what the shared library gives out is what its header declares
exports() { # HEADER LIBRARY
    sed -n 's/^ENT_API .*[ *]\(ent_[a-z0-9_]*\)(.*/\1/p' "$1" | sort >"$work/declared"
    nm -D --defined-only "$2" | awk '{print $3}' | sort >"$work/exported"
    diff "$work/declared" "$work/exported"
    tell $? "$2 exports what $1 does not declare, or less"
}
exports runtime/include/entente.h "$BUILD/libentente.so"
exports compiler/include/entente-compiler.h "$BUILD/libentente-compiler.so"

# --- what it calls: it ends no process, prints nothing, asks neither environment nor locale (what counts lines does,
# and is part of the library then)
forbidden='^(exit|_exit|_Exit|quick_exit|abort|printf|vprintf|puts|putchar|perror|stdout|stderr|stdin|getenv|setenv|putenv|setlocale|localeconv|newlocale|tzset|localtime|localtime_r|mktime|signal|sigaction|raise|kill|system|popen|fork|execv.*|dl_iterate_phdr|yy.*|rand|srand|time|gettimeofday|clock_gettime)$'
libraries="libentente libentente-compiler"
for library in $libraries; do
    if [ -z "${COVERAGE:-}" ]; then
        nm -D --undefined-only "$BUILD/$library.so" | awk '{sub(/@.*/, "", $2); print $2}' >"$work/called"
        if grep -E "$forbidden" "$work/called"; then tell 1 "$library.so calls what it must not"; else tell 0 ""; fi
    fi
    readelf -d "$BUILD/$library.so" | grep -q "SONAME.*\[$library.so.0\]"
    tell $? "soname of $library"
done
if nm "$BUILD/libentente.a" | grep -E ' [TtDdBb] (yy|ent_(lex|check|lower|model|diags|ast)_)'; then
    tell 1 "libentente has parts of the compiler"
else
    tell 0 ""
fi
if ldd "$BUILD/libentente.so" | grep -E 'libical|libfl|libentente'; then
    tell 1 "libentente.so needs what only the compiler uses"
else
    tell 0 ""
fi
# memory.o stands between the host and malloc; the JSON reader's is its own
nm "$BUILD/libentente.a" | awk '/\.o:$/ {file = $1} / U (malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup|fopen|fdopen)$/ {print file, $2}' |
    grep -vE '^(memory|json_simd|bad_row)\.o:' && tell 1 "memory that is not the host's" || tell 0 ""
if ldd "$BUILD/libentente-compiler.so" | grep -E 'libfl|libical|simdjson|libz|liblzma|microhttpd|curl'; then
    tell 1 "libentente-compiler.so needs what only the command and readers of files use"
else
    tell 0 ""
fi

# --- the public interface
"$BUILD/entente" build -o "$work/club.entc" tests/embed/club.ent >"$work/log" 2>&1 || cat "$work/log"
for t in api rows memory saving; do
    "$BUILD/tests/embed_$t" "$work/club.entc" >"$work/log" 2>&1
    tell $? "the public interface's tests, $t"
    grep -E 'FAILED|ERROR|LINE' "$work/log"
done

mkdir "$work/agreements"
cp examples/first/first.ent "$work/agreements"
cp stdlib/probe.ent "$work/agreements/own.ent"
"$BUILD/tests/embed_compile" "$work/agreements" >"$work/log" 2>&1
tell $? "the compiler's public interface"
grep -E 'FAILED|ERROR|LINE' "$work/log"

"$BUILD/entente" build -o "$work/native.entc" tests/embed/native.ent >"$work/log" 2>&1 || cat "$work/log"
"$BUILD/tests/embed_native" "$work/native.entc" >"$work/log" 2>&1
tell $? "functions of C"
grep -E 'FAILED|ERROR|LINE' "$work/log"
"$BUILD/entente" build -o "$work/function.entc" tests/embed/function.ent >"$work/log" 2>&1 || cat "$work/log"
"$BUILD/tests/embed_function" "$work/function.entc" "$BUILD/tests/sorter.so" >"$work/log" 2>&1
tell $? "functions that C calls"
grep -E 'FAILED|ERROR|LINE' "$work/log"
"$BUILD/entente" run tests/embed/gamma.ent --allow-extern libm.so.6 --feed reading=tests/embed/reading.csv --format csv \
    >"$work/said" 2>&1 && grep -q 'breach' "$work/said"
tell $? "a function of libm, permitted"
"$BUILD/entente" run tests/embed/gamma.ent --feed reading=tests/embed/reading.csv >"$work/said" 2>&1
[ $? -eq 2 ] && grep -q 'gamma.ent:[0-9]' "$work/said" && grep -q 'not allowed to use library .libm.so.6' "$work/said"
tell $? "a function of libm, refused"
cat tests/embed/gamma.ent - >"$work/scenario.ent" <<'END'

scenario "worn"
  using Web
  given reading """
    at,wear
    2026-01-05T10:00:00Z,5
    2026-01-06T10:00:00Z,6
  """
  expect breach of Web.worn
END
"$BUILD/entente" test "$work/scenario.ent" --allow-extern libm.so.6 >"$work/said" 2>&1
tell $? "a function of libm in a scenario"
"$BUILD/entente" test "$work/scenario.ent" >"$work/said" 2>&1
[ $? -eq 1 ] && grep -q 'scenario.ent:[0-9]*:[0-9]*: .extern fn gamma.: it is not allowed to use library .libm.so.6' "$work/said"
tell $? "a function of libm in a scenario, refused"
"$BUILD/entente" backtest tests/embed/gamma.ent tests/embed/gamma.ent --feed reading=tests/embed/reading.csv \
    --allow-extern libm.so.6 >"$work/said" 2>&1
tell $? "a function of libm in a backtest"
"$BUILD/entente" backtest tests/embed/gamma.ent tests/embed/gamma.ent --feed reading=tests/embed/reading.csv \
    >"$work/said" 2>&1
[ $? -eq 2 ] && grep -q 'gamma.ent:[0-9]' "$work/said"
tell $? "a function of libm in a backtest, refused"
"$BUILD/tests/embed_threads" "$work/club.entc" "$work/native.entc" "$work/function.entc" >"$work/log" 2>&1
tell $? "the same ledger in every thread"

# the same under ThreadSanitizer, from the sources of the library
if [ -z "${SANITIZE:-}" ]; then
    "$BUILD/tests/tsan_threads" "$work/club.entc" "$work/native.entc" "$work/function.entc" >"$work/log" 2>&1
    tell $? "ThreadSanitizer"
    grep -E 'WARNING|#[0-3] ' "$work/log" | head -12
    "$BUILD/tests/tsan_file" >"$work/log" 2>&1
    tell $? "ThreadSanitizer over files"
    grep -E 'WARNING|#[0-3] ' "$work/log" | head -12
fi

# --- installed, found by pkg-config, and the examples of docs/embedding.md
make -s install DESTDIR= PREFIX="$work/installed" >"$work/log" 2>&1
tell $? "make install"
sanitize="${SANITIZE:+-fsanitize=address,undefined}${COVERAGE:+--coverage}" # as the libraries that are installed
export PKG_CONFIG_PATH="$work/installed/lib/pkgconfig" LD_LIBRARY_PATH="$work/installed/lib"
"$BUILD/entente" build -o "$work/first.entc" examples/first/first.ent >/dev/null 2>&1
"$BUILD/tests/embed_standing" "$work/first.entc" >"$work/log" 2>&1
tell $? "how things stand"
grep -E 'FAILED|ERROR|LINE' "$work/log"
# shellcheck disable=SC2046,SC2086
cc $sanitize examples/embedding/c/host.c -Wall -Wextra -Werror $(pkg-config --cflags --libs entente) -o "$work/host" &&
    "$work/host" "$work/first.entc" >"$work/said"
printf 'Web.restore INC1: breach, responsible Host 1\nWeb.in_time: breach, responsible Host 1, credit 1000.00\n' |
    diff - "$work/said"
tell $? "examples/embedding/c"
# shellcheck disable=SC2046,SC2086
c++ $sanitize -std=c++17 examples/embedding/cpp/host.cc -Wall -Wextra -Werror $(pkg-config --cflags --libs entente) \
    -o "$work/host" && "$work/host" "$work/first.entc" <examples/first/ticket.csv | tail -1 >"$work/said"
grep -q '^[1-9][0-9]* decisions$' "$work/said"
tell $? "examples/embedding/cpp"
# shellcheck disable=SC2046,SC2086
cc $sanitize examples/embedding/c/host.c $(pkg-config --cflags entente) "$work/installed/lib/libentente.a" \
    $(pkg-config --libs-only-l --static entente | sed 's/-lentente//') -o "$work/host" && "$work/host" "$work/first.entc" >/dev/null
tell $? "the static library"
# shellcheck disable=SC2046,SC2086
cc $sanitize examples/embedding/compile/host.c -Wall -Wextra -Werror $(pkg-config --cflags --libs entente-compiler) \
    -o "$work/host" && "$work/host" examples/first/first.ent ticket <examples/first/ticket.csv >"$work/said"
grep -q '^Web.restore: breach$' "$work/said"
tell $? "examples/embedding/compile"
sed 's/between Host/between Hots/' examples/first/first.ent >"$work/wrong.ent"
"$work/host" "$work/wrong.ent" ticket </dev/null >"$work/said"
grep -q 'wrong.ent:[0-9]*:[0-9]*: E0202' "$work/said"
tell $? "examples/embedding/compile, of a mistake"
# shellcheck disable=SC2046,SC2086
c++ $sanitize -std=c++17 -x c++ -Wall -Wextra -Werror -Wno-missing-field-initializers $(pkg-config --cflags entente-compiler) - -x none \
    $(pkg-config --libs entente-compiler) -o "$work/host" <<'END' && "$work/host"
#include <entente-compiler.h>
int main()
{
    const ent_source_text source = {"x.ent", "use std.itsm", 12};
    ent_compiled *compiled = nullptr;
    bool ok = ent_compile(&source, 1, nullptr, &compiled, nullptr) && ent_compiled_program(compiled, nullptr);
    ent_compiled_free(compiled);
    return ok ? 0 : 1;
}
END
tell $? "the compiler in C++"
# shellcheck disable=SC2046,SC2086
cc $sanitize examples/embedding/compile/host.c $(pkg-config --cflags entente-compiler) "$work/installed/lib/libentente-compiler.a" \
    "$work/installed/lib/libentente.a" $(pkg-config --libs-only-l --static entente-compiler | sed 's/-lentente[-a-z]*//g') \
    -o "$work/host" && "$work/host" examples/first/first.ent ticket <examples/first/ticket.csv >/dev/null
tell $? "the compiler's static library"
unset PKG_CONFIG_PATH LD_LIBRARY_PATH

# --- a host's ledger is that of `entente run`, whatever the portions
same() { # NAME PROGRAM FEED=FILE…
    name=$1 program=$2
    shift 2
    feeds=
    for f; do feeds="$feeds --feed $f"; done
    # shellcheck disable=SC2086
    "$BUILD/entente" run "$program" --assume-signed $feeds --ledger "$work/run.jsonl" >/dev/null 2>"$work/log" ||
        cat "$work/log"
    "$BUILD/tests/embed_host" "$program" -assume-signed "$@" >"$work/host.jsonl"
    cmp "$work/run.jsonl" "$work/host.jsonl"
    tell $? "$name: the host's ledger is another one"
    "$BUILD/tests/embed_host" "$program" -assume-signed -rows 7 "$@" >"$work/host.jsonl"
    cmp "$work/run.jsonl" "$work/host.jsonl"
    tell $? "$name: the host's ledger changes with the portions"
    "$BUILD/tests/embed_host" "$program" -assume-signed -text "$@" >"$work/host.jsonl"
    cmp "$work/run.jsonl" "$work/host.jsonl"
    tell $? "$name: the host's ledger is another one for texts"
    # live, the chain has another beginning; decisions are the same but for it
    "$BUILD/tests/embed_host" "$program" -assume-signed -live -rows 7 "$@" >"$work/live.jsonl" &&
        "$BUILD/entente" ledger verify "$work/live.jsonl" >/dev/null
    tell $? "$name: the chain of the live ledger"
    for f in run live; do sed -e 1d -e 's/,"prev":.*//' "$work/$f.jsonl" >"$work/$f.bare"; done
    cmp "$work/run.bare" "$work/live.bare"
    tell $? "$name: the live decisions are other ones"
}
for folder in examples/accountability/*/; do
    source=$folder/club.ent
    [ -e "$source" ] || source=examples/accountability/pool-paid/club.ent
    facts=$(ls "$folder"*.csv)
    "$BUILD/entente" build -o "$work/x.entc" "$source" >/dev/null 2>&1
    same "$(basename "$folder")" "$work/x.entc" "$(basename "$facts" .csv)=$facts"
done
same first "$work/first.entc" ticket=examples/first/ticket.csv

# a bind makes fields of the columns of an export
"$BUILD/entente" build -o "$work/export.entc" examples/first/export.ent >/dev/null 2>&1
"$BUILD/entente" run "$work/export.entc" --feed ticket=examples/first/export.csv --ledger "$work/run.jsonl" >/dev/null
"$BUILD/tests/embed_host" "$work/export.entc" -text ticket=examples/first/export.csv >"$work/host.jsonl"
cmp "$work/run.jsonl" "$work/host.jsonl"
tell $? "a host's text through a bind"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
