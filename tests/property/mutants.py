#!/usr/bin/env python3
"""One mistake, one error: mutants of a sound club.

    tests/property/mutants.py --entente build/entente [--step 1] [FILE]

Every word, figure, text and mark of the file (examples/retail-club/club.ent) in turn is left out, misspelt and, where it is
a word, written twice; each mutant is checked by itself.  A mutant may still be sound; otherwise the compiler
must report one error and no second one.  With --step N every N-th is tried.  The last line says `N passed, N failed`.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOKEN = re.compile(r'//[^\n]*|"""(?:.|\n)*?"""|"[^"\n]*"|[A-Za-z_]\w*|[0-9][\w.:%-]*\w|[0-9]%?|==|\.\.|->|[^\s\w]')


def misspelt(token):
    if token[0].isalpha() or token[0] == "_":
        return token[:-1] + "q" + token[-1] + "z"
    return None


def mutants(text):
    """Each as (what was done, the text)."""
    for found in TOKEN.finditer(text):
        token, before, after = found.group(), text[:found.start()], text[found.end():]
        line = before.count("\n") + 1
        if token.startswith("//"):
            continue
        yield f"line {line}: `{token}` left out", before + after
        wrong = misspelt(token)
        if wrong:
            yield f"line {line}: `{token}` misspelt", before + wrong + after
            yield f"line {line}: `{token}` twice", before + token + " " + token + after


def errors_of(entente, folder, number, text):
    source = os.path.join(folder, f"m{number}.ent")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run([entente, "check", "--format", "json", source], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.remove(source)
    if done.returncode not in (0, 1):
        return [f"exit status {done.returncode}"] * 2
    found = json.JSONDecoder().raw_decode(done.stdout.decode("utf-8"))[0]
    return [f"{d['code']} at {d['line']}:{d['column']}: {d['message']}" for d in found if d["severity"] == "error"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--entente", required=True)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("file", nargs="?", default=os.path.join(ROOT, "examples", "retail-club", "club.ent"))
    options = parser.parse_args()
    entente = os.path.abspath(options.entente)
    with open(options.file, encoding="utf-8") as f:
        text = f.read()
    cases = list(mutants(text))[::options.step]
    failed = sound = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for name in os.listdir(os.path.dirname(options.file)):
            if name.endswith(".ics"):
                shutil.copy(os.path.join(os.path.dirname(options.file), name), folder)
        results = pool.map(lambda case: errors_of(entente, folder, case[0], case[1][1]), enumerate(cases))
        for (what, _), errors in zip(cases, results):
            sound += not errors
            if len(errors) > 1:
                failed += 1
                print(f"{what}:\n  " + "\n  ".join(errors))
    print(f"{len(cases)} mutants, {sound} of them sound")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
