#!/usr/bin/env python3
"""What `entente explain CODE` shows is real: the wrong example of every page leads to that code and to nothing
else, the right one to nothing at all, so that a reader can copy and try them.

A code that no printable text leads to has a right example only, and stands in GENERATED below with the reason and
with what leads to it.  Everything is compiled in one process (tests/golden/diagnostics/driver.c); what `entente`
itself prints is compared with the pages of a few codes, and so is what it says of the generated sources.

Usage: explain_pages.py ENTENTE DRIVER
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join(ROOT, "compiler/syntax/diagnostics.def")
STDLIB = os.path.join(ROOT, "stdlib")

CLUB = b'framework Club timezone "UTC" {\n  client Acme%s\n}\n'

# code: (why no page can print it, the bytes of a source that leads to it)
GENERATED = {
    "E0114": ("its bytes are no text", CLUB % b' "Caf\xe9"'),
    "E0115": ("a NUL byte cannot be printed", CLUB % b"\0"),
    "E0116": ("16 MiB are no page", CLUB % b"" + b"// a comment that goes on and on\n" * (1 << 19)),
    "E0117": ("a thousand parentheses are no page", b"fn deep() -> int = " + b"(" * 1000 + b"1" + b")" * 1000 + b"\n"),
}

# Examples in a literate file, as their pages say.
LITERATE = {"E0121", "E0122"}

# Files that examples name, as their pages say what is in them.
BESIDE = {
    "holidays_of_1998.ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:19981225\r\n"
                            "END:VEVENT\r\nEND:VCALENDAR\r\n",
    "last_year.csv": "at,id,event,priority,service,party\n2025-01-05T09:00:00Z,INC1,opened,P1,hosting,HostCo\n",
}

passed = failed = 0


def expect(condition, message):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(message)


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()


def examples(page):
    """{"Wrong": source, "Right": source} of a page: what stands indented under these words."""
    found = {}
    for title, body in re.findall(r"^(Wrong|Right):\n\n((?:(?:    .*)?\n)+)", page, re.M):
        found[title] = re.sub(r"^    ", "", body, flags=re.M).rstrip("\n") + "\n"
    return found


def codes_of(text):
    return re.findall(r"^(?:error|warning)\[(\w+)\]", text, re.M)


def write_examples(folder, pages):
    """Writes the files to check; returns {path: (code, what, codes that it must lead to)}."""
    wanted = {}
    for code, page in pages.items():
        shown = examples(page)
        expect("Right" in shown, f"{code}: the page has no right example")
        expect(("Wrong" in shown) != (code in GENERATED), f"{code}: the page has no wrong example, or is listed for that")
        expect("…" not in "".join(shown.values()), f"{code}: an example is cut short")
        for what, source in shown.items():
            path = os.path.join(folder, f"{code}_{what.lower()}.ent" + (".md" if code in LITERATE else ""))
            with open(path, "w", encoding="utf-8") as f:
                f.write(source)
            wanted[path] = (code, what, [code] if what == "Wrong" else [])
    for code, (_, source) in GENERATED.items():
        path = os.path.join(folder, f"{code}_generated.ent")
        with open(path, "wb") as f:
            f.write(source)
        wanted[path] = (code, "Generated", [code])
    return wanted


def main():
    entente, driver = (os.path.abspath(p) for p in sys.argv[1:3])
    with open(TABLE, encoding="utf-8") as f:
        codes = re.findall(r"^ENT_DIAG\((\w+)", f.read(), re.M)
    pages = dict(page.split("\n", 1) for page in run(driver, "--pages").split("\f")[1:])
    expect(list(pages) == codes, "the pages are not those of the table")
    expect(all(code in pages for code in GENERATED), "what is generated is no code any more")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in BESIDE.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        wanted = write_examples(folder, pages)
        said = run(driver, "--each", STDLIB, *wanted).split("\f")[1:]
        expect(len(said) == len(wanted), "not every example was checked")
        for text in said:
            path = text.split("\n", 1)[0]
            code, what, must = wanted[path]
            got = codes_of(text)
            expect(got == must, f"{code}: {what.lower()} example leads to {got}\n{text}")
        for code in ("E0301", "E0114", "W0413", "E0121"):
            shown = run(entente, "explain", code)
            expect(shown.startswith(code + " ") and shown.endswith("\n\n" + pages[code]),
                   f"entente explain {code} prints another page")
        for code in GENERATED:
            said = run(entente, "check", os.path.join(folder, f"{code}_generated.ent"))
            expect(codes_of(said) == [code], f"entente check: {code} is not what is said of its source\n{said[:500]}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
