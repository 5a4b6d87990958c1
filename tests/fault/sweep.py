#!/usr/bin/env python3
"""What `entente run` and `build` do when something fails: a full memory, a full disk, a killed process.

    sweep.py --entente PATH [--seconds N | --calls N] [--cc CC] [--only NAME] [--at N]

Every case is run with each allocation, write, fsync and rename failing in turn (fail_nth.c), once for that
call alone and once for it and all after it; where a case has too many for the time, every k-th, and with
--calls always the same N of them, spread evenly. Then must hold:
  memory, disk   exit status 4 with a message, or 0 with the results of a run where nothing fails (some
                 failures can be lived with: a folder that cannot be synced, a library's fallback; and
                 the version of the time zones may be unknown); no signal; outputs whole or as they
                 were, no temporary files
                 While it compiles or loads, memory may also be told as a diagnostic (exit status 1
                 or 3) if that says that memory was the cause
  kill           outputs are as they were or whole
The real thing too where it may be tried: a tiny file system (root only), and a limit on the size of files.
`--only NAME --at N` shows one failure again. Ends with `N passed, N failed`.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUTPUTS = ["out.jsonl", "notices.jsonl", "bad.csv", "club.built"]
OLD = b"old\n"


MEMORY_WORDS = [b"out of memory", b"Cannot allocate memory"]


def plain(ledger):
    """A ledger without the version of the time zones and the hashes that follow from it."""
    return re.sub(rb'"(tzdata|prev|hash)":"[^"]*"', b"", ledger)


class Case:
    def __init__(self, name, args, outputs):
        self.name, self.args, self.outputs = name, args, outputs


FULL = ["--ledger", "out.jsonl", "--notices", "notices.jsonl", "--bad-rows", "quarantine=bad.csv"]
CASES = [
    Case("run", ["run", "club.ent", "--feed", "ticket=ticket.csv", "--feed", "probe=probe.jsonl.gz",
                 *FULL], OUTPUTS[:3]),
    Case("run, two threads, unsorted", ["run", "club.entc", "--jobs", "2", "--batch", "7",
                                        "--feed", "ticket=shuffled.csv.zst", "--sort-memory", "4K",
                                        "--tmpdir", "tmp", "--format", "csv",
                                        "--feed", "probe=probe.csv.xz", *FULL], OUTPUTS[:3]),
    Case("run, two threads, clocks by key", ["run", "desk.ent", "--jobs", "2", "--batch", "7",
                                             "--feed", "ticket=ticket.csv", "--ledger", "out.jsonl",
                                             "--bad-rows", "quarantine=bad.csv"], OUTPUTS[:3:2]),
    Case("run, two threads, slices where rows are read", ["run", "sampled.ent", "--jobs", "2", "--batch", "512",
                                                          "--feed", "probe=sampled.csv", "--format", "csv"], []),
    Case("build", ["build", "-o", "club.built", "club.ent"], OUTPUTS[3:]),
    Case("check with errors", ["check", "wrong.ent"], []),
]

CLUB = """use std.itsm
use std.probe
framework Club "Shop services" version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{ client Shop integrator Hub provider Host provider Net
  service web by Host depends on net  service net by Net }
calendar office open mon..fri 09:00..17:00 closed on "holidays.ics"
sla Web "Web hosting" version 1 under Club between Host and Shop effective from 2026-01-01 {
  charge GBP 10_000.00 per month
  measure availability per service share of probe where up
  duty restore "Restoration" Host must ticket.resolved when ticket.opened
    within 4h of office for P1, 8h otherwise on ticket.reopened restart pausing during client_hold
    warn at 50%
  objective in_time "In time" share of restore where met at least 95% each month
    credit 2% of charge per 1% below, at most 10% of charge
  objective uptime "Uptime" availability(web) at least 99% each day missing counts as down
  objective speed "Speed" percentile 95 of probe.latency where service == web at most 400ms each day
    missing is ignored
  objective mean "Mean" average of probe.latency where service == web at most 400ms rolling 2d every 1d
    missing is ignored
}
ola Net version 1 under Club between Net and Host effective from 2026-01-01 {
  duty take "Take over" Net must ticket.assigned or ticket.resolved
    when ticket.assigned where party == Net within 2h
}
"""
DESK = """use std.itsm
framework Club "Shop services" version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{ client Shop integrator Hub provider Host provider Net
  service web by Host  accountability ticket time follows holder credits follow responsibility }
sla Web "Web hosting" version 1 under Club between Host and Shop effective from 2026-01-01 {
  charge GBP 10_000.00 per month
  duty restore "Restoration" Host must ticket.resolved when ticket.opened
    within 1h for P1, 2h otherwise on ticket.reopened restart pausing during client_hold
    credit GBP 90.00
}
"""
SAMPLED = """feed probe { at instant  service text key  up bool  latency duration }
framework Club "Shop services" version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP
{ client Shop integrator Hub provider Host
  service web by Host }
sla Web "Web hosting" version 1 under Club between Host and Shop effective from 2026-01-01 {
  measure availability per service share of probe where up
  measure slowness per service percentile 95 of probe.latency
  measure mean per service average of probe.latency
  objective uptime "Uptime" availability at least 99% each month
  objective speed "Speed" slowness at most 400ms each month
  objective usual "Usual" mean at most 100ms each month
}
"""
HOLIDAYS = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
            "DTSTART;VALUE=DATE:20200106\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Day\r\nEND:VEVENT\r\n"
            "END:VCALENDAR\r\n")


def put(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as f:
        f.write(text)


def prepare(folder, entente):
    put(folder, "club.ent", CLUB)
    put(folder, "desk.ent", DESK)
    put(folder, "sampled.ent", SAMPLED)
    put(folder, "holidays.ics", HOLIDAYS)
    put(folder, "wrong.ent", CLUB.replace("GBP 10_000.00", "GBP 10_000.00 + 3h")
        .replace("ticket.resolved when", "ticket.reslved when").replace("charge per", "chrge per"))
    rows = ["at,id,event,priority,service,party"]
    for i in range(60):
        day, hour = 5 + i % 9, 8 + i % 7
        rows.append(f"2026-01-{day:02}T{hour:02}:00:{i:02}Z,INC{i},opened,P{1 + i % 4},web,Host")
        if i % 3 == 0:
            rows.append(f"2026-01-{day:02}T{hour:02}:30:{i:02}Z,INC{i},assigned,P{1 + i % 4},web,Net")
        if i % 4 == 0:
            rows.append(f"2026-01-{day:02}T{hour:02}:31:{i:02}Z,INC{i},pended,P{1 + i % 4},web,Net")
        if i % 5:
            rows.append(f"2026-01-{day + i % 2:02}T{hour + 3:02}:{i:02}:00Z,INC{i},resolved,"
                        f"P{1 + i % 4},web,Host")
    rows.append("2026-01-15T00:00:00Z,BAD,opened,P9,web,Host")
    put(folder, "ticket.csv", "\n".join([rows[0]] + sorted(rows[1:])) + "\n")
    put(folder, "shuffled.csv", "\n".join([rows[0]] + rows[:0:-1]) + "\n")
    probes = [(f"2026-01-05T{i // 60:02}:{i % 60:02}:00Z", "web" if i % 2 else "net",
               "up" if i % 13 else "down", f"{100 + i}ms") for i in range(120)]
    put(folder, "probe.csv", "at,service,up,latency\n" +
        "".join(",".join(p) + "\n" for p in probes))
    put(folder, "probe.jsonl", "".join(
        '{"at":"%s","service":"%s","up":"%s","latency":"%s"}\n' % p for p in probes))
    put(folder, "sampled.csv", "at,service,up,latency\n" + "".join(
        f"2026-01-{5 + at // 86400:02}T{at % 86400 // 3600:02}:{at % 3600 // 60:02}:{at % 60:02}Z,s{at // 8 % 20},"
        f"{'true' if at % 31 else 'false'},{at * 37 % 450}ms\n" for at in range(0, 8 * 63000, 8)))
    for tool, name in (("gzip -n -k", "probe.jsonl"), ("zstd -q -k", "shuffled.csv"),
                       ("xz -k", "probe.csv")):
        subprocess.run([*tool.split(), name], cwd=folder, check=True)
    os.mkdir(os.path.join(folder, "tmp"))
    subprocess.run([entente, "build", "-o", "club.entc", "club.ent"], cwd=folder, check=True)


def contents(folder):
    out = {}
    for name in OUTPUTS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as f:
                out[name] = f.read()
    return out


class Sweep:
    def __init__(self, args, folder, shim):
        self.entente, self.folder, self.shim = os.path.abspath(args.entente), folder, shim
        self.passed = self.failed = 0
        self.files = set()

    def reset(self, old):
        for name in sorted(set(os.listdir(self.folder)) - self.files):
            os.remove(os.path.join(self.folder, name))
        for name in os.listdir(os.path.join(self.folder, "tmp")):
            os.remove(os.path.join(self.folder, "tmp", name))
        for name in old:
            put(self.folder, name, OLD.decode())

    def run(self, case, kind, at, on=False):
        env = dict(os.environ, LD_PRELOAD=self.shim, FAULT_KIND=kind, FAULT_AT=str(at))
        if on:
            env["FAULT_ON"] = "1"
        try:
            return subprocess.run([self.entente, *case.args], cwd=self.folder, capture_output=True,
                                  timeout=30, env=env, check=False)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(case.args, 124, b"", late.stderr or b"hangs")

    def count(self, case, kind):
        read, write = os.pipe()
        env = dict(os.environ, LD_PRELOAD=self.shim, FAULT_KIND=kind, FAULT_AT="0",
                   FAULT_COUNT=str(write))
        subprocess.run([self.entente, *case.args], cwd=self.folder, capture_output=True,
                       timeout=30, env=env, pass_fds=[write], check=False)
        os.close(write)
        with os.fdopen(read) as f:
            return int(f.read().split()[0])

    def whole(self, case):
        """A run where nothing fails: (exit status, stdout, stderr, outputs)."""
        self.reset([])
        done = subprocess.run([self.entente, *case.args], cwd=self.folder, capture_output=True,
                              timeout=30, check=False)
        return done.returncode, done.stdout, done.stderr, contents(self.folder)

    def problems(self, case, kind, done, good, old):
        now, left = contents(self.folder), set(os.listdir(self.folder)) - self.files - set(OUTPUTS)
        left |= set(os.listdir(os.path.join(self.folder, "tmp")))
        before = {name: OLD for name in old}
        out = []
        if kind == "kill":
            if done.returncode not in (-signal.SIGKILL, good[0]):
                out.append(f"exit {done.returncode}")
        elif kind == "memory" and done.returncode in (1, 3) and \
                any(word in done.stderr for word in MEMORY_WORDS):
            pass
        elif done.returncode == good[0]:
            if done.stdout != good[1]:
                out.append(f"exit {done.returncode} with another standard output")
            if done.returncode == 1 and done.stderr != good[2]:
                out.append(f"exit 1 with other diagnostics: {done.stderr[:300].decode()}")
            if good[0] == 0 and {n: plain(now.get(n, b"")) for n in good[3]} != \
                    {n: plain(t) for n, t in good[3].items()}:
                out.append(f"exit {done.returncode} with other files")
        elif done.returncode != 4:
            out.append(f"exit {done.returncode}: {done.stderr[-600:].decode(errors='replace')}")
        elif not done.stderr.strip():
            out.append("exit 4 without a message")
        for name in case.outputs:
            if now.get(name) not in (before.get(name), good[3].get(name)) and \
                    plain(now.get(name, b"")) != plain(good[3].get(name, b"")):
                out.append(f"{name} is neither old nor whole: {now.get(name, b'')[:80]!r}")
        if kind != "kill" and done.returncode == 4:
            if case.outputs and now.get(case.outputs[0]) != before.get(case.outputs[0]) \
                    and b"the result" not in done.stderr and kind == "disk":
                out.append(f"exit 4 and yet a new {case.outputs[0]}")
            if left:
                out.append(f"left behind: {sorted(left)}")
        return out

    def sweep(self, case, kind, seconds, only_at, calls):
        good = self.whole(case)
        total = self.count(case, kind)
        began = time.monotonic()
        at, step, tried = 1, 1, 0
        while at <= total:
            for on in ([False, True] if kind != "kill" else [False]):
                old = case.outputs if (at + on) % 2 else []
                self.reset(old)
                done = self.run(case, kind, only_at or at, on)
                wrong = self.problems(case, kind, done, good, old)
                tried += 1
                if wrong:
                    self.failed += 1
                    if self.failed <= 25:
                        print(f"{case.name}, {kind} call {only_at or at}{' and all after' if on else ''}:"
                              f" {'; '.join(wrong)}")
                else:
                    self.passed += 1
            if only_at:
                print(done.returncode, done.stderr.decode(errors="replace"))
                break
            # as many as the time allows, spread evenly over what is left
            each = (time.monotonic() - began) / at * step
            rest = max(seconds - (time.monotonic() - began), each)
            step = max(1, total // calls if calls else int((total - at) * each / rest + 0.999))
            at += step
            if calls and at > step * calls:
                break
        print(f"{case.name}: {kind}: {total} calls, {tried} runs")


def small_disk(sweep):
    """A file system of 64K, half full, and a limit on the size of files."""
    case = CASES[0]
    good = sweep.whole(case)
    place = os.path.join(sweep.folder, "tmp", "disk")
    os.mkdir(place)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], capture_output=True,
        check=False).returncode == 0
    try:
        if mounted:
            put(place, "out.jsonl", OLD.decode())
            args = [a if a != "out.jsonl" else "tmp/disk/out.jsonl" for a in case.args]
            done = subprocess.run([sweep.entente, *args], cwd=sweep.folder, capture_output=True,
                                  check=False)
            with open(os.path.join(place, "out.jsonl"), "rb") as f:
                kept = f.read() == OLD
            ok = done.returncode == 4 and b"o space" in done.stderr and kept and \
                os.listdir(place) == ["out.jsonl"] and len(good[3]["out.jsonl"]) > 16384
            sweep.passed, sweep.failed = sweep.passed + ok, sweep.failed + (not ok)
            if not ok:
                print("small disk:", done.returncode, done.stderr, os.listdir(place))
        else:
            print("SKIPPED: a file system of 16K cannot be mounted here: the full disk was only simulated")
    finally:
        if mounted:
            subprocess.run(["umount", place], check=True)
        os.rmdir(place)
    for kilobytes in (0, 1, 4):
        sweep.reset(["out.jsonl"])
        done = subprocess.run(["sh", "-c", f"ulimit -f {kilobytes * 2}; exec \"$@\"", "sh",
                               sweep.entente, *case.args], cwd=sweep.folder, capture_output=True,
                              check=False)
        ok = done.returncode == 4 and done.stderr and \
            contents(sweep.folder)["out.jsonl"] in (OLD, good[3]["out.jsonl"])
        sweep.passed, sweep.failed = sweep.passed + bool(ok), sweep.failed + (not ok)
        if not ok:
            print(f"files limited to {kilobytes}K:", done.returncode, done.stderr)


def main():
    p = argparse.ArgumentParser(description="failure sweeps")
    p.add_argument("--entente", required=True)
    p.add_argument("--seconds", type=float, default=16)
    p.add_argument("--calls", type=int, default=0)
    p.add_argument("--cc", default=os.environ.get("CC") or "cc")
    p.add_argument("--only")
    p.add_argument("--kind")
    p.add_argument("--at", type=int, default=0)
    args = p.parse_args()
    folder = tempfile.mkdtemp(prefix="entente-fault-")
    try:
        shim = os.path.join(folder, "fail_nth.so")
        subprocess.run([args.cc, "-std=c17", "-D_GNU_SOURCE", "-O1", "-g", "-fPIC", "-shared",
                        "-o", shim, os.path.join(HERE, "fail_nth.c"), "-ldl"], check=True)
        with open(args.entente, "rb") as f:
            if b"__asan_init" in f.read():
                print("SKIPPED: failures are not swept in a sanitised build, whose allocator cannot be replaced")
                print("0 passed, 0 failed")
                return 0
        prepare(folder, os.path.abspath(args.entente))
        sweep = Sweep(args, folder, shim)
        sweep.files = set(os.listdir(folder))
        for case in CASES:
            if args.only and args.only != case.name:
                continue
            for kind, part in (("memory", 0.22), ("disk", 0.06), ("kill", 0.03)):
                if not args.kind or args.kind == kind:
                    sweep.sweep(case, kind, args.seconds * part, args.at, args.calls)
        if not args.only:
            small_disk(sweep)
        print(f"{sweep.passed} passed, {sweep.failed} failed")
        return 1 if sweep.failed else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
