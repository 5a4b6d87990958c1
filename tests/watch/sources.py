"""`entente watch` against `entente run`: the same facts, however they come in, give the same lines.

    python3 tests/watch/sources.py build/entente"""
import json
import os
import random
import sys
import tempfile
import time

import facts
import harness
from harness import Watch, lines, run, write

MINUTES = 3000


def batch(folder, report):
    """What all others are compared with; `run` and `watch --until-end` agree on everything."""
    write(folder + "/probe.csv", "at,service,up\n" + "\n".join(facts.probes(1, MINUTES)) + "\n")
    write(folder + "/ticket.jsonl", "\n".join(facts.tickets(1, MINUTES)) + "\n")
    feeds = ["--feed", "probe=%s/probe.csv" % folder, "--feed", "ticket=%s/ticket.jsonl" % folder]
    run("run", harness.CLUB, *feeds, "--ledger", folder + "/run.jsonl")
    watch = Watch(*feeds, "--until-end", "--ledger", folder + "/watch.jsonl", listen=False)
    report.hold(watch.process.wait(30) == 0, "--until-end ends well", watch.said())
    decided = [line for line in lines(folder + "/watch.jsonl") if '"status"' in line]
    plain = [line.split(",", 1)[1] for line in decided]
    report.hold(plain == [line.split(",", 1)[1] for line in lines(folder + "/run.jsonl")],
                "watch decides what run decides")
    verified = run("ledger", "verify", folder + "/watch.jsonl")
    report.hold(verified.returncode == 0, "the ledger's chain is whole", verified.stdout + verified.stderr)
    return lines(folder + "/watch.jsonl")


def finals(all_lines):
    return [line for line in all_lines if '"provisional"' not in line and '"open":true' not in line]


def is_beginning(some, whole):
    return len(some) > 20 and some == whole[:len(some)]


def growing(folder, report, whole):
    """A file that grows in pieces, is rotated twice and once cut to nothing; tickets by standard input."""
    import subprocess
    rng = random.Random(7)
    path = folder + "/grows.csv"
    rows = facts.probes(1, MINUTES)
    write(path, "")
    watch = Watch("--feed", "probe=" + path, "--feed", "ticket=-", "--ledger", folder + "/grown.jsonl",
                  stdin=subprocess.PIPE)
    watch.process.stdin.write(("\n".join(facts.tickets(1, MINUTES)) + "\n").encode())
    watch.process.stdin.close()
    parts = [rows[:1500], rows[1500:3000], rows[3000:4500], rows[4500:]]
    taken = 0
    for number, part in enumerate(parts):
        text = "at,service,up\n" + "\n".join(part) + "\n"
        if number in (1, 2):
            os.rename(path, path + ".%d" % number)
            write(path, "")
        elif number == 3:
            write(path, "")
            report.hold(watch.wait(lambda w: "shorter" in w.said()), "a cut file is noticed")
        at = 0
        while at < len(text):
            step = rng.randint(1, 9000)
            write(path, text[at:at + step], "a")
            at += step
            time.sleep(0.002)
        taken += len(part)
        report.hold(watch.wait(lambda w: w.metric("source_rows_total", feed="probe") == taken),
                    "part %d of the file is taken" % number, watch.metric("source_rows_total", feed="probe"))
    report.hold(watch.json("/standing")["sources"][1]["ended"], "standard input has ended")
    report.hold(watch.stop() == 0, "SIGTERM ends it", watch.said())
    report.hold(is_beginning(lines(folder + "/grown.jsonl"), whole), "growing files decide the same")


def pushes(folder, report, whole):
    """Rows by HTTP, in CSV and JSON Lines, some twice, shuffled within the lateness."""
    rng = random.Random(3)
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push", "--ledger", folder + "/pushed.jsonl").ready()
    rows = facts.probes(1, MINUTES)
    tickets = facts.tickets(1, MINUTES)
    for at in range(0, len(rows), 2):  # the two services of a minute are two keys
        if at % 4 == 0 and rng.random() < 0.5:
            rows[at:at + 4] = rows[at + 2:at + 4] + rows[at:at + 2]
    report.hold(watch.ask("/feed/ticket", "\n".join(tickets), {"Idempotency-Key": "all"})[0] == 200, "tickets are taken")
    repeated = 0
    for at in range(0, len(rows), 500):
        body = "at,service,up\r\n" + "\r\n".join(rows[at:at + 500])
        for _ in range(rng.randint(1, 2)):
            status, text, _ = watch.ask("/feed/probe", body, {"Content-Type": "text/csv", "Idempotency-Key": "p%d" % at})
            answer = json.loads(text)
            repeated += "repeated" in answer
            report.hold(status == 200 and answer["rows"] == (0 if "repeated" in answer else len(rows[at:at + 500])),
                        "a push is answered with its counts", text)
    report.hold(repeated > 0 and watch.metric("source_repeated_total", feed="probe") == repeated,
                "what is sent twice is taken once")
    report.hold(is_beginning(lines(folder + "/pushed.jsonl"), whole), "pushes decide the same")
    late = json.loads(watch.ask("/feed/probe", rows and "at,service,up\n" + facts.probes(1, 1)[0] + "\n")[1])
    bad = json.loads(watch.ask("/feed/probe", '{"at":"2026-03-05T00:00:00Z","service":"hosting","up":"perhaps"}\n')[1])
    ahead = json.loads(watch.ask("/feed/probe", '{"at":"2099-01-01T00:00:00Z","service":"hosting","up":"1"}\n')[1])
    ago = json.loads(watch.ask("/feed/probe", '{"at":"1970-01-01T00:00:00Z","service":"hosting","up":"1"}\n')[1])
    report.hold(ago["bad"] == 1, "a row of 1970 is bad", ago)
    report.hold(late == {"rows": 0, "bad": 0, "late": 1, "skipped": 0}, "a late row is said to be late", late)
    report.hold(bad["bad"] == 1 and ahead["bad"] == 1, "rows that do not fit, or are from the future, are bad", (bad, ahead))
    watch.stop()


def stalled(report):
    """A source that says nothing holds everything back, which is said; faster ones wait when too much waits."""
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push", "--stall", "1s", "--pending", "1000").ready()
    rows = facts.probes(1, 1000)
    push = lambda at: watch.ask("/feed/probe", "at,service,up\n" + "\n".join(rows[at:at + 1000]) + "\n")
    report.hold(push(0)[0] == 200, "there is room for the first thousand")
    status, text, headers = push(1000)
    report.hold(status == 429 and "Retry-After" in headers, "then there is none", (status, text))
    report.hold(watch.wait(lambda w: w.metric("source_stalled", feed="ticket") == 1), "the silent source is in /metrics")
    report.hold(watch.wait(lambda w: w.json("/healthz")["status"] == "stalled"), "and in /healthz")
    source = watch.json("/standing")["sources"][1]
    report.hold(source["stalled"] and source["holds_back"], "and in /standing", source)
    report.hold("`ticket=push` has been silent" in watch.said(), "and is said", watch.said())
    ticket = '{"at":"2026-03-04T00:00:00Z","id":"T","event":"assigned","priority":"P1","service":"hosting","party":"NetCo"}'
    report.hold(watch.ask("/feed/ticket", ticket)[0] == 200, "the slow one may always go on")
    report.hold(push(1000)[0] == 200, "and makes room")
    report.hold(watch.wait(lambda w: "speaks again" in w.said()), "that it speaks again is said")
    watch.stop()


def complete(report):
    """Time passes by the clock on the wall where a source says that it is complete."""
    from datetime import datetime, timedelta, timezone
    now = datetime.now(timezone.utc)
    watch = Watch("--feed", "ticket=push", "--lateness", "0s", "--complete", "ticket").ready()
    opened = '{"at":"%s","id":"T1","event":"opened","priority":"P1","service":"hosting","party":"HostCo"}'
    watch.ask("/feed/ticket", opened % facts.text(now - timedelta(seconds=90)))
    report.hold(watch.wait(lambda w: (w.metric("watermark_seconds") or 0) > now.timestamp() + 1, 15),
                "the watermark follows the clock on the wall", watch.metric("watermark_seconds"))
    watch.stop()


def wall_clock_deadlines(folder, report):
    """A clock of seconds runs out and is decided with no further row, because its source says that it is complete."""
    from datetime import datetime, timezone
    text = open(harness.CLUB).read().replace("within 1h for P1, 4h for P2", "within 3s for P1, 4h for P2")
    write(folder + "/fast.ent", text)
    watch = Watch("--feed", "ticket=push", "--lateness", "0s", "--complete", "ticket", club=folder + "/fast.ent").ready()
    now = datetime.now(timezone.utc)
    opened = '{"at":"%s","id":"T1","event":"opened","priority":"P1","service":"hosting","party":"HostCo"}'
    report.hold(watch.ask("/feed/ticket", opened % facts.text(now))[0] == 200, "a ticket is opened")
    over = lambda w: [row for row in w.json("/standing")["at_risk"] if row.get("subject") == {"id": "T1"} and row["over"]]
    report.hold(watch.wait(over), "its clock is over though nothing more came", watch.json("/standing")["at_risk"])
    row = over(watch)
    report.hold(row and float(row[0]["left"]) < 0 and row[0]["holder"] == "HostCo", "with whom, and by how much", row)
    found = lambda w: [d for d in w.json("/decisions?limit=1000")["decisions"] if d["kind"] == "run_out"]
    report.hold(watch.wait(found, 90), "and at the next minute that stands in the ledger", watch.said())
    report.hold(watch.metric("source_rows_total") == 1, "of one row")
    watch.stop()


def quiet(folder, report):
    """While nothing waits, time that passes is no entry of the journal but at whole minutes; it is seen all the same."""
    from datetime import datetime, timezone
    text = open(harness.CLUB).read().replace("within 1h for P1, 4h for P2", "within 3s for P1, 4h for P2")
    write(folder + "/quiet.ent", text)
    watch = Watch("--feed", "ticket=push", "--lateness", "0s", "--complete", "ticket", "--stall", "3s", "--state",
                  folder + "/quiet", club=folder + "/quiet.ent").ready()
    while datetime.now(timezone.utc).second > 45:
        time.sleep(0.5)  # a minute's end within the few seconds that are looked at would be one entry more
    opened = '{"at":"%s","id":"T1","event":"opened","priority":"P1","service":"hosting","party":"HostCo"}'
    watch.ask("/feed/ticket", opened % facts.text(datetime.now(timezone.utc)))
    over = lambda w: [row for row in w.json("/standing")["at_risk"] if row.get("subject") == {"id": "T1"} and row["over"]]
    report.hold(watch.wait(lambda w: w.metric("pending_rows") == 0) and watch.wait(over), "a row is taken in")
    size, seen, left = watch.metric("journal_bytes"), watch.metric("watermark_seconds"), []
    for _ in range(5):
        left.append(float(over(watch)[0]["left"]))
        time.sleep(1.05)
    report.hold(watch.metric("journal_bytes") == size, "the journal does not grow", watch.metric("journal_bytes") - size)
    report.hold(watch.metric("watermark_seconds") >= seen + 4, "but time passes", watch.metric("watermark_seconds") - seen)
    report.hold(left == sorted(left, reverse=True) and left[0] - left[-1] >= 3, "and the clock runs", left)
    report.hold(watch.metric("source_stalled", feed="ticket") == 0, "nor is the source stalled")
    late = opened.replace("T1", "T2") % facts.text(datetime.now(timezone.utc))
    report.hold(watch.json("/standing")["sources"][0]["late"] == 0 and watch.ask("/feed/ticket", late)[0] == 200 and
                watch.wait(lambda w: w.metric("pending_rows") == 0), "a row that waits moves the watermark at once")
    report.hold(watch.wait(lambda w: w.metric("journal_bytes") > size), "which stands in the journal")
    watch.stop()


def duplicated_and_reordered(folder, report, whole):
    """Deliveries come twice, late, and out of order within the lateness, over kills: the ledger is the same."""
    rng = random.Random(9)
    given = ["--feed", "probe=push", "--feed", "ticket=push", "--state", folder + "/shuffled", "--checkpoint", "100ms",
             "--lateness", "probe=30m"]
    rows, tickets = facts.probes(1, MINUTES), facts.tickets(1, MINUTES)
    bodies = [(n, "at,service,up\n" + "\n".join(rows[at:at + 20]) + "\n") for n, at in enumerate(range(0, len(rows), 20))]
    for at in range(0, len(bodies) - 1, 2):  # ten minutes each: the second of two may come first
        if rng.random() < 0.5:
            bodies[at], bodies[at + 1] = bodies[at + 1], bodies[at]
    watch = Watch(*given).ready()
    watch.ask("/feed/ticket", "\n".join(tickets), {"Idempotency-Key": "all"})
    done, repeated, late = [], 0, 0
    for number, (name, body) in enumerate(bodies):
        for key, text in [(name, body)] + ([rng.choice(done)] if done and rng.random() < 0.4 else []):
            answer = json.loads(watch.ask("/feed/probe", text, {"Idempotency-Key": "b%d" % key})[1])
            repeated += answer.get("repeated", False)
            late += answer["late"]
        done.append((name, body))
        if number % 40 == 39:
            watch.kill()
            watch = Watch(*given).ready()
    report.hold(repeated > 20 and late == 0, "what comes again is known, also after a kill", (repeated, late))
    # who pushes anew what was taken, under another name, is late and not counted twice
    before = watch.metric("ledger_lines")
    answer = json.loads(watch.ask("/feed/probe", bodies[0][1], {"Idempotency-Key": "another"})[1])
    report.hold(answer["late"] == 20 and answer["rows"] == 0 and watch.metric("ledger_lines") == before, "else it is late", answer)
    report.hold(watch.stop() == 0, "it ends well")
    report.hold(is_beginning(lines(folder + "/shuffled/ledger.jsonl"), whole), "the lines are those of an ordered run")


def calls_c(folder, report):
    """`extern fn` is called as `run` calls it, and only with --allow-extern; also by a version taken over."""
    text = open(harness.CLUB).read() + """
extern fn root(x: number) -> number from "libm.so.6" symbol "cbrt"
"""
    text = text.replace("where up and service == hosting at least 99.9%", "where up and root(27) == 3 and service == hosting at least 99.9%")
    write(folder + "/extern.ent", text)
    write(folder + "/extern.csv", "at,service,up\n" + "\n".join(facts.probes(1, MINUTES)) + "\n")
    given = ["--feed", "probe=%s/extern.csv" % folder]
    refused = Watch(*given, club=folder + "/extern.ent", listen=False)
    report.hold(refused.process.wait(30) == 2 and "--allow-extern LIB" in refused.said(), "it must be allowed", refused.said())
    allowed = ["--allow-extern", "libm.so.6"]
    run("run", folder + "/extern.ent", *given, *allowed, "--ledger", folder + "/extern-run.jsonl")
    watch = Watch(*given, *allowed, "--until-end", "--ledger", folder + "/extern.jsonl", club=folder + "/extern.ent", listen=False)
    report.hold(watch.process.wait(60) == 0, "and then is", watch.said())
    decided = lambda path: [line.split(",", 1)[1] for line in lines(path) if '"status"' in line]
    report.hold(decided(folder + "/extern.jsonl") == decided(folder + "/extern-run.jsonl") and
                len(decided(folder + "/extern.jsonl")) > 3, "with the decisions of `run`")


def main():
    harness.ENTENTE = sys.argv[1] if len(sys.argv) > 1 else "build/entente"
    report = harness.Report()
    with harness.folder() as folder:
        whole = finals(batch(folder, report))
        growing(folder, report, whole)
        pushes(folder, report, whole)
        stalled(report)
        complete(report)
        calls_c(folder, report)
        wall_clock_deadlines(folder, report)
        quiet(folder, report)
        duplicated_and_reordered(folder, report, whole)
    report.close()


if __name__ == "__main__":
    main()
