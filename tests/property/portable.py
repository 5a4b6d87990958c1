#!/usr/bin/env python3
"""Random files, with rows of common and rare shapes and with bytes changed: the same ledger, the same rows put aside and
the same messages with every optimisation, on two threads, and with none (`run --portable`).

    portable.py --entente build/entente [--seed 1] [--count 30]
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CLUB = """
feed reading { at instant  id text key  up bool  size decimal(2)  level int  value number  delay duration }
framework Club version 1 effective from 2026-01-01 timezone "UTC" currency GBP
{ client Acme  integrator Hub  provider P  service s by P }
sla S version 1 under Club between P and Acme effective from 2026-01-01 {
  measure uptime per id share of reading where up
  measure mean per id average of reading.size where level < 900
  measure whole per id average of reading.size
  measure wait per id average of reading.delay
  measure high per id percentile 90 of reading.size
  measure middle per id median of reading.level
  objective up uptime at least 90% each day
  objective small mean at most 40 each day
  objective fine whole at most 50 each day
  objective quick wait at most 5s each day
  objective low high at most 90 each day
  objective half middle at most 400 each month
  objective total sum of reading.value at most 1 each day
  objective late percentile 99 of reading.value where delay > 5s at most 0.99 each day
}
"""
FIELDS = ["at", "id", "up", "size", "level", "value", "delay"]


def service(rng, i, turn):
    if turn == 0:
        return f"service-{rng.randrange(12)}"[-9 - i % 2:]
    return f"service-{rng.randrange(turn) if rng.random() < 0.0005 else i % turn}"


def cell(rng, i, name, rare, turn):
    """One cell of row i; rare shapes are valid, too, or absent.  Ids come in turns of so many, or in no order if 0."""
    if name == "at":
        seconds = i * 7
        day, hour, minute = 1 + seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
        instant = f"2026-01-{day:02}T{hour:02}:{minute:02}:{seconds % 60:02}"
        return instant + (rng.choice([".5Z", "+00:00"]) if rare else "Z")
    if name == "id":
        return rng.choice(["", "é" * 3, "a" * 17, "b" * 40]) if rare else service(rng, i, turn)
    if name == "up":
        return rng.choice(["true", "false", ""]) if rare else str(int(rng.random() < 0.95))
    if name == "size":
        return rng.choice(["", "7", "-1.25", "12345678.5", ".5"]) if rare else f"{rng.random() * 100:.2f}"
    if name == "level":
        return rng.choice(["", "-3", "123456789012"]) if rare else str(rng.randrange(1000))
    if name == "value":
        return rng.choice(["", "1e-3", "-0.5"]) if rare else f"{rng.random():.3f}"
    return rng.choice(["", "1m", "PT3S", "2h5m"]) if rare else f"{rng.randrange(10000)}ms"


def write(path, rng, rows):
    rare = rng.choice([0, 0.0005, 0.02])
    turn = rng.choice([0, 5, 90, 150])
    lines = []
    for i in range(rows):
        row = {name: cell(rng, i, name, rng.random() < rare, turn) for name in FIELDS}
        if path.suffix == ".csv":
            lines.append(",".join(row.values()))
        else:
            members = []
            for name, value in row.items():
                is_number = name in ("size", "level", "value", "up") and value and value[0] not in ".tf"
                members.append(f"{json.dumps(name)}:{value if is_number else json.dumps(value or None)}")
            lines.append("{" + ",".join(members) + "}")
    text = bytearray(("\n".join(([",".join(FIELDS)] if path.suffix == ".csv" else []) + lines) + "\n").encode())
    for _ in range(rng.choice([0, 0, 3, 30])):
        at = rng.randrange(len(FIELDS) * 8, len(text))
        change = rng.choice([b"", b"\n", b"\r\n", b",", b'"', b"0", b".", b"\xff", b"\0", b"{", b"x"])
        text[at:at + rng.randrange(2)] = change
    if rng.random() < 0.3:
        del text[-rng.randrange(1, 40):]
    path.write_bytes(text)


def result(entente, work, path, options):
    """Everything that a run leaves behind; the names of its files are the same for every way."""
    for name in ("ledger.jsonl", "aside.csv"):
        (work / name).unlink(missing_ok=True)
    command = [entente, "run", "club.ent", "--feed", f"reading={path.name}", "--ledger", "ledger.jsonl", *options]
    stop = subprocess.run(command, cwd=work, capture_output=True)
    aside = subprocess.run([*command, "--bad-rows", "quarantine=aside.csv"], cwd=work, capture_output=True)
    left = [(work / name).read_bytes() if (work / name).exists() else b"" for name in ("ledger.jsonl", "aside.csv")]
    return [stop.returncode, stop.stdout, stop.stderr, aside.returncode, aside.stdout, aside.stderr, *left]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--entente", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=30)
    options = parser.parse_args()
    entente = str(Path(options.entente).resolve())
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "club.ent").write_text(CLUB)
        for i in range(options.count):
            rng = random.Random(f"{options.seed} {i}")
            path = work / rng.choice(["rows.csv", "rows.jsonl"])
            write(path, rng, rng.choice([50, 3000, 12000]))
            want = result(entente, work, path, ["--portable"])
            ways = [[], ["--batch", "64"], ["--batch", "100", "--jobs", "2"]]
            wrong = [way for way in ways if result(entente, work, path, way) != want]
            crashed = want[0] not in (0, 2, 3, 4, 5)  # 1: the club itself is wrong
            passed += not wrong and not crashed
            failed += bool(wrong or crashed)
            if wrong or crashed:
                print(f"seed {options.seed}, file {i}: {path.name} gives something else with {wrong}, status {want[0]}")
    print(f"portable and not: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
