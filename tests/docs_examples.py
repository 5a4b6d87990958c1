#!/usr/bin/env python3
"""Compiles every example of the documentation, and runs every command whose output it shows.

    tests/docs_examples.py build/entente [FILE.md ...]

A fenced block is
    ```entente             a complete file: `entente check` must accept it
    ```entente fragment    members of an agreement, put into the SLA of a small club first
    ```entente error       a complete file that must be refused with exit status 1
    ```console             commands after `$ `, continued by a `\\` at a line's end, and what they print
Other blocks are left alone.  The files compiled lie in a temporary directory, each in one of its own,
together with the calendar that the examples name.  The commands of one page run one after the other in
a directory of their own that has copies of `examples` and, as `build`, the folder of the command; what
they print (standard error after standard output) must be what stands there, and an exit status other
than 0 must be told by a last line `exit status N`.  A failure prints where the block stands and what was
said.  The last line says `N passed, N failed`.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ["README.md", "docs/guide.md", "docs/language.md", "docs/architecture.md", "docs/accountability.md",
         "docs/change.md", "docs/operations.md",
         "docs/published-sla.md"]
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

KINDS = ("", "fragment", "error", "console")


def blocks(path):
    """Yields (line of the fence, kind, text) of each block of a page that is to be tried."""
    kind, start, lines = None, 0, []
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            fence = re.match(r"^```\s*(.*?)\s*$", line)
            if kind is None and fence:
                words = fence.group(1).split(None, 1)
                kind = "other"
                if words and words[0] == "entente":
                    kind = " ".join(words[1:])
                elif words == ["console"]:
                    kind = "console"
                start, lines = number, []
            elif fence:
                if kind != "other":
                    yield start, kind, "".join(lines)
                kind = None
            else:
                lines.append(line)
    if kind is not None:
        raise SystemExit(f"{path}:{start}: this block is never closed")


def dialogue(text):
    """Yields (command, what it is said to print) of a console block."""
    command, expected, more = None, "", False
    for line in text.splitlines(keepends=True):
        if more:
            command += line
        elif line.startswith("$ "):
            if command is not None:
                yield command, expected
            command, expected = line[2:], ""
        elif command is None:
            raise SystemExit("a console block begins with `$ ` and a command")
        else:
            expected += line
            continue
        more = command.endswith("\\\n")
    if command is not None:
        yield command, expected


def converse(folder, text):
    """None if each command of the block prints what stands below it, otherwise the difference."""
    for command, expected in dialogue(text):
        done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True,
                              timeout=60, env={**os.environ, "NO_COLOR": "1"})
        said = done.stdout + done.stderr
        if done.returncode:
            said += f"exit status {done.returncode}\n"
        if said != expected:
            lines = difflib.unified_diff(expected.splitlines(), said.splitlines(), "the page",
                                         "the command", lineterm="")
            return "\n".join([f"$ {command.strip()}", *lines])
    return None


def check(entente, folder, kind, text):
    """None if the block does what its kind says, otherwise what went wrong."""
    if kind not in KINDS:
        return f"unknown kind of block `{kind}`: expected one of nothing, fragment, error"
    if kind == "console":
        return converse(folder, text)
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
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(ROOT, "examples"), os.path.join(folder, "examples"))
            os.symlink(os.path.dirname(entente), os.path.join(folder, "build"))
            for line, kind, text in blocks(page):
                wrong = check(entente, folder, kind, text)
                if wrong is None:
                    passed += 1
                else:
                    failed += 1
                    print(f"{os.path.relpath(page)}:{line}: {wrong}\n")
    print(f"docs examples: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
