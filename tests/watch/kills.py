"""Nothing lost: `entente watch --state` is killed at random instants, and its ledger is that of a run that was not.

    python3 tests/watch/kills.py build/entente [--kills N] [--seed N]

Probes come by a file that grows (and is rotated on the way), tickets by pushes whose sender tries again, sometimes
twice, until it is answered.  The disk fills up, entries are torn, and the program's state is damaged on purpose."""
import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import tempfile
import time

import facts
import harness
from harness import Watch, lines, run, write

MINUTES = 2500


class Delivery:
    """What is still to be delivered, and the delivering of it in random parts."""

    def __init__(self, folder, seed):
        self.rng = random.Random(seed)
        self.path = folder + "/probe.csv"
        rows = facts.probes(1, MINUTES)
        half = len(rows) // 2
        head = "at,service,up\n"
        self.files = [(head + "\n".join(part) + "\n") for part in (rows[:half], rows[half:])]
        self.at = 0
        self.pushes = []
        tickets = facts.tickets(1, MINUTES)
        while tickets:
            n = self.rng.randint(1, 9)
            self.pushes.append(("\n".join(tickets[:n]) + "\n"))
            tickets = tickets[n:]
        self.pushed = 0
        write(self.path, "")

    def done(self):
        return not self.files and self.pushed == len(self.pushes)

    def grow(self):
        if not self.files:
            return
        step = self.rng.randint(1, 1600)
        write(self.path, self.files[0][self.at:self.at + step], "a")
        self.at += step
        if self.at >= len(self.files[0]):
            self.files.pop(0)
            self.at = 0
            if self.files:
                os.rename(self.path, self.path + ".1")
                write(self.path, "")

    def push(self, watch):
        """One push; it counts as delivered when it is answered."""
        if self.pushed == len(self.pushes):
            return
        try:
            body = self.pushes[self.pushed]
            headers = {"Idempotency-Key": "k%d" % self.pushed}
            status = watch.ask("/feed/ticket", body, headers, seconds=5)[0]
            if status == 200 and self.rng.random() < 0.2:
                status = watch.ask("/feed/ticket", body, headers, seconds=5)[0]
            self.pushed += status == 200
        except OSError:
            pass
        except Exception as problem:  # half an answer
            if watch.process.poll() is None:
                raise problem


def arguments(folder, checkpoint="50ms"):
    return ["--feed", "probe=%s/probe.csv" % folder, "--feed", "ticket=push", "--state", folder + "/state",
            "--checkpoint", checkpoint]


def settle(watch):
    """Everything that was delivered has had its effect."""
    want = 2 * MINUTES
    return watch.wait(lambda w: w.metric("source_rows_total", feed="probe") == want, 20)


def uninterrupted(folder):
    delivery = Delivery(folder, 1)
    watch = Watch(*arguments(folder)).ready()
    while not delivery.done():
        delivery.grow()
        delivery.push(watch)
    settle(watch)
    watch.stop()
    return folder + "/state/ledger.jsonl"


def killed(folder, kills, seed, report):
    delivery = Delivery(folder, seed)
    rng = random.Random(seed)
    done = 0
    first = Watch(*arguments(folder)).ready()
    while not first.metric("source_rows_total", feed="probe"):
        delivery.grow()  # nobody can find a file again that was renamed before it was ever read
    first.kill()
    while done < kills or not delivery.done():
        watch = Watch(*arguments(folder))
        until = time.time() + rng.choice((0.0, 0.02, 0.04, 0.06, 0.1)) * rng.random() * 2
        try:
            if done >= kills or rng.random() < 0.8:
                watch.ready()
            while time.time() < until or (done >= kills and not delivery.done()):
                if delivery.done() or rng.random() < 0.5 or watch.port is None:
                    delivery.grow()
                else:
                    delivery.push(watch)
                if done < kills:
                    time.sleep(0.003)  # leave something to be delivered between the last kills
        except RuntimeError as problem:
            report.hold(False, "it starts again after a kill", problem)
            break
        watch.kill()
        done += 1
    watch = Watch(*arguments(folder)).ready()
    report.hold(settle(watch), "all rows have come", watch.metric("source_rows_total", feed="probe"))
    report.hold(watch.metric("ledger_replaced_total") == 0, "no line was decided otherwise")
    report.hold(watch.stop() == 0, "and it ends well", watch.said())
    return done, folder + "/state/ledger.jsonl"


def same(report, one, other, what):
    a = open(one).read()
    b = open(other).read()
    report.hold(a == b and len(a) > 1000, what, "%d and %d bytes" % (len(a), len(b)))


def torn(folder, whole, report):
    """The ends of journal and ledger as a crash of the machine may leave them: what is behind the last checkpoint."""
    state = folder + "/state"
    rng = random.Random(4)
    delivery = Delivery(folder, 2)
    watch = Watch(*arguments(folder, "1h")).ready()
    while not delivery.done():
        delivery.grow()
        delivery.push(watch)
    settle(watch)
    watch.kill()
    for number in range(12):
        journals = sorted(name for name in os.listdir(state) if name.startswith("journal-"))
        path = os.path.join(state, rng.choice(("ledger.jsonl", journals[-1])))
        size = os.path.getsize(path)
        if path.endswith("ledger.jsonl"):
            with open(path, "r+b") as out:
                out.truncate(max(0, size - rng.randint(1, 3000)))
        else:
            write(path, "\x40\x00\x00\x00\x01" + "x" * rng.randint(0, 60), "a")
        watch = Watch(*arguments(folder, "1h"))
        report.hold(bool(watch.ready()), "it starts with a torn end")
        if number == 11:  # the ledger catches up with the journal while requests are answered already
            watch.wait(lambda w: os.path.getsize(state + "/ledger.jsonl") >= os.path.getsize(whole))
        watch.kill()
    same(report, folder + "/state/ledger.jsonl", whole, "a torn end is mended")


def full_disk(folder, whole, report):
    """Files may not grow beyond a limit for a while: nothing is taken, it is said, and afterwards all is well."""
    delivery = Delivery(folder, 9)
    limit = lambda n: lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
    refused = 0
    for size in (30000, 60000, 90000, 130000):
        watch = Watch(*arguments(folder), preexec=limit(size)).ready()
        for _ in range(60):
            delivery.grow()
            before = delivery.pushed
            delivery.push(watch)
            refused += delivery.pushed == before and before < len(delivery.pushes)
            if watch.metric("disk_trouble") == 1:
                break
        report.hold(watch.wait(lambda w: w.metric("disk_trouble") == 1, 5), "a full disk is in /metrics")
        report.hold(watch.ask("/healthz")[0] == 503, "and in /healthz")
        watch.kill()
    report.hold(refused > 0, "pushes are told to come again")
    watch = Watch(*arguments(folder)).ready()
    while not delivery.done():
        delivery.grow()
        delivery.push(watch)
    settle(watch)
    report.hold(watch.stop() == 0, "afterwards it ends well")
    same(report, folder + "/state/ledger.jsonl", whole, "after a full disk the ledger is the same")


def full_for_a_while(folder, whole, report):
    """The disk fills up under a watch that runs, and has room again: it goes on by itself, though nobody pushes."""
    delivery = Delivery(folder, 11)
    watch = Watch(*arguments(folder)).ready()
    limit = lambda n: resource.prlimit(watch.process.pid, resource.RLIMIT_FSIZE, (n, resource.RLIM_INFINITY))
    for _ in range(30):
        delivery.grow()
        delivery.push(watch)
    for _ in range(2):
        size = max(os.path.getsize(folder + "/state/" + name) for name in os.listdir(folder + "/state"))
        limit(size + 10)
        while watch.metric("disk_trouble") != 1 and not delivery.done():
            delivery.grow()
            delivery.push(watch)
        report.hold(watch.wait(lambda w: w.metric("disk_trouble") == 1), "the disk is full")
        report.hold(watch.wait(lambda w: "nothing is taken until it can be kept" in w.said()), "which is said")
        report.hold("cannot write" in watch.json("/standing").get("trouble", ""), "and stands on the page")
        before = watch.metric("ledger_lines")
        limit(resource.RLIM_INFINITY)
        report.hold(watch.wait(lambda w: w.ask("/healthz")[0] == 200), "room is noticed, though nobody pushes", watch.said())
        report.hold(watch.metric("ledger_lines") >= before, "nothing is gone")
    report.hold(watch.wait(lambda w: "can be kept again" in w.said()), "and is said")
    while not delivery.done():
        delivery.grow()
        delivery.push(watch)
    settle(watch)
    report.hold(watch.stop() == 0, "it ends well")
    same(report, folder + "/state/ledger.jsonl", whole, "and the ledger is the same")


def full_file_system(report):
    """A real full disk: a small tmpfs, where one may be mounted."""
    with harness.folder() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode:
            print("(no tmpfs may be mounted here: the limit on files stands for it)")
            return
        try:
            watch = Watch("--feed", "ticket=push", "--state", folder + "/state").ready()
            body = "\n".join(facts.tickets(2, MINUTES)) + "\n"
            states = [watch.ask("/feed/ticket", body, {"Idempotency-Key": "f%d" % n})[0] for n in range(12)]
            report.hold(states[0] == 200 and states[-1] == 503, "a full file system is a 503", states)
            report.hold(watch.ask("/healthz")[0] == 503, "and not healthy")
            watch.stop()
        finally:
            subprocess.run(["umount", folder], check=False)


def damaged(folder, report):
    """Damage in the middle is told and nothing is guessed; two watches do not share a folder."""
    state = folder + "/state"
    watch = Watch(*arguments(folder)).ready()
    second = Watch(*arguments(folder))
    report.hold(second.process.wait(10) == 4 and "another" in second.said(), "a second watch is refused", second.said())
    watch.stop()
    path = next(os.path.join(state, name) for name in sorted(os.listdir(state))
                if name == "checkpoint" or (name.startswith("journal-") and os.path.getsize(state + "/" + name) > 2000))
    with open(path, "r+b") as out:
        out.seek(os.path.getsize(path) // 2)
        out.write(b"\x00\x01\x02")
    broken = Watch(*arguments(folder))
    status = broken.process.wait(10)
    report.hold(status == 4 and ("damaged" in broken.said() or "checksum" in broken.said()), "damage is told", broken.said())


def come_and_go(folder, report, whole):
    """A file that is not there yet, goes away and comes back."""
    text = "at,service,up\n" + "\n".join(facts.probes(1, MINUTES)) + "\n"
    path = folder + "/probe.csv"
    watch = Watch(*arguments(folder)).ready()
    report.hold(watch.wait(lambda w: "waiting for it" in w.said()), "a missing file is waited for")
    cut = text.index("\n", len(text) // 2) + 1
    write(path, text[:cut])
    report.hold(watch.wait(lambda w: (w.metric("source_rows_total", feed="probe") or 0) > 100), "it comes")
    os.rename(path, folder + "/elsewhere")
    time.sleep(0.5)
    write(folder + "/elsewhere", text[cut:], "a")
    os.rename(folder + "/elsewhere", path)
    for number, body in enumerate(Delivery(folder + "/other", 1).pushes):
        watch.ask("/feed/ticket", body, {"Idempotency-Key": str(number)})
    report.hold(settle(watch), "and comes back")
    watch.stop()
    report.hold(lines(folder + "/state/ledger.jsonl") == lines(whole), "with the same decisions")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("entente", nargs="?", default="build/entente")
    parser.add_argument("--kills", type=int, default=220)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    harness.ENTENTE = options.entente
    report = harness.Report()
    with harness.folder() as folder:
        for name in ("whole", "killed", "torn", "full", "room", "gone", "gone/other"):
            os.mkdir(os.path.join(folder, name))
        whole = uninterrupted(folder + "/whole")
        done, ledger = killed(folder + "/killed", options.kills, options.seed, report)
        print("%d kills, %d lines" % (done, len(lines(ledger))))
        same(report, ledger, whole, "after %d kills the ledger is the same" % done)
        report.hold(run("ledger", "verify", ledger).returncode == 0, "and its chain is whole")
        torn(folder + "/torn", whole, report)
        full_disk(folder + "/full", whole, report)
        full_for_a_while(folder + "/room", whole, report)
        full_file_system(report)
        come_and_go(folder + "/gone", report, whole)
        damaged(folder + "/killed", report)
    report.close()


if __name__ == "__main__":
    main()
