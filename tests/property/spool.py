#!/usr/bin/env python3
"""Ledgers of more lines than wait in memory: the same bytes whatever the way, and nothing is left behind.

    spool.py --entente PATH [--tickets N]

What waits for the first line of a ledger goes to a temporary file without a name once it is more than a buffer
(compiler/entente/spool.c).  Here it does so at once, late and not at all (--sort-memory bounds the buffer), with one thread and
two, together with every other output, after rows out of order made the run begin anew; the file cannot be made, cannot
grow, and its process is killed.  Ends with `N passed, N failed`.
"""

import argparse
import datetime
import os
import random
import resource
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIRECT = 8 << 20 # bytes of a ledger before it is written past the page cache (runtime/ledger/file.c)
PROGRAM = os.path.join(ROOT, "tests", "bench", "incidents.ent")


def rows(tickets):
    """Of each ticket its opening, who holds it, some waiting, and mostly its end."""
    draw = random.Random(20260105)
    begin = datetime.datetime(2026, 1, 1)
    out = []
    for i in range(tickets):
        at = begin + datetime.timedelta(seconds=draw.randrange(40 * 86400))
        name = f"INC{i:06}" if i % 50 else f'"INC ""{i}"" \\ é"'
        holders = ["Hermes", *draw.sample(["NetCo", "HostCo", "AppCo"], 2)]
        events = [("opened", holders[0]), ("assigned", holders[1]), ("pending_client", holders[1]),
                  ("resumed", holders[1]), ("assigned", holders[2]), ("resolved", holders[2])]
        for event, holder in events[:draw.choice([2, 5, 6, 6, 6])]:
            out.append((at, f"{at.isoformat()}Z,{name},{event},{i % 4 + 1},{holder}\n"))
            at += datetime.timedelta(milliseconds=draw.choice([1, 1000, 1500]) * draw.randrange(1, 8000))
    out.sort(key=lambda row: row[0])
    return [text for _, text in out]


class Test:
    def __init__(self, entente, folder):
        self.entente, self.folder = entente, folder
        self.passed = self.failed = 0

    def hold(self, ok, what):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        if not ok:
            print("failed:", what)

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def run(self, *args, feed="in.csv", limit=None):
        limits = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
        return subprocess.run([self.entente, "run", PROGRAM, "--feed", f"ticket={feed}", *args], cwd=self.folder,
                              capture_output=True, check=False, preexec_fn=limits)

    def ledger(self, *args, **more):
        done = self.run("--ledger", "other.jsonl", *args, **more)
        if done.returncode != 0:
            print(args, done.returncode, done.stderr.decode(errors="replace"))
            return b""
        return self.read("other.jsonl")

    def same_bytes(self):
        whole = self.ledger()
        self.hold(whole.count(b"\n") > 10000 and whole.count(b'"responsible":[{') > 100, "a ledger worth the name")
        for args in ([], ["--jobs", "2"], ["--jobs", "4"]):
            for memory in ("1", "1000", "70K", "1M"):
                self.hold(self.ledger(*args, "--sort-memory", memory) == whole, f"{args} --sort-memory {memory}")
            self.hold(self.ledger(*args, "--portable") == whole, f"{args} --portable")
            self.hold(self.run(*args, "--format", "jsonl").stdout == whole, f"{args} --format jsonl")
            self.hold(self.ledger(*args, feed="disorder.csv") == whole, f"{args} in disorder, begun anew")
            self.hold(self.ledger(*args, "--format", "csv", "--report", "page.html", "--notices", "notices.jsonl") == whole,
                      f"{args} with everything else")
        verified = subprocess.run([self.entente, "ledger", "verify", "other.jsonl"], cwd=self.folder,
                                  capture_output=True, check=False)
        self.hold(verified.returncode == 0, f"verified: {verified.stdout}{verified.stderr}")
        os.rename(os.path.join(self.folder, "other.jsonl"), os.path.join(self.folder, "first.jsonl"))
        self.hold(self.ledger("--restate", "first.jsonl").count(b"\n") == 1, "nothing to restate")
        csv = self.run("--format", "csv").stdout
        self.hold(self.run("--format", "csv", "--ledger", "other.jsonl").stdout == csv, "csv as without a ledger")

    def nothing_left(self, before, what):
        self.hold(set(os.listdir(self.folder)) == before, f"{what}: nothing is left behind")

    def failures(self):
        before = set(os.listdir(self.folder))
        done = self.run("--format", "jsonl", "--tmpdir", "nowhere")
        self.hold(done.returncode == 4 and b"cannot use a temporary file in `nowhere`: No such file" in done.stderr
                  and not done.stdout, f"no folder for it: {done.returncode} {done.stderr}")
        for jobs in ("1", "2"):
            done = self.run("--ledger", "new.jsonl", "--jobs", jobs, limit=100000)
            self.hold(done.returncode == 4 and b"cannot use a temporary file in `.`: File too large" in done.stderr,
                      f"it cannot grow: {done.returncode} {done.stderr}")
            self.nothing_left(before, "it cannot grow")
            done = self.run("--ledger", "new.jsonl", "--jobs", jobs, limit=3000000)
            self.hold(done.returncode == 4 and b"cannot write `new.jsonl`: File too large" in done.stderr,
                      f"the ledger cannot grow: {done.returncode} {done.stderr}")
            self.nothing_left(before, "the ledger cannot grow")
            done = self.run("--ledger", "new.jsonl", "--jobs", jobs, limit=DIRECT + 1000000)
            self.hold(done.returncode == 4 and b"cannot write `new.jsonl`: File too large" in done.stderr,
                      f"the ledger cannot grow past the page cache: {done.returncode} {done.stderr}")
            self.nothing_left(before, "the ledger cannot grow past the page cache")

    def killed(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        before = set(os.listdir(self.folder))
        running = subprocess.Popen([self.entente, "run", PROGRAM, "--feed", "ticket=pipe", "--ledger", "new.jsonl"],
                                   cwd=self.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        with open(pipe, "wb") as f:
            f.write(self.read("in.csv"))
            f.flush()
            files, until = "", time.monotonic() + 20
            while "(deleted)" not in files and time.monotonic() < until:
                folder = f"/proc/{running.pid}/fd"
                files = " ".join(os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder))
                time.sleep(0.05)
            self.hold("(deleted)" in files, "lines wait in a file that has no name")
            running.send_signal(signal.SIGKILL)
            running.communicate()
        self.nothing_left(before, "killed")


def main():
    p = argparse.ArgumentParser(description="ledgers of many lines")
    p.add_argument("--entente", required=True)
    p.add_argument("--tickets", type=int, default=12000)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        test = Test(os.path.abspath(args.entente), folder)
        texts = rows(args.tickets)
        disorder = texts[:-3] + texts[-2:] + texts[-3:-2]
        for name, lines in (("in.csv", texts), ("disorder.csv", disorder)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write("t,id,event,priority,party\n" + "".join(lines))
        test.same_bytes()
        test.failures()
        test.killed()
        print(f"{test.passed} passed, {test.failed} failed")
        return 1 if test.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
