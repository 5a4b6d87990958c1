#!/usr/bin/env python3
"""Compiles every example of the documentation.

    tests/docs_examples.py build/entente [FILE.md ...]

A fenced block is
    ```entente             a complete file: `entente check` must accept it
    ```entente fragment    members of an agreement, put into the SLA of a small club first
    ```entente error       a complete file that must be refused with exit status 1
Blocks without `entente` are left alone.  The files compiled lie in a temporary directory, each in one
of its own, together with the calendar that the examples name; a failure prints where the block stands
and what the compiler said.  The last line says `N passed, N failed`.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ["README.md", "docs/guide.md", "docs/language.md"]
HOLIDAYS = os.path.join(ROOT, "examples", "retail-club", "uk-bank-holidays.ics")

CLUB = """use std.itsm
use std.probe
framework Club "A club for an example"
  version 1
  effective from 2026-01-01
  timezone "Europe/London"
  currency GBP
{
  client Acme  integrator Hermes  provider NetCo  provider HostCo
  service network by NetCo  service hosting by HostCo depends on network
}
calendar office
  open mon..fri 09:00..17:30
sla Example "The agreement of the example"
  version 1
  under Club
  between HostCo and Acme
  effective 2026-01-01 .. 2028-12-31
{
  charge GBP 120_000.00 per month
%s}
"""

KINDS = ("", "fragment", "error")


def blocks(path):
    """Yields (line of the fence, kind, text) of each `entente` block of a page."""
    kind, start, lines = None, 0, []
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            fence = re.match(r"^```\s*(.*?)\s*$", line)
            if kind is None and fence:
                words = fence.group(1).split(None, 1)
                kind = "other" if not words or words[0] != "entente" else " ".join(words[1:])
                start, lines = number, []
            elif fence:
                if kind != "other":
                    yield start, kind, "".join(lines)
                kind = None
            else:
                lines.append(line)
    if kind is not None:
        raise SystemExit(f"{path}:{start}: this block is never closed")


def check(entente, kind, text):
    """None if the block does what its kind says, otherwise what went wrong."""
    if kind not in KINDS:
        return f"unknown kind of block `{kind}`: expected one of nothing, fragment, error"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HOLIDAYS, folder)
        path = os.path.join(folder, "example.ent")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CLUB % text if kind == "fragment" else text)
        done = subprocess.run([entente, "check", path], capture_output=True, text=True, timeout=60)
    said = (done.stdout + done.stderr).strip()
    if kind == "error":
        return None if done.returncode == 1 else f"was accepted (status {done.returncode})\n{said}"
    return None if done.returncode == 0 else f"status {done.returncode}\n{said}"


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    entente = os.path.abspath(sys.argv[1])
    pages = sys.argv[2:] or [os.path.join(ROOT, page) for page in PAGES]
    passed = failed = 0
    for page in pages:
        for line, kind, text in blocks(page):
            wrong = check(entente, kind, text)
            if wrong is None:
                passed += 1
            else:
                failed += 1
                print(f"{os.path.relpath(page)}:{line}: {wrong}\n")
    print(f"docs examples: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
