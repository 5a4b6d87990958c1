#!/usr/bin/env python3
"""`entente diff` finds every changed figure, names its clause and nothing else, and is blind to how a text is written.

    differences.py --seed S --count N --entente PATH [--start I]

Each club is one of random_clubs.py.  Comments, blank lines, more blanks and other spellings of numbers must be no
difference, and the digests that parties sign must stay.  Then figures are changed one at a time, each at a random place:
there must be a difference, in the clause of that place and in no other, the same one backwards, and the versions to be
signed must be those whose digests are others.  Ends with `N passed, N failed`; the exit status is 1 if any failed.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import random_clubs  # also says where the next one is
import entente_source as source

FIGURE = re.compile(r'(?<![\w.:"-])\d+(?:\.\d+)?(?=(?:%|h|m|s|ms|d)?(?![\w.:-]))')
OPENS = re.compile(r"(framework|sla|ola|calendar|feed|span|measure|fn) (\w+)")
MEMBER = re.compile(r"  (duty|objective|measure|span|calendar|pool|provider|service) (\w+)")
CHANGES = 6


def run(entente, folder, *args):
    return subprocess.run([entente, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def spelt_otherwise(text, rng):
    """The same club in another spelling."""
    lines = []
    for line in text.split("\n"):
        if rng.random() < 0.1:
            lines.append(rng.choice(["", "// a comment", "  // within 1h", "\t"]))
        if '"' not in line:
            line = re.sub(r"(?<=\w) (?=\w)", lambda _: " " * rng.choice([1, 1, 2]), line)
            line = re.sub(r"(?<=charge [A-Z]{3} )(\d+)(\.\d\d)?\b",
                          lambda m: f"{int(m[1]):_}" + (m[2] or rng.choice(["", ".00"])), line)
            line += rng.choice(["", "", "   ", " // at least 1%"])
        lines.append(line)
    return "\n".join(lines)


def place_of(lines, at):
    """The section and the clause in which the line stands, as `diff` calls them."""
    section, clause, version = None, None, None
    for line in lines[:at + 1]:
        opens, member = OPENS.match(line), MEMBER.match(line)
        if opens:
            section, clause, version = opens.groups(), None, None
        elif re.match(r"  version (\d+)", line):
            version = line.split()[1]
        elif member:
            clause = " ".join(member.groups())
        elif line.startswith("  ") and not line.startswith("    ") and section[0] in ("framework", "sla", "ola"):
            clause = None
    kind, name = section
    if kind == "framework":
        return "framework " + name, clause
    if kind in ("sla", "ola"):
        return f"{name} version {version}", clause
    return "shared", f"{kind} {name}"


def changed(text, rng):
    """The text with one figure changed, and the line where; None: there is none on the line that was drawn."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    if '"' in lines[at] or re.match(r"\s*(version|effective|alias|open|closed)", lines[at]):
        return None
    found = list(FIGURE.finditer(lines[at]))
    if not found:
        return None
    m = rng.choice(found)
    figure = m[0]
    other = figure[:-1] + str((int(figure[-1]) + rng.randint(1, 9)) % 10)
    lines[at] = lines[at][:m.start()] + other + lines[at][m.end():]
    return "\n".join(lines), at


def digests(entente, folder, program):
    """{version: digest} of what parties would sign."""
    said = run(entente, folder, "verify", program + ".ent").stdout
    found = dict(re.findall(r"^(\w+ version \d+), digest ([0-9a-f]{64})$", said, re.M))
    if not found:
        raise RuntimeError("verify: " + said[:500])
    return found


def diff(entente, folder, old, new):
    done = run(entente, folder, "diff", "--format", "json", old + ".ent", new + ".ent")
    if done.returncode not in (0, 1):
        raise RuntimeError(f"diff: exit {done.returncode}: {done.stderr[:500]}")
    said = json.loads(done.stdout)
    if bool(said["differences"]) != (done.returncode == 1):
        raise RuntimeError(f"diff: exit {done.returncode} with {len(said['differences'])} differences")
    return said


def turned(differences):
    back = {"added": "removed", "removed": "added", "changed": "changed"}
    return sorted((d["where"], d.get("clause", ""), d.get("what", ""), back[d["change"]], d.get("after"), d.get("before"))
                  for d in differences)


def one_change(entente, folder, text, rng, before):
    """What is wrong, or None; False: nothing was tried."""
    made = changed(text, rng)
    if made is None:
        return False
    write(folder, "new.ent", made[0])
    if run(entente, folder, "check", "new.ent").returncode:
        return False
    where, clause = place_of(text.split("\n"), made[1])
    said = diff(entente, folder, "club", "new")
    if not said["differences"]:
        return f"line {made[1] + 1} of {where} is other, and nothing is said"
    for d in said["differences"]:
        if d["where"] != where or clause not in (None, d.get("clause")):
            return f"line {made[1] + 1} of {where}, {clause} is other, and {d} is said"
        if d.get("before") == d.get("after"):
            return f"{d} says the same twice"
    back = diff(entente, folder, "new", "club")
    have = sorted((d["where"], d.get("clause", ""), d.get("what", ""), d["change"], d.get("before"), d.get("after"))
                  for d in back["differences"])
    if have != turned(said["differences"]):
        return f"backwards {have} is said"
    after = digests(entente, folder, "new")
    others = sorted(v for v in after if before.get(v) != after[v])
    if sorted(said["to_be_signed"]) != others:
        return f"to be signed are {said['to_be_signed']}, digests changed of {others}"
    return None


def one_club(name, entente, tally):
    rng = random.Random("differences " + name)
    text = source.source(random_clubs.Maker(name, set()).club())
    with tempfile.TemporaryDirectory(prefix="entente-diff-") as folder:
        write(folder, "club.ent", text)
        before = digests(entente, folder, "club")
        write(folder, "same.ent", spelt_otherwise(text, rng))
        said = diff(entente, folder, "club", "same")
        if said["differences"] or said["to_be_signed"]:
            return f"spelt otherwise: {said}"
        if digests(entente, folder, "same") != before:
            return "spelt otherwise it has other digests"
        tried = 0
        for _ in range(CHANGES * 20):
            wrong = one_change(entente, folder, text, rng, before)
            if wrong:
                return wrong
            tried += wrong is None
            if tried == CHANGES:
                break
        tally["changes"] += tried
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=30)
    p.add_argument("--start", type=int, default=0)
    p.add_argument("--entente", required=True)
    args = p.parse_args()
    entente = os.path.abspath(args.entente)
    tally = {"changes": 0}
    passed = failed = 0
    for i in range(args.start, args.start + args.count):
        name = f"{args.seed}-{i}"
        try:
            wrong = one_club(name, entente, tally)
        except (RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as e:
            wrong = repr(e)
        if wrong:
            failed += 1
            print(f"seed {name}: {wrong}")
        else:
            passed += 1
    print(f"differences, seed {args.seed}: {tally['changes']} changes; {passed} passed, {failed} failed")
    return failed > 0 or tally["changes"] == 0


if __name__ == "__main__":
    sys.exit(main())
