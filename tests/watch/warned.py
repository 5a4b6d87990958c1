"""Warnings while something can still be done: as lines of the ledger, as signed webhooks, and explained.

    python3 tests/watch/warned.py build/entente"""
import hashlib
import hmac
import json
import os
import re
import sys

import ed25519
import facts
import harness
from harness import Receiver, Watch, run, write

CLUB = open(harness.CLUB).read().replace(
    "    missing counts as down\n", "    missing counts as down\n    warn when budget below 50%\n", 1)
WANTED = re.compile(r'"status":"breach"|"kind":"(warning|run_out|budget)"')


def push_all(watch, minutes):
    watch.ask("/feed/probe", "at,service,up\n" + "\n".join(facts.probes(1, minutes)) + "\n", {"Idempotency-Key": "p"})
    return watch.ask("/feed/ticket", "\n".join(facts.tickets(1, minutes)) + "\n", {"Idempotency-Key": "t"})


def arguments(folder, port, key):
    return ["--feed", "probe=push", "--feed", "ticket=push", "--state", folder + "/state", "--checkpoint", "1s",
            "--webhook", "http://127.0.0.1:%d/in" % port, "--webhook-key", key]


def budgets(path, report):
    """A budget line comes when less is left than the clause says, once a window, and its figures add up."""
    lines = [json.loads(line) for line in open(path)]
    found = [line for line in lines if line.get("kind") == "budget"]
    report.hold(len(found) >= 2, "budgets are warned of", len(found))
    windows = [(line["clause"], line["window"]["from"]) for line in found]
    report.hold(len(set(windows)) == len(windows), "once a window", windows)
    for line in found:
        # 1,440 samples a day, of which 0.1 per cent may be bad
        left, allowed = float(line["left"]), float(line["allowed"])
        down = sum(1 for row in facts.probes(1, 3000)
                   if row.split(",")[1:] == ["hosting", "0"] and line["window"]["from"] <= row.split(",")[0] < line["at"])
        report.hold(allowed == 1.44 and line["unit"] == "samples" and left < allowed / 2 and
                    abs(left - (allowed - down)) < 1e-9, "what is left of the budget", (line, down))
        report.hold(line["at"].endswith(":00:00Z") and "burn_rate" in line and "gone" in line, "when it will be gone")
        report.hold(not [other for other in lines[line["seq"] + 1:] if other.get("seq", 0) <= line["seq"]], "in its place")
    return found


def ledger_wanted(path):
    return [line.rstrip("\n") for line in open(path) if WANTED.search(line)]


def signed(kind, public, headers, body):
    message = headers["Entente-Timestamp"].encode() + b"." + body
    signature = headers["Entente-Signature"]
    if kind == "hmac":
        return signature == "hmac-sha256=" + hmac.new(b"a secret", message, hashlib.sha256).hexdigest()
    return (signature.startswith("ed25519=") and headers["Entente-Key"] == public and
            ed25519.verify(bytes.fromhex(public), message, bytes.fromhex(signature[8:])))


def hooks(folder, kind, report):
    """Refused, then 500, then killed in the middle: every line is posted at least once, in order, and is signed."""
    # the first test vector of RFC 8032 says which key belongs to the seed
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    club, key = folder + "/club.ent", folder + "/key"
    write(club, CLUB)
    write(key, "a secret\n" if kind == "hmac" else "ed25519:" + seed + "\n")
    port = harness.free_port()
    given = arguments(folder, port, key)
    watch = Watch(*given, club=club).ready()
    push_all(watch, 3000)
    report.hold(watch.wait(lambda w: (w.metric("webhook_failed_total") or 0) >= 1), "a hook that is not there is told")
    hook = Receiver(port)
    hook.status = 500
    report.hold(watch.wait(lambda w: len(hook.got) >= 1), "and asked again when it is")
    hook.status = 200
    ledger = folder + "/state/ledger.jsonl"
    for part in (3, 8, 20):  # killed while deliveries are on their way
        watch.wait(lambda w: len(hook.accepted) >= part)
        watch.kill()
        watch = Watch(*given, club=club).ready()
    report.hold(watch.wait(lambda w: w.metric("webhook_backlog_lines") == 0), "everything is delivered", watch.said())
    report.hold(watch.stop() == 0, "it ends well")
    hook.stop()
    wanted = ledger_wanted(ledger)
    delivered = []
    for _, headers, body in hook.accepted:
        report.hold(signed(kind, public, headers, body), "what is posted is signed: " + kind, headers)
        line = json.loads(body)
        report.hold(int(headers["Entente-Line"]) == line["seq"], "its number")
        if body.decode() not in delivered:
            delivered.append(body.decode())
    report.hold(delivered == wanted and len(wanted) > 20, "every warning, budget and breach is posted, in order",
                (len(delivered), len(wanted)))
    report.hold(len(hook.accepted) <= len(wanted) + 3, "and again only where the watch was killed")
    report.hold(not signed(kind, public, dict(hook.accepted[0][1]), hook.accepted[1][2]), "of nothing else")
    return ledger


def explained(ledger, club, report):
    """`entente explain` on lines that decide nothing."""
    lines = [json.loads(line) for line in open(ledger)]
    words = {"warning": ("WARNING: 4.3 Restoration", "It is due at", "were left", "warn at 75%"),
             "run_out": ("RUN OUT", "It was due at", "within"),
             "budget": ("BUDGET LOW: 4.1 Availability", "1.44 samples may be bad", "burn rate", "budget below 50%")}
    for kind, expected in words.items():
        line = next(one for one in lines if one.get("kind") == kind)
        page = run("explain", ledger, str(line["seq"]), club)
        report.hold(page.returncode == 0 and all(word in page.stdout for word in expected), "a page for " + kind,
                    page.stdout + page.stderr)
        report.hold("WHAT CAME OF IT" in page.stdout and re.search(r"(BREACH|MET): decision \d+", page.stdout),
                    "what came of it", page.stdout)
        report.hold(all(len(row) <= 92 for row in page.stdout.splitlines()), "no wider than a page")
        tree = json.loads(run("explain", ledger, str(line["seq"]), club, "--format", "json").stdout)
        came = lines[tree["came_of_it"]["decision"]]
        report.hold(tree["kind"] == kind and came["clause"] == line["clause"] and came["status"] == tree["came_of_it"]["status"]
                    and came.get("subject") == line.get("subject"), "and as JSON", tree)


def main():
    harness.ENTENTE = sys.argv[1] if len(sys.argv) > 1 else "build/entente"
    report = harness.Report()
    with harness.folder() as folder:
        for kind in ("hmac", "ed25519"):
            os.mkdir(os.path.join(folder, kind))
            ledger = hooks(os.path.join(folder, kind), kind, report)
        budgets(ledger, report)
        explained(ledger, os.path.join(folder, kind, "club.ent"), report)
    report.close()


if __name__ == "__main__":
    main()
