#!/usr/bin/env python3
"""The digests of rows that ledgers begin with, reckoned anew from what runtime/feed/digest.h and
runtime/ledger/hash_tree.h say, with hashlib.  Rows of all types, in any order and several of one instant; from none at
all to many leaves, and so many bytes that the last leaf is just full.

    digest.py ENTENTE
"""
import hashlib
import json
import random
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

CLUB = """
feed fact {
  at instant  id text key  event one of opened, closed, a_member_with_a_name_of_more_than_32_bytes  up bool
  level int  size decimal(2)  part ratio  value number  delay duration  price money  clock time
  who party  what service
}
framework Club version 1 effective from 2026-01-01 timezone "UTC" currency GBP
{ client Acme  integrator Hub  provider P  provider AProviderWhoseNameIsLongerThanMostNames  service web by P }
sla S version 1 under Club between P and Acme effective from 2026-01-01 {
  measure some per id share of fact
    where up and level > 0 and size > 0.5 and part > 50% and value > 1.5 and delay > 5s and price > GBP 5
      and clock > 09:00 and who == P and what == web and event == opened
  objective many some at least 1% each year
}
"""
FIELDS = ("at id event up level size part value delay price clock who what").split()
EVENTS = ["opened", "closed", "a_member_with_a_name_of_more_than_32_bytes"]
PARTIES = ["Acme", "Hub", "P", "AProviderWhoseNameIsLongerThanMostNames"]
LEAF = 4096
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def text(value):
    value = value.encode()
    return struct.pack("<I", len(value)) + value


def rational(value):
    value = Fraction(value)
    return value.numerator.to_bytes(16, "little", signed=True) + value.denominator.to_bytes(16, "little", signed=True)


def whole(value):
    return struct.pack("<q", value)


def make_row(rng, second, name=None, short=False):
    """{field: (cell, bytes)}: the cell of the CSV and what a row says.  If short, no text or name has many bytes."""
    at = BEGIN + timedelta(seconds=second)
    level, cents, parts = rng.randrange(-5000, 5000), rng.randrange(10**6), rng.randrange(0, 1001)
    value, delay, pence = rng.randrange(10**6) / 64, rng.randrange(10**5), rng.randrange(10**6)
    if name is None:
        longest = 20 if short else 400 if rng.random() < 0.03 else 40
        name = "x" * rng.randrange(1, longest) + str(rng.randrange(50)) + rng.choice(["", "é"])
    event, up = rng.choice(EVENTS[:2] if short else EVENTS), rng.random() < 0.9
    who = rng.choice(PARTIES[:3] if short else PARTIES)
    clock = rng.randrange(86400)
    row = {
        "at": (at.strftime("%Y-%m-%dT%H:%M:%SZ"), whole(int(at.timestamp()) * 10**9)),
        "id": (name, text(name)),
        "event": (event, text(event)),
        "up": ("true" if up else "false", bytes([up])),
        "level": (str(level), whole(level)),
        "size": (f"{cents / 100:.2f}", whole(cents)),
        "part": (f"{parts / 1000:.3f}", rational(Fraction(parts, 1000))),
        "value": (repr(value), struct.pack("<d", value)),
        "delay": (f"{delay}s", whole(delay * 10**9)),
        "price": (f"{pence / 100:.2f}", rational(Fraction(pence, 100))),
        "clock": (f"{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}", whole(clock * 10**9)),
        "who": (who, text(who)),
        "what": ("web", text("web")),
    }
    for field in ("size", "level", "part", "price", "delay", "who", "what", "clock", "value"):
        if rng.random() < 0.1:
            row[field] = ("", None)
    return row


def bytes_of(row):
    return b"".join(b"\1" if row[f][1] is None else b"\0" + row[f][1] for f in FIELDS)


def tree(data):
    shape = {"digest_size": 32, "fanout": 0, "depth": 2, "leaf_size": LEAF, "inner_size": 32}
    leaves = [data[i:i + LEAF] for i in range(0, len(data), LEAF)] or [b""]
    root = hashlib.blake2b(node_depth=1, last_node=True, **shape)
    for i, leaf in enumerate(leaves):
        last = i == len(leaves) - 1
        root.update(hashlib.blake2b(leaf, node_offset=i, last_node=last, **shape).digest())
    return root.hexdigest()


def digest_of(rows):
    ordered = sorted((row["at"][1][::-1], bytes_of(row)) for row in rows)
    return tree(b"".join(said for _, said in ordered))


def fill_up(rng, rows, leaves):
    """A last row whose text is so long that all rows fill so many leaves."""
    rest = leaves * LEAF - sum(len(bytes_of(row)) for row in rows)
    row = make_row(rng, 10**6, "")
    return rows + [row | {"id": ("z" * (rest - len(bytes_of(row))), text("z" * (rest - len(bytes_of(row)))))}]


def ledger_digest(entente, folder, rows, options):
    lines = [",".join(FIELDS)] + [",".join(row[f][0] for f in FIELDS) for row in rows]
    (folder / "fact.csv").write_text("\n".join(lines) + "\n")
    done = subprocess.run([entente, "run", folder / "club.ent", "--feed", f"fact={folder / 'fact.csv'}", "--ledger",
                           folder / "out.jsonl", *options], capture_output=True, text=True)
    if not (folder / "out.jsonl").exists():
        sys.exit(f"{options}: {done.stderr}")
    with open(folder / "out.jsonl") as lines:
        fact = json.loads(lines.readline())["feeds"]["fact"]
    if fact["rows"] != len(rows) or fact["bad"]:
        sys.exit(f"rows were refused: {fact} {done.stderr}")
    return fact["digest"]


def main():
    entente = sys.argv[1]
    rng = random.Random(1)
    passed = failed = 0
    worlds = [[make_row(rng, rng.randrange(1 + n // 3)) for _ in range(n)] for n in (0, 1, 2, 30, 500, 5000)]
    worlds += [[make_row(rng, rng.randrange(1 + n // 3), short=True) for _ in range(n)] for n in (63, 64, 65, 5000)]
    worlds += [fill_up(rng, worlds[3], leaves) for leaves in (2, 3, 17, 18)]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "club.ent").write_text(CLUB)
        for rows in worlds:
            expected = digest_of(rows)
            for options in ([], ["--portable"], ["--batch", "3"], ["--jobs", "3"]):
                mixed = rng.sample(rows, len(rows))
                got = ledger_digest(entente, folder, mixed, options)
                passed += got == expected
                if got != expected:
                    failed += 1
                    print(f"digest: {len(rows)} rows, {options}: {got} instead of {expected}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
