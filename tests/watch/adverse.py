"""What should not happen and does: kills while a new version is taken over, states that are old or cut, clocks that go
backwards, and samples of every odd kind.

    python3 tests/watch/adverse.py build/entente [--kills N]"""
import argparse
import os
import random
import re
import signal
import struct
import subprocess
import time

import facts
import harness
from harness import Watch, lines, run, write
from live import AMENDMENT, METRICS_CLUB, field, snappy

MINUTES = 1500


def arguments(state, *more):
    return ["--feed", "probe=push", "--feed", "ticket=push", "--state", state, "--checkpoint", "40ms", *more]


def deliver(watch, part):
    """One part of all rows, again and again until it is answered; twice is once."""
    probes, tickets = facts.probes(1, MINUTES), facts.tickets(1, MINUTES)
    n = len(probes) // 10
    rows = "at,service,up\n" + "\n".join(probes[part * n:(part + 1) * n if part < 9 else len(probes)]) + "\n"
    limits = [re.match(r'{"at":"([^"]*)"', row).group(1) for row in tickets]
    begin, end = probes[part * n].split(",")[0], probes[(part + 1) * n].split(",")[0] if part < 9 else "9"
    objects = [row for row, at in zip(tickets, limits) if begin <= at < end or (part == 9 and at >= begin)]
    watch.ask("/feed/probe", rows, {"Idempotency-Key": "p%d" % part}, seconds=10)
    if objects:
        watch.ask("/feed/ticket", "\n".join(objects) + "\n", {"Idempotency-Key": "t%d" % part}, seconds=10)


def bare(path):
    """Decisions without their places in the source, which an amendment moves, and without lines of takeovers."""
    return [re.sub(r'^{"seq":\d+|"source":{[^}]*}', "", line) for line in lines(path) if '"kind":"program"' not in line]


def killed_while_taking_over(folder, kills, report):
    """The new version comes again and again, with a kill at any instant of its taking over: old or new, nothing is lost."""
    old = open(harness.CLUB).read()
    club, rng = folder + "/club.ent", random.Random(5)
    write(club, old)
    whole = Watch(*arguments(folder + "/whole"), club=club).ready()
    for part in range(10):
        deliver(whole, part)
    report.hold(whole.stop() == 0, "a watch that nobody kills")
    part, refused, taken = 0, 0, 0
    for number in range(kills):
        write(club, old + (AMENDMENT.replace("Stricter", "Stricter%d" % (number // 2)).replace("2026-04-01", "2026-05-01")
                           if number % 2 else ""))
        watch = Watch(*arguments(folder + "/killed"), club=club)
        try:
            watch.ready()
            if rng.random() < 0.6:
                deliver(watch, part % 10)
                part += 1
            write(club, old + ("" if number % 2 else AMENDMENT.replace("2026-04-01", "2026-06-01")))
            watch.process.send_signal(signal.SIGHUP)
            time.sleep(rng.random() * 0.08)
            taken += "is taken over" in watch.said()
        except RuntimeError:
            refused += 1
            report.hold(False, "it starts again after a kill in a takeover", watch.said())
            break
        except OSError as problem:
            report.hold(watch.process.poll() is None, "it answers", problem)
        watch.kill()
    write(club, old)
    watch = Watch(*arguments(folder + "/killed"), club=club).ready()
    for part in range(10):
        deliver(watch, part)
    report.hold(watch.stop() == 0, "at last it ends well")
    print("%d kills in takeovers, of which %d were over before" % (kills, taken))
    report.hold(taken < kills, "some kills came in the middle")
    a, b = bare(folder + "/whole/ledger.jsonl"), bare(folder + "/killed/ledger.jsonl")
    report.hold(a == b and len(a) > 30, "the decisions are those of a watch that was not killed", (len(a), len(b)))
    report.hold(run("ledger", "verify", folder + "/killed/ledger.jsonl").returncode == 0, "and the chain is whole")


def old_or_cut(folder, report):
    """A checkpoint that was cut at any length, or is of another version, is told; nothing is guessed or overwritten."""
    state = folder + "/cut"
    watch = Watch(*arguments(state)).ready()
    for part in range(3):
        deliver(watch, part)
    watch.wait(lambda w: os.path.exists(state + "/checkpoint"))
    watch.stop()
    good = open(state + "/checkpoint", "rb").read()
    ledger = open(state + "/ledger.jsonl", "rb").read()
    changed = {"cut to %d" % n: good[:n] for n in (0, 1, 7, 8, 40, 100, len(good) // 2, len(good) - 1)}
    changed["longer"] = good + b"x"
    changed["of zeros"] = bytes(len(good))
    for n in range(0, 64, 3):
        changed["changed at %d" % n] = good[:n] + bytes([good[n] ^ 0x10]) + good[n + 1:]
    for what, content in changed.items():
        with open(state + "/checkpoint", "wb") as out:
            out.write(content)
        watch = Watch(*arguments(state))
        try:
            status = watch.process.wait(20)
        except subprocess.TimeoutExpired:
            status = None
            watch.kill()
        report.hold(status == 4 and "checkpoint" in watch.said(), "a checkpoint " + what, (status, watch.said()[-200:]))
        report.hold(open(state + "/ledger.jsonl", "rb").read() == ledger, "leaves the ledger alone")
    with open(state + "/checkpoint", "wb") as out:
        out.write(good)
    watch = Watch(*arguments(state)).ready()
    report.hold(watch.stop() == 0, "the right one goes on", watch.said())
    os.remove(state + "/checkpoint")  # without any, the journal has it all
    watch = Watch(*arguments(state)).ready()
    report.hold(watch.metric("ledger_replaced_total") == 0, "without a checkpoint the journal makes the same lines")
    watch.stop()
    report.hold(open(state + "/ledger.jsonl", "rb").read() == ledger, "byte for byte")


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(id, now);
    char text[32] = "";
    int fd = id == CLOCK_REALTIME ? open(getenv("CLOCK_FILE"), O_RDONLY) : -1;
    if (fd >= 0) { (void)!read(fd, text, 31); close(fd); now->tv_sec += atol(text); }
    return status;
}
"""


def clock_goes_back(folder, report):
    """The clock on the wall is put back an hour, and forward again: no decision changes, no watermark goes back."""
    write(folder + "/clock.c", CLOCK)
    built = subprocess.run(["cc", "-shared", "-fPIC", "-o", folder + "/clock.so", folder + "/clock.c", "-ldl"],
                           capture_output=True, text=True, check=False)
    if not report.hold(built.returncode == 0, "a clock can be made", built.stderr):
        return
    offset = lambda seconds: write(folder + "/offset", "%d" % seconds)
    offset(0)
    os.environ.update(LD_PRELOAD=folder + "/clock.so", CLOCK_FILE=folder + "/offset")
    try:
        watch = Watch("--feed", "ticket=push", "--lateness", "0s", "--complete", "ticket", "--state", folder + "/back").ready()
    finally:
        del os.environ["LD_PRELOAD"], os.environ["CLOCK_FILE"]
    now = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ticket = '{"at":"%s","id":"%s","event":"%s","priority":"P1","service":"hosting","party":"HostCo"}'
    report.hold(watch.ask("/feed/ticket", ticket % (now(), "T1", "opened"))[0] == 200, "a ticket")
    report.hold(watch.wait(lambda w: (w.metric("watermark_seconds") or 0) > time.time() - 5, 10), "time passes")
    before = watch.metric("watermark_seconds")
    offset(-3600)
    time.sleep(1)
    report.hold(watch.metric("watermark_seconds") >= before, "an hour back: the watermark stays")
    answer = watch.ask("/feed/ticket", ticket % (now(), "T2", "opened"))
    report.hold(answer[0] == 200 and watch.wait(lambda w: w.ask("/healthz")[0] == 200, 5), "rows are taken", answer)
    said = watch.json("/standing")
    report.hold(said["sources"][0]["late"] + said["sources"][0]["rows"] + said["sources"][0]["bad"] == 2, "none is lost",
                said["sources"])
    offset(0)
    report.hold(watch.wait(lambda w: w.metric("watermark_seconds") > before + 1, 15), "and time goes on where it was")
    report.hold(watch.stop() == 0, "it ends well", watch.said())
    report.hold(run("ledger", "verify", folder + "/back/ledger.jsonl").returncode == 0, "the chain is whole")


def odd_samples(folder, report):
    """Remote write as bad as it comes: what can be a row is one, what cannot is counted or left out, and nothing breaks."""
    club = folder + "/odd.ent"
    write(club, METRICS_CLUB % '"probe_up"')
    begin = 1772400000000
    stale = struct.pack("<Q", 0x7ff0000000000002)
    nan = struct.pack("<Q", 0x7ff8000000000001)

    def series(labels, samples):
        pairs = b"".join(field(1, 2, field(1, 2, k) + field(2, 2, v)) for k, v in labels)
        return field(1, 2, pairs + b"".join(field(2, 2, field(1, 1, v) + field(2, 0, t & (1 << 64) - 1)) for t, v in samples))

    def up(instance, *samples, more=()):
        return series([(b"__name__", b"probe_up"), *more, (b"instance", instance)], samples)
    one, zero = struct.pack("<d", 1.0), struct.pack("<d", 0.0)
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}

    def counts(watch):
        source = watch.json("/standing")["sources"][0]
        return source["rows"], source["bad"], source["late"]

    watch = Watch("--feed", "probe=remote-write", "--lateness", "5s", club=club).ready()
    send = lambda message: watch.ask("/api/v1/write", snappy(message), headers)[0]
    steps = [
        ("out of order in one message", up(b"a", *((begin + 1000 * t, one) for t in (3, 1, 2, 0))), (4, 0, 0)),
        ("within the lateness", up(b"b", (begin + 1000, one), (begin, zero)), (6, 0, 0)),
        ("stale, NaN and infinite", up(b"a", (begin + 4000, stale), (begin + 5000, nan), (begin + 6000, struct.pack("<d", float("inf"))),
                                       (begin + 7000, struct.pack("<d", float("-inf")))), (6, 0, 0)),
        ("too late", up(b"c", (begin + 60000, one)) + up(b"c", (begin, one)), (8, 0, 0)),
        ("later than that", up(b"d", (begin, one)), (8, 0, 1)),
        ("times out of all reach beside one that is not", up(b"e", (1 << 62, one), (-(1 << 62), one), (begin + 61000, one)), (9, 2, 1)),
        ("five hundred labels", up(b"f", (begin + 61000, one), more=[(b"l%d" % i, b"x" * 100) for i in range(500)]), (10, 2, 1)),
        ("labels by the names of the sample's own", up(b"g", (begin + 61000, one), more=[(b"time", b"1970"), (b"value", b"7")]), (11, 2, 1)),
        ("a label twice, one without a name, one that is no UTF-8",
         up(b"h", (begin + 61000, one), more=[(b"x", b"1"), (b"x", b"2"), (b"", b"y"), (b"z", b"\xff\xfe")]), (12, 2, 1)),
        ("a value that is none of the field", up(b"i", (begin + 61000, struct.pack("<d", 0.5))), (12, 3, 1)),
        ("a counter that begins anew", series([(b"__name__", b"requests_total")], [(begin + 61000, struct.pack("<d", 3.0))]), (12, 3, 1)),
        ("no samples, no labels", series([], []) + series([(b"__name__", b"probe_up")], []), (12, 3, 1)),
    ]
    for what, message, expected in steps:
        status = send(message)
        report.hold(status == 204 and counts(watch) == expected, what, (status, counts(watch), expected))
    many = b"".join(up(b"m%d" % i, (begin + 62000, one)) for i in range(20000))
    report.hold(send(many) == 204 and counts(watch)[0] == 20012, "twenty thousand series in one message", counts(watch))
    report.hold(send(up(b"a", (begin + 3600000, one))) == 204 and watch.stop() == 0, "and it goes on")


def odd_texts(folder, report):
    """The same from an endpoint of text."""
    target = harness.Receiver()
    labels = ",".join('l%d="%s"' % (i, "x" * 50) for i in range(300))
    target.text = ('# TYPE probe_up gauge\nprobe_up{instance="a"} 1 1772400000000\nprobe_up{instance="b"} +Inf\n'
                   'probe_up{instance="c"} NaN\nprobe_up{%s,instance="d"} 1\nprobe_up{instance="e"\nprobe_up{instance="f"} \n'
                   'probe_up{instance="g",value="7",time="x"} 0\r\nprobe_up {instance="h"} 1\n' % labels)
    club = folder + "/texts.ent"
    write(club, METRICS_CLUB % '"probe_up"')
    watch = Watch("--feed", "probe=scrape+http://127.0.0.1:%d/metrics" % target.port, club=club).ready()
    report.hold(watch.wait(lambda w: (w.metric("source_rows_total") or 0) >= 6), "lines that are sound are rows", watch.said())
    report.hold(watch.metric("source_bad_rows_total") == 0 and watch.metric("source_up") == 1, "others are none",
                watch.metric("source_bad_rows_total"))
    report.hold(watch.stop() == 0, "and it ends well", watch.said())
    target.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("entente", nargs="?", default="build/entente")
    parser.add_argument("--kills", type=int, default=60)
    options = parser.parse_args()
    harness.ENTENTE = options.entente
    report = harness.Report()
    with harness.folder() as folder:
        killed_while_taking_over(folder, options.kills, report)
        old_or_cut(folder, report)
        if "sanitize" not in options.entente:  # what is sanitised wants to be loaded first
            clock_goes_back(folder, report)
        odd_samples(folder, report)
        odd_texts(folder, report)
    report.close()


if __name__ == "__main__":
    main()
