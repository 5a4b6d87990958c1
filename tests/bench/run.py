#!/usr/bin/env python3
"""Entente beside what a user would pick instead: one interleaved run, ratios of medians.

    run.py --bench DIR --entente BUILD/entente [--data DIR] [--runs N] [--small] [--only WORK,…] [--write PAGE] [--install]

DIR holds the generator, the peers and the expected outputs; none of them is copied.  Figures are compared with the
expected ones before anything is timed; a workload whose figures differ prints no time.  --write puts what is printed
between the marks of a page.  See docs/performance.md."""
import argparse
import datetime
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import peers
import works

HERE = Path(__file__).resolve().parent
OWN_ROUNDS = 3 # of ours, which are short, in each round of all
BEGIN, END = "<!-- results: written by make bench-record -->", "<!-- end of results -->"


class Page:
    """What is printed, kept for --write."""

    def __init__(self):
        self.text = []

    def say(self, text):
        print(text, flush=True)
        self.text.append(text)

    def write(self, path):
        page = path.read_text()
        begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
        path.write_text(page[:begin] + "\n" + "\n".join(self.text).rstrip() + "\n\n" + page[end:])


def machine():
    """Where and when, for the record."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "an unknown processor")
    return f"{os.cpu_count()} cores, {model}, on {datetime.date.today():%-d %B %Y}"


def load():
    return f"{os.getloadavg()[0]:.1f}"


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--bench", required=True)
    ap.add_argument("--entente", required=True)
    ap.add_argument("--data")
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--small", action="store_true")
    ap.add_argument("--only", default="")
    ap.add_argument("--write", type=Path)
    ap.add_argument("--install", action="store_true")
    return ap.parse_args()


class Run:
    """One program's measurements; `figures` makes of its output the table that is expected."""

    def __init__(self, name, argv, figures=lambda text: text):
        self.name, self.argv, self.figures = name, argv, figures
        self.walls, self.cpus, self.rss, self.outputs = [], [], 0, set()

    def ledger(self):
        """Where it writes one, or None."""
        return Path(self.argv[self.argv.index("--ledger") + 1]) if "--ledger" in self.argv else None

    def go(self, data, env):
        out, mem = data / "out.tmp", data / "mem.tmp"
        if self.ledger(): # to free the disk of one is no part of writing another
            self.ledger().unlink(missing_ok=True)
        with open(out, "wb") as o, open(data / "err.tmp", "wb") as e:
            begun = time.perf_counter()
            p = subprocess.Popen(["/usr/bin/time", "-f", "%M %U %S", "-o", str(mem), *self.argv], stdout=o, stderr=e,
                                 stdin=subprocess.DEVNULL, env=env)
            p.wait()
            self.walls.append(time.perf_counter() - begun)
        if p.returncode:
            sys.exit(f"{self.name}: exit {p.returncode}: {(data / 'err.tmp').read_text()[-500:]}")
        kb, user, system = mem.read_text().split()[-3:]
        self.rss = max(self.rss, int(kb))
        self.cpus.append(float(user) + float(system))
        return out.read_bytes()

    def wall(self):
        return statistics.median(self.walls)

    def cpu(self):
        return max(statistics.median(self.cpus), 0.001)


class Pair(Run):
    """Two runs of one program at the same time, with nothing in common: what a second core gives at most."""

    def go(self, data, env):
        mem = [data / f"mem{i}.tmp" for i in range(2)]
        begun = time.perf_counter()
        both = [subprocess.Popen(["/usr/bin/time", "-f", "%M %U %S", "-o", str(m), *self.argv], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env) for m in mem]
        if any([p.wait() for p in both]):
            sys.exit(f"{self.name}: a run failed")
        self.walls.append(time.perf_counter() - begun)
        used = [m.read_text().split()[-3:] for m in mem]
        self.rss = max(self.rss, *(int(kb) for kb, _, _ in used))
        self.cpus.append(sum(float(user) + float(system) for _, user, system in used))


def check(page, work, runs, data, env, expected):
    """Every program's figures against the expected output."""
    good = True
    for r in runs:
        out = r.go(data, env).decode()
        r.walls, r.cpus, r.rss = [], [], 0
        if r.figures(out) != expected:
            page.say(f"{work.name}: the figures of {r.name} differ from the expected output: no time is printed")
            good = False
    return good


def measure(page, work, bench, data, folder, options):
    env = peers.environment(data)
    file = folder / work.file
    table, missing = peers.chosen(peers.FILE_PEERS, work.name, bench, data, file)
    for name in missing:
        page.say(f"{work.name}: {name} is not here (`make bench-deps`)")
    ours = [Run(name, argv, work.figures) for name, argv in work.ours(options.entente, HERE, folder)]
    others = [Run(name, argv) for name, argv in table]
    expected = (bench / "expected" / f"{work.name}{'' if options.small else '-full'}.csv").read_text()
    if not check(page, work, ours + others, data, env, expected):
        return None
    ours.append(Pair(works.PAIR, ours[0].argv))
    runs = ours + others
    for _ in range(options.runs):
        for r in ours * OWN_ROUNDS + others:
            r.go(data, env)
    page.say(f"\n### {work.name}: {work.title}\n\n| program | wall s (min–max) | CPU s | peak MB |\n|---|--:|--:|--:|")
    for r in sorted(runs, key=Run.wall):
        page.say(f"| {r.name} | {r.wall():.3f} ({min(r.walls):.3f}–{max(r.walls):.3f}) | "
              f"{r.cpu():.2f} | {r.rss / 1024:.0f} |")
    return {r.name: r for r in runs}


def time_disk(path):
    """Seconds for as many bytes as the file has, written beside it by 1 MB and synced, as `dd bs=1M conv=fsync` does."""
    size, copy, block = path.stat().st_size, path.with_suffix(".disk"), os.urandom(1 << 20)
    os.sync()
    begun = time.perf_counter()
    with open(copy, "wb", buffering=0) as out:
        for at in range(0, size, len(block)):
            out.write(block[:size - at])
        os.fsync(out.fileno())
    taken = time.perf_counter() - begun
    copy.unlink()
    return taken


def disk_line(run, base, disk):
    """What there is besides the program when a file goes to a disk."""
    size = run.ledger().stat().st_size / 1e6
    return (f"{run.name}: {run.wall():.2f} s by the clock, {base.wall():.2f} s {base.name}; the disk alone takes "
            f"{statistics.median(disk):.2f} s ({min(disk):.2f}–{max(disk):.2f}) for as many bytes ({size:.0f} MB, written by "
            "1 MB and synced) in the same run.")


def measure_selves(data, folder, options):
    """Entente against itself: (what, against, ratio, target), and lines to say below them."""
    env = peers.environment(data)
    found, notes = [], []
    for what, argv, against, base, target in works.selves(options.entente, data, folder):
        one, other, disk = Run(what, argv), Run(against, base), []
        on_disk = one.ledger() and one.ledger().parent == data
        for _ in range(options.runs * (1 if on_disk else OWN_ROUNDS)):
            one.go(data, env)
            disk += [time_disk(one.ledger())] if on_disk else []
            other.go(data, env)
        found.append((what, against, (one.wall() / other.wall(), one.cpu() / other.cpu()), target))
        notes += [disk_line(one, other, disk)] if on_disk else []
        if one.ledger() and not on_disk: # memory that others may need
            one.ledger().unlink()
    return found, notes


def measure_check(data, options):
    """`check` of the north star beside `luac -p` of a file of that length; both are short, so many in a row."""
    source = HERE.parent.parent / "examples/retail-club/club.ent"
    luac = next((name for name in ("luac5.4", "luac") if shutil.which(name)), None)
    if not luac:
        return []
    lua = works.lua_of_length(data, len(source.read_text().splitlines()))
    walls = {"ours": [], "theirs": []}
    for _ in range(10 * options.runs):
        for who, argv in (("ours", [options.entente, "check", str(source)]), ("theirs", [luac, "-p", str(lua)])):
            begun = time.perf_counter()
            subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            walls[who].append(time.perf_counter() - begun)
    ratio = statistics.median(walls["ours"]) / statistics.median(walls["theirs"])
    return [("`check` of the retail club", "`luac -p`, as many lines", (ratio, ratio), 10)]


def measure_guard(page, bench, data, options):
    """Workload C: every program reports ns an evaluation, matches and sum."""
    env = peers.environment(data)
    table, missing = peers.chosen(peers.RULE_PEERS, "C", bench, data)
    for name in missing:
        page.say(f"C: {name} is not here (`make bench-deps`)")
    program = data / "guard.entc"
    subprocess.run([options.entente, "build", "-o", str(program), str(HERE / "guard.ent")], check=True)
    guard = Path(options.entente).parent / "bench/guard"
    found = {}
    for _ in range(options.runs):
        for argv in [[str(guard), str(program)], *[argv for _, argv in table]]:
            out = subprocess.run(argv, stdout=subprocess.PIPE, env=env, check=True).stdout.decode()
            for line in out.splitlines():
                name, _, median, _, matches, total = line.split("\t")
                if (matches, total) != ("96193", "9137577.917"):
                    page.say(f"C: {name} found {matches} matches and {total}: no time is printed")
                    return None
                found.setdefault(name, []).append(float(median))
    page.say("\n### C: guard and score\n\n| engine | ns an evaluation (min–max) |\n|---|--:|")
    medians = {name: statistics.median(v) for name, v in found.items()}
    for name, value in sorted(medians.items(), key=lambda i: i[1]):
        page.say(f"| {name} | {value:.2f} ({min(found[name]):.2f}–{max(found[name]):.2f}) |")
    return medians


CALLS = {"lanes": "agreements call C, 2,048 rows at once", "one": "agreements call C, one row at a time",
         "closure": "C calls a `fn` of the agreements", "direct": "C calls C"}


def measure_calls(page, data, options):
    """ns a call between agreements and C, through libffi."""
    program = data / "calls.entc"
    subprocess.run([options.entente, "build", "-o", str(program), str(HERE / "calls.ent")], check=True,
                   stderr=subprocess.DEVNULL)
    found = {}
    for _ in range(options.runs):
        out = subprocess.run([str(Path(options.entente).parent / "bench/calls"), str(program)],
                             stdout=subprocess.PIPE, check=True).stdout.decode()
        for line in out.splitlines():
            name, value = line.split()
            found.setdefault(name, []).append(float(value))
    page.say("\n### Calls between agreements and C\n\n| call | ns (min–max) |\n|---|--:|")
    for name, text in CALLS.items():
        v = found[name]
        page.say(f"| {text} | {statistics.median(v):.1f} ({min(v):.1f}–{max(v):.1f}) |")


def measure_twelve(page, data, options):
    """ms a decision of exact shares among twelve parties, with roots, their text and the ledger's line."""
    days = 30
    *sources, rows = works.twelve(data, days)
    env = peers.environment(data)
    runs = [Run(s.stem, [options.entente, "run", str(s), "--feed", f"probe={rows}", "--ledger", str(data / "twelve.jsonl")])
            for s in sources]
    for _ in range(3 * options.runs):
        for r in runs:
            r.go(data, env)
    each = (runs[0].wall() - runs[1].wall()) / days * 1000
    page.say(f"\n### Twelve parties\n\nExact shares of twelve parties with twelve different counts: {each:.1f} ms a decision "
             "(at most 10), over the same run with outages staying with the owner.")


def main():
    options = parse()
    bench = Path(options.bench).resolve()
    data = Path(options.data or Path(options.entente).parent / "bench").resolve()
    options.entente = str(Path(options.entente).resolve())
    if not (bench / "gen.c").exists():
        sys.exit(f"bench: the generator and the peers are not at {bench}: set BENCH_DIR to their folder")
    if options.install:
        return peers.install(bench, data)
    page = Page()
    page.say(f"{machine()}; the median of {options.runs} interleaved runs, of Entente's of {OWN_ROUNDS * options.runs}; load "
             f"before {load()}.")
    for name in peers.build(bench, data):
        page.say(f"not here: {name}")
    folder = peers.data_files(bench, data, options.small)
    only = [w for w in options.only.split(",") if w]
    results = {}
    for work in works.WORKS:
        if not only or work.name in only:
            results[work.name] = measure(page, work, bench, data, folder, options)
    if not only or "C" in only:
        results["C"] = measure_guard(page, bench, data, options)
    if not only or "calls" in only:
        measure_calls(page, data, options)
    if not only or "twelve" in only:
        measure_twelve(page, data, options)
    selves, notes = measure_selves(data, folder, options) if not only or "self" in only else ([], [])
    if not only or "check" in only:
        selves += measure_check(data, options)
    page.say("\n".join(works.target_lines(results, selves)))
    for note in [*works.limit_lines(results), *notes]:
        page.say(f"\n{note}")
    page.say(f"\nLoad after: {load()}.")
    if options.write:
        page.write(options.write)


if __name__ == "__main__":
    main()
