#!/bin/sh
# The Python package in its three ways of finding the library, its types, its tests, and its example.
#   run.sh BUILD
# pandas and mypy are used where a python3 has them; a line says so where none has.
set -u
cd "$(dirname "$0")/../../.."
BUILD=$(cd "$1" && pwd)
package=runtime/bindings/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
export PYTHONDONTWRITEBYTECODE=1
unset ENTENTE_LIBRARY PYTHONPATH
tell() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "python: failed: $2"; fi
}
having() { # MODULE: a python that has it
    for p in python3 /usr/bin/python3; do
        "$p" -c "import $1" 2>/dev/null && echo "$p" && return
    done
}

# --- the declarations are those of the header
python3 $package/generate_abi.py runtime/include/entente.h | cmp - $package/entente/_abi.py
tell $? "entente/_abi.py is not what generate_abi.py makes of entente.h: make docs"

# --- the tests, with the library that the environment names
sh tests/conformance/hosts/expected.sh "$BUILD/entente" "$work" >"$work/log" 2>&1 || cat "$work/log"
"$BUILD/entente" build -o "$work/native.entc" tests/embed/native.ent >"$work/log" 2>&1 || cat "$work/log"
"$BUILD/entente" build -o "$work/first.entc" examples/first/first.ent >"$work/log" 2>&1 || cat "$work/log"
python=$(having pandas)
[ -n "$python" ] || echo "python: pandas is not installed: DataFrames are not tested"
ENTENTE_LIBRARY=$BUILD/libentente.so PYTHONPATH=$package "${python:-python3}" tests/hosts/python/test_entente.py "$work" \
    >"$work/log" 2>&1
grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" >/dev/null && grep -qE '^[0-9]+ passed, 0 failed' "$work/log" ||
    tail -n 60 "$work/log"
grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" || tell 1 "the tests did not end"

# --- types
mypy=$(having mypy)
if [ -n "$mypy" ]; then
    (cd $package && "$mypy" -m mypy --strict --cache-dir="$work/mypy" entente) >"$work/log" 2>&1 || { cat "$work/log"; false; }
    tell $? "mypy"
else
    echo "python: mypy is not installed: types are not checked"
fi

# --- installed without compiler and network: the library by pkg-config, beside the package, or not at all
say='import entente; print(entente.library_version())'
python3 -m pip install --quiet --no-index --target "$work/site" ./$package >"$work/log" 2>&1 || { cat "$work/log"; false; }
tell $? "pip install"
mkdir -p "$work/pc"
printf 'libdir=%s\nName: entente\nDescription: x\nVersion: 0\n' "$BUILD" >"$work/pc/entente.pc"
PKG_CONFIG_PATH=$work/pc PYTHONPATH=$work/site python3 -c "$say" >"$work/log"
tell $? "the library by pkg-config"
[ -e "$work/site/entente/py.typed" ]
tell $? "py.typed is installed"
mkdir -p "$work/nowhere"
printf 'libdir=%s\nName: entente\nDescription: x\nVersion: 0\n' "$work/nowhere" >"$work/pc/entente.pc"
if PKG_CONFIG_PATH=$work/pc PYTHONPATH=$work/site python3 -c "$say" >"$work/log" 2>&1; then
    grep -q . "$work/log" # the system has one
else
    grep -q 'libentente was not found: install it, or name its file in ENTENTE_LIBRARY' "$work/log"
fi
tell $? "no library"
cp "$BUILD/libentente.so" "$work/site/entente/libentente.so"
PKG_CONFIG_PATH=$work/pc PYTHONPATH=$work/site python3 -c "$say" >"$work/log"
tell $? "the library beside the package"

# --- the example
PYTHONPATH=$work/site python3 examples/embedding/python/decide.py "$work/first.entc" examples/first/ticket.csv >"$work/out"
tell $? "the example"
diff tests/hosts/python/example.expected "$work/out"
tell $? "what the example says"
[ "$(wc -l <examples/embedding/python/decide.py)" -lt 60 ]
tell $? "the example is too long"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
