#!/usr/bin/env python3
"""Runs the cases of this folder (README.md).

    run.py ENTENTE

Ends with `N passed, N failed`; exit status 1 if any failed.
"""

import glob
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
ORDER = ("seq kind agreement version clause title subject window clock status measure measure_exact target shortfall "
         "counts credit accountable responsible structural_gap because source prev hash").split()
STATUS = "met breach excused void provisional no_data not_in_force".split()


class Tally:
    def __init__(self, entente):
        self.entente, self.passed, self.failed = entente, 0, 0

    def check(self, what, good, found=None):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"{what}: {found!r}")

    def run(self, folder, *args):
        return subprocess.run([self.entente, *args], cwd=folder, capture_output=True)


def scenarios(t):
    for path in sorted(glob.glob(os.path.join(HERE, "*.ent"))):
        if os.path.basename(path) != "club.ent":
            done = t.run(HERE, "test", os.path.basename(path))
            t.check(os.path.basename(path), done.returncode == 0, (done.stdout + done.stderr).decode())


def instant(text):
    """RFC 3339 as (seconds, nanoseconds)."""
    zone = 1 if text.endswith("Z") else 6
    body, zone = text[:-zone], text[-zone:]
    whole, _, fraction = body.partition(".")
    at = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    return int(at.timestamp()), int(fraction.ljust(9, "0") or 0)


def final_at(line, to):
    """When a decision became final: at its window's end or the clock's stop, else at the end of all."""
    if "window" in line:
        return min(instant(line["window"]["to"]), to)
    done = line["clock"].get("done")
    return instant(done) if done and line["status"] != "provisional" else to


def check_responsible(t, line):
    parts = line.get("responsible", [])
    shares = [Fraction(p["share"]) for p in parts if "share" in p]
    t.check("shares sum to 1", not shares or sum(shares) == 1, line)
    for p in parts:
        if "share" in p:
            reduced = Fraction(p["share"])
            t.check("a reduced fraction", p["share"] == str(reduced), p)
    if "credit" in line and parts:
        amounts = [Fraction(p["amount"]) for p in parts if "amount" in p]
        t.check("parts are the whole", sum(amounts) == Fraction(line["credit"]["amount"]), line)


def check_line(t, line, members):
    places = [ORDER.index(m) for m in members if m in ORDER]
    t.check("order of members", places == sorted(places), members)
    t.check("a status", line["status"] in STATUS, line)
    t.check("a window or a clock", ("window" in line) != ("clock" in line), line)
    t.check("a breach says who", (line["status"] == "breach") == ("accountable" in line), line)
    if "measure_exact" in line:
        exact = Fraction(line["measure_exact"])
        shown = Fraction(line["measure"].rstrip("%")) / 100
        t.check("four places", abs(exact - shown) <= Fraction(1, 2000000), line)
    check_responsible(t, line)


def ledger(t, folder):
    for name in ("probe.csv", "ticket.csv"):
        shutil.copy(os.path.join(HERE, "ledger", name), folder)
    args = ("run", os.path.join(HERE, "ledger", "club.ent"), "--feed", "probe=probe.csv", "--feed",
            "ticket=ticket.csv", "--from", "2026-01-01", "--to", "2026-02-01", "--ledger", "l.jsonl")
    done = t.run(folder, *args, "--format", "jsonl")
    t.check("run", done.returncode == 0, done.stderr)
    written = open(os.path.join(folder, "l.jsonl"), "rb").read()
    t.check("standard output is the ledger", done.stdout == written)
    previous, keys = "0" * 64, []
    lines = written.decode().splitlines()
    for i, text in enumerate(lines):
        line = json.loads(text)
        body = text[:text.rindex(',"hash":')] + "}"
        t.check("hash", hashlib.blake2b(body.encode(), digest_size=32).hexdigest() == line["hash"], text)
        t.check("chain", line["prev"] == previous, text)
        t.check("compact", json.dumps(line, separators=(",", ":"), ensure_ascii=False) == text, text)
        previous = line["hash"]
        if i == 0:
            run = line
            t.check("how it was made", line["kind"] == "run" and line["feeds"]["ticket"]["rows"] == 9, text)
            continue
        t.check("counted from 1", line["seq"] == i, text)
        check_line(t, line, list(line))
        keys.append((final_at(line, instant(run["to"])), line["agreement"].encode(), line["clause"].encode(),
                     json.dumps(list(line.get("subject", {}).values()), ensure_ascii=False).encode()))
    t.check("order of decisions", keys == sorted(keys), keys)
    decided(t, [json.loads(text) for text in lines[1:]])
    t.check("fail on breach", t.run(folder, *args, "--fail-on", "breach").returncode == 1)
    damaged_ledgers(t, folder, written)


def decided(t, lines):
    """What was worked out by hand.

    A: 11h30m of 4h; the client held 8h and AppCo 2h30m, neither with an allowance, HostCo the first hour:
    v({}) = 7h30m. Without the client's 8h nothing is left; without AppCo's 5h are. The client's mean gain is
    (7.5 + 5) / 2 = 6.25, AppCo's (2.5 + 0) / 2 = 1.25: 5/6 and 1/6. Of 33.33 the exact parts are 27.775 and
    5.555; rounded down a penny is left for the larger remainder, 0.5 each: the first in the framework, the client.
    AppCo has no agreement here: its part is HostCo's.
    B: a nanosecond too long. D: an hour at the end. uptime: 1 of 3 and 1 of 2, 10.01% of 1,000 for 15 of 31 days
    and of 2,000 for 16.
    """
    def find(clause, **members):
        return [x for x in lines if x["clause"] == clause and all(x.get(k) == v for k, v in members.items())]
    a, = find("restore", subject={"id": 'A "1", Ü'})
    t.check("A", (a["status"], a["clock"]["elapsed"], a["shortfall"]) == ("breach", "41400", "27000"), a)
    shares = {p["party"]: p.get("share") for p in a["responsible"]}
    t.check("A's shares", (shares["Acme"], shares["AppCo"]) == ("5/6", "1/6"), a)
    amounts = {p["party"]: p.get("amount") for p in a["responsible"]}
    t.check("A's parts", (amounts["Acme"], amounts["HostCo"]) == ("27.78", "5.55"), a)
    b, = find("restore", subject={"id": "B☃"})
    t.check("B", (b["status"], b["clock"]["elapsed"]) == ("breach", "14400.000000001"), b)
    t.check("C", [x["status"] for x in find("restore", subject={"id": "C"})] == ["void"])
    d, = find("restore", subject={"id": "D"})
    t.check("D", (d["status"], d["clock"]["open"], d["clock"]["elapsed"]) == ("provisional", True, "3600"), d)
    first, second = find("uptime", agreement="Hosting")
    t.check("first part", (first["version"], first["measure_exact"], first["credit"]["amount"]) == (1, "1/3", "48.44"), first)
    t.check("second part", (second["version"], second["measure_exact"], second["credit"]["amount"]) ==
            (2, "1/2", "103.33"), second)
    weeks = find("uptime", agreement="Network")
    t.check("weeks", [w["status"] for w in weeks] == ["no_data", "breach", "no_data", "met", "provisional"],
            [w["status"] for w in weeks])


def damaged_ledgers(t, folder, written):
    lines = written.splitlines(keepends=True)
    for what, status, bytes_ in [
            ("whole", 0, written), ("a line lost", 1, b"".join(lines[:2] + lines[3:])),
            ("two lines changed places", 1, b"".join([lines[0], lines[2], lines[1], *lines[3:]])),
            ("changed", 1, written.replace(b'"void"', b'"met" ')), ("torn", 1, written[:-9]), ("empty", 1, b""),
            ("no ledger", 1, b"hello\n"), ("the first line lost", 1, b"".join(lines[1:]))]:
        with open(os.path.join(folder, "d.jsonl"), "wb") as f:
            f.write(bytes_)
        t.check(f"ledger {what}", t.run(folder, "ledger", "verify", "d.jsonl").returncode == status)


def damaged_programs(t, folder):
    """Whatever is called a program and is none is refused as such, and never read as a source."""
    path = os.path.join(folder, "x.entc")
    done = t.run(folder, "build", "-o", "x.entc", os.path.join(HERE, "ledger", "club.ent"))
    t.check("build", done.returncode == 0, done.stderr)
    whole = open(path, "rb").read()
    chance = random.Random(1)
    cases = [b"", whole[:3], whole[:4], whole[:40], whole[:-1], whole + b"x", b"XXXX" + whole[4:], b"feed x { at instant }",
             whole[:4] + b"\x63" + whole[5:]]
    for _ in range(40):
        at = chance.randrange(len(whole))
        cases.append(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:])
    for i, bytes_ in enumerate(cases):
        with open(path, "wb") as f:
            f.write(bytes_)
        for command in (["run", "x.entc"], ["disasm", "x.entc"]):
            done = t.run(folder, *command)
            t.check(f"damaged {i}", done.returncode == 3 and b"x.entc" in done.stderr, done)
    os.remove(path)
    t.check("no program", t.run(folder, "run", "x.entc").returncode == 4)


def main():
    t = Tally(os.path.abspath(sys.argv[1]))
    scenarios(t)
    with tempfile.TemporaryDirectory() as folder:
        ledger(t, folder)
        damaged_programs(t, folder)
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
