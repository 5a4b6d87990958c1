"""Prometheus, new versions taken over live, and the page in a browser.

    python3 tests/watch/live.py build/entente [--pictures FOLDER]"""
import argparse
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import facts
import harness
from harness import Receiver, Watch, free_port, lines, run, write

METRICS_CLUB = """
framework F version 1 effective from 2026-01-01 timezone "UTC" currency GBP
{ client Acme  integrator Hermes  provider HostCo  service web by HostCo }
feed probe sampled every 1s { at instant  service text key  up bool }
bind probe from prometheus query %s sampled every 1s
  at = time
  service = instance
  up = value
sla S version 1 under F between HostCo and Acme effective from 2026-01-01
{ charge GBP 1000.00 per month
  objective up "Up" share of probe where up at least 99.9%% each day missing counts as down
}
"""


def scraping(folder, report):
    target = Receiver()
    target.text = ('# HELP probe_up x\nother 5\nprobe_up{instance="a\\"b",job="x"} 1\n'
                   'probe_up{instance="c",job="y"} 0 \nprobe_up{instance="d",job="x"} NaN\n')
    club = folder + "/scrape.ent"
    write(club, METRICS_CLUB % '"probe_up{job=\\"x\\"}"')
    watch = Watch("--feed", "probe=scrape+http://127.0.0.1:%d/metrics" % target.port, club=club).ready()
    report.hold(watch.wait(lambda w: (w.metric("source_rows_total") or 0) >= 2), "an endpoint is scraped", watch.said())
    report.hold(watch.metric("source_bad_rows_total") == 0, "and only what is selected is read")
    target.status = 500
    report.hold(watch.wait(lambda w: w.metric("source_up") == 0), "an endpoint that fails is told")
    target.status = 200
    report.hold(watch.wait(lambda w: w.metric("source_up") == 1), "and when it is back")
    report.hold(watch.stop() == 0, "it ends well")
    target.stop()


def history(folder, report):
    """Without --from the first query asks for the windows in hand, and what comes later goes on where it ended."""
    target = Receiver()
    target.text = '{"status":"success","data":{"resultType":"matrix","result":[]}}'
    club = folder + "/history.ent"
    write(club, (METRICS_CLUB % '"max by (instance) (probe_up)"').replace("each day", "each month"))
    watch = Watch("--feed", "probe=prometheus+http://127.0.0.1:%d" % target.port, "--lateness", "0s", club=club).ready()
    report.hold(watch.wait(lambda w: len(target.got) >= 500 or w.metric("watermark_seconds") > time.time() - 5, 60),
                "it asks until it is up to date")
    asked = [{k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).items()}
             for path, _, _ in list(target.got)]
    now = datetime.now(timezone.utc)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
    report.hold(asked[0]["query"] == "max by (instance) (probe_up)" and asked[0]["step"] == "1.000", "PromQL of the bind")
    report.hold(float(asked[0]["start"]) == month, "from the begin of the month", asked[0])
    gaps = [float(b["start"]) - float(a["end"]) for a, b in zip(asked, asked[1:])]
    report.hold(all(gap == 1 for gap in gaps), "no instant is asked for twice, and none is left out", gaps[:5])
    target.text = '{"status":"error","errorType":"bad_data","error":"parse error"}'
    target.status = 400
    report.hold(watch.wait(lambda w: "parse error" in w.said()), "what Prometheus says is said", watch.said())
    report.hold(watch.stop() == 0, "it ends well")
    target.stop()


def prometheus(folder, report):
    """A real server: history by a range query, then polling, a pause of the server, and a restart in between."""
    if not shutil.which("prometheus"):
        print("(no Prometheus here)")
        return
    target = Receiver()
    target.text = 'probe_up{name="web"} 1\n'
    port = free_port()
    write(folder + "/p.yml", "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: x\n  static_configs: "
                             "[{targets: ['127.0.0.1:%d']}]\n" % target.port)

    def start():
        return subprocess.Popen(
            ["prometheus", "--config.file=" + folder + "/p.yml", "--storage.tsdb.path=" + folder + "/tsdb",
             "--web.listen-address=127.0.0.1:%d" % port, "--log.level=error", "--web.enable-remote-write-receiver"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    server = start()
    club = folder + "/prom.ent"
    write(club, METRICS_CLUB % '"max by (instance) (probe_up)"')
    begun = datetime.now(timezone.utc)
    time.sleep(3)
    arguments = ["--feed", "probe=prometheus+http://127.0.0.1:%d" % port, "--state", folder + "/prom",
                 "--lateness", "1s", "--checkpoint", "1s", "--from", facts.text(begun)]
    watch = Watch(*arguments, club=club).ready()
    try:
        taken = lambda n: lambda w: (w.metric("source_rows_total") or 0) >= n
        report.hold(watch.wait(taken(4)), "Prometheus is asked", watch.said())
        watch.kill()
        time.sleep(2)
        watch = Watch(*arguments, club=club).ready()
        before = watch.metric("source_rows_total")
        report.hold(watch.wait(taken(before + 4)), "after a kill it goes on asking")
        server.terminate()
        server.wait()
        report.hold(watch.wait(lambda w: w.metric("source_up") == 0), "a server that is gone is told", watch.said())
        server = start()
        back = watch.metric("source_rows_total")
        report.hold(watch.wait(taken(back + 3), 30), "and asked again when it is back", watch.said())
        moved = watch.json("/standing")
        rows = moved["sources"][0]["rows"]
        seconds = (datetime.fromisoformat(moved["sources"][0]["newest"].replace("Z", "+00:00").split(".")[0].rstrip("Z")
                                          .replace("+00:00", "") + "+00:00") - begun).total_seconds()
        report.hold(rows <= seconds + 2, "no sample is taken twice", (rows, seconds))
    finally:
        server.terminate()
        server.wait()
        target.stop()
        report.hold(watch.stop() == 0, "it ends well", watch.said())


def snappy(data):
    """The simplest snappy there is: literals."""
    out = bytearray()
    n = len(data)
    while True:
        out.append((n & 0x7f) | (0x80 if n > 0x7f else 0))
        n >>= 7
        if not n:
            break
    for at in range(0, len(data), 60):
        part = data[at:at + 60]
        out.append((len(part) - 1) << 2)
        out += part
    return bytes(out)


def field(number, kind, value):
    def varint(v):
        out = bytearray()
        while True:
            out.append((v & 0x7f) | (0x80 if v > 0x7f else 0))
            v >>= 7
            if not v:
                return bytes(out)
    head = varint(number << 3 | kind)
    return head + (value if kind == 1 else varint(value) if kind == 0 else varint(len(value)) + value)


def remote_write(folder, report):
    club = folder + "/remote.ent"
    write(club, METRICS_CLUB % '"probe_up"')
    watch = Watch("--feed", "probe=remote-write", club=club).ready()
    begin = 1772400000000

    def series(name, instance, samples):
        labels = b"".join(field(1, 2, field(1, 2, k) + field(2, 2, v))
                          for k, v in ((b"__name__", name), (b"instance", instance)))
        return field(1, 2, labels + b"".join(
            field(2, 2, field(1, 1, struct.pack("<d", v)) + field(2, 0, t)) for t, v in samples))

    message = (series(b"probe_up", b"web", [(begin + 1000 * i, 1.0) for i in range(100)]) +
               series(b"probe_up", b"other", [(begin + 1000 * i, 0.0) for i in range(100)]) +
               series(b"other", b"web", [(begin, 7.0)]) + series(b"probe_up", b"dead", [(begin + 99000, float("nan"))]))
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    report.hold(watch.ask("/api/v1/write", snappy(message), headers)[0] == 204, "remote write is taken")
    report.hold(watch.ask("/api/v1/write", snappy(message), headers)[0] == 204, "twice")
    source = watch.json("/standing")["sources"][0]
    report.hold((source["rows"], source["bad"], source["late"], source["repeated"]) == (200, 0, 0, 1), "and once", source)
    watch.stop()


AMENDMENT = """
amendment Stricter "Stricter" to HostingSLA version 2 effective from 2026-04-01
{
  replace duty restore "4.3 Restoration"
    HostCo must ticket.resolved
    when ticket.opened where service == hosting
    within 30m for P1, 1h for P2
    pausing during hold
    warn at 50%
}
"""


def takeover(folder, report):
    """An amendment with SIGHUP: the past stands, the future is decided by the new terms, and nothing is lost."""
    club = folder + "/club.ent"
    text = open(harness.CLUB).read()
    write(club, text)
    probes, tickets = facts.probes(1, 1500), facts.tickets(1, 1500)
    begin = datetime(2026, 4, 2, tzinfo=timezone.utc)
    later, more = facts.probes(5, 1500, begin), facts.tickets(5, 1500, begin)
    more = [row.replace('"INC', '"NEW') for row in more]

    def deliver(watch, rows, objects, key):
        watch.ask("/feed/probe", "at,service,up\n" + "\n".join(rows) + "\n", {"Idempotency-Key": key})
        watch.ask("/feed/ticket", "\n".join(objects) + "\n", {"Idempotency-Key": key})

    def arguments(name):
        return ["--feed", "probe=push", "--feed", "ticket=push", "--state", folder + "/" + name, "--checkpoint", "1s"]

    watch = Watch(*arguments("live"), club=club).ready()
    deliver(watch, probes, tickets, "1")
    half = lines(folder + "/live/ledger.jsonl")
    write(club, text.replace("within 1h for P1", "within 20m for P1"))
    watch.process.send_signal(signal.SIGHUP)
    report.hold(watch.wait(lambda w: "is not taken over" in w.said()), "what changes the past is refused", watch.said())
    write(club, text + "sla broken {")
    watch.process.send_signal(signal.SIGHUP)
    report.hold(watch.wait(lambda w: "has errors" in w.said()), "a version with errors is refused")
    write(club, text + AMENDMENT)
    watch.process.send_signal(signal.SIGHUP)
    report.hold(watch.wait(lambda w: w.metric("takeovers_total") == 1), "an amendment is taken over", watch.said())
    report.hold(lines(folder + "/live/ledger.jsonl")[:len(half)] == half, "the past stands")
    deliver(watch, later[:1000], more[:20], "2")
    watch.kill()
    watch = Watch(*arguments("live"), club=club).ready()
    deliver(watch, later[:1000], more[:20], "2")
    deliver(watch, later[1000:], more[20:], "3")
    watch.stop()
    fresh = Watch(*arguments("fresh"), club=club).ready()
    deliver(fresh, probes, tickets, "1")
    deliver(fresh, later, more, "2")
    fresh.stop()

    def bare(name):
        return [re.sub(r'^{"seq":\d+|"source":{[^}]*}', "", line) for line in lines(folder + "/" + name + "/ledger.jsonl")
                if '"kind":"program"' not in line]
    report.hold(bare("live") == bare("fresh") and len(bare("live")) > 80, "as if it had been there from the first",
                (len(bare("live")), len(bare("fresh"))))
    report.hold(run("ledger", "verify", folder + "/live/ledger.jsonl").returncode == 0, "the chain is whole")
    # the same at a restart
    write(club, text)
    watch = Watch(*arguments("again"), club=club).ready()
    deliver(watch, probes, tickets, "1")
    watch.stop()
    write(club, text + AMENDMENT)
    watch = Watch(*arguments("again"), club=club).ready()
    report.hold("taken up" in watch.said(), "a restart takes a new version up as well", watch.said())
    deliver(watch, later, more, "2")
    watch.stop()
    report.hold(bare("again") == bare("fresh"), "with the same decisions")


def metrics(report):
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push").ready()
    text = watch.ask("/metrics")[1]
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        report.hold(checked.returncode == 0, "promtool takes /metrics", checked.stderr + checked.stdout)
    names = set(re.findall(r"entente_(\w+)", text.decode()))
    page = open("docs/operations.md").read()
    missing = [name for name in re.findall(r"^METRIC\((\w+)", open("compiler/watch/metrics.def").read(), re.M)
               if "entente_" + name not in page]
    report.hold(not missing and "pending_rows" in names, "docs/operations.md tells of every metric", missing)
    watch.stop()


# The least contrast of any text with what lies behind it, as WCAG 2 reckons it; 4.5 is what it asks for.
CONTRAST = """(() => {
  const light = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (c) => 0.2126 * light(c[0]) + 0.7152 * light(c[1]) + 0.0722 * light(c[2]);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let least = 99;
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.offsetParent) continue;
    const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(behind(e))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})()"""
# What has no name for who cannot see it, and what is too small for a finger.
NAMELESS = """[...document.querySelectorAll("select, button, summary, a")].filter((e) => e.offsetParent &&
  !(e.labels && e.labels.length) && !e.textContent.trim() || (e.offsetParent && e.tagName !== "A" && e.offsetHeight < 36)).length"""


def browser(folder, report, pictures):
    if not shutil.which("chromium"):
        print("(no Chromium here)")
        return
    from browser import Browser
    club = folder + "/page.ent"
    text = open(harness.CLUB).read()
    write(club, text.replace('"Hosting services agreement"', '"<script>alert(1)</script> & <b>hosting</b>"'))
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push", "--stall", "2s", club=club).ready()
    watch.ask("/feed/probe", "at,service,up\n" + "\n".join(facts.probes(1, 1500)) + "\n")
    tickets = facts.tickets(1, 1500)
    tickets.append('{"at":"2026-03-03T01:30:00Z","id":"<img src=x onerror=alert(2)>","event":"opened","priority":"P1",'
                   '"service":"hosting","party":"HostCo"}')
    watch.ask("/feed/ticket", "\n".join(sorted(tickets)) + "\n")
    tab = Browser()
    try:
        for name, width, phone, dark in (("phone", 390, True, False), ("desktop", 1280, False, False),
                                         ("dark", 1280, False, True)):
            tab.open("http://127.0.0.1:%d/" % watch.port, width, 844, phone, dark)
            report.hold(tab.wait("document.querySelectorAll('#decisions details').length > 10"), "decisions are shown: " + name)
            report.hold(tab.ask("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen: " + name)
            report.hold(tab.ask("document.querySelectorAll('#agreements article').length") == 3, "a card for each agreement")
            report.hold("<script>alert(1)</script>" in tab.ask("document.getElementById('agreements').textContent"),
                        "markup is shown as text")
            report.hold(tab.ask("document.querySelectorAll('main script, main img, main b').length") == 0, "and is none")
            report.hold(tab.ask("document.querySelectorAll('#risk .row').length") > 0, "what is at risk is shown")
            tab.ask("document.querySelector('#decisions details summary').click()")
            report.hold(tab.wait("document.querySelectorAll('#decisions dl').length == 1"), "a decision explains itself")
            report.hold(tab.ask(CONTRAST) >= 4.5, "what is written can be read: " + name, tab.ask(CONTRAST))
            report.hold(tab.ask(NAMELESS) == 0, "everything that can be used has a name, and is as large as a finger")
            if pictures:
                tab.picture(os.path.join(pictures, name + ".png"))
        report.hold(tab.wait("document.querySelectorAll('#alerts .alert').length == 2"), "silent sources are told")
        before = tab.ask("document.querySelectorAll('#decisions details').length")
        rows = facts.probes(2, 600, facts.BEGIN + timedelta(minutes=1500))
        watch.ask("/feed/probe", "at,service,up\n" + "\n".join(rows) + "\n")
        more = [row.replace('"INC', '"LATER') for row in facts.tickets(2, 600, facts.BEGIN + timedelta(minutes=1500))]
        watch.ask("/feed/ticket", "\n".join(more) + "\n")
        report.hold(tab.wait("document.querySelectorAll('#decisions details').length > %d" % before), "new ones arrive by themselves")
        tab.ask("(s => { s.value = 'NetCo'; s.dispatchEvent(new Event('change')); })(document.getElementById('party'))")
        report.hold(tab.wait("[...document.querySelectorAll('#decisions details')].length > 0 && "
                             "![...document.querySelectorAll('#decisions summary')].some(e => e.textContent.includes('met'))"),
                    "decisions by party")
        shown = "[...document.querySelectorAll('#agreements article p')].map(e => e.textContent).filter(t => t.includes(' to '))"
        report.hold(tab.wait(shown + ".length == 2 && " + shown + ".every(t => t.includes('NetCo'))"), "agreements by party",
                    tab.ask(shown))
        tab.ask("(s => { s.value = ''; s.dispatchEvent(new Event('change')); })(document.getElementById('party'))")
        tab.ask("(s => { s.value = 'warnings'; s.dispatchEvent(new Event('change')); })(document.getElementById('status'))")
        badges = "[...document.querySelectorAll('#decisions .badge')].map(e => e.textContent)"
        report.hold(tab.wait(badges + ".length > 0 && " + badges + ".every(t => ['warning', 'run out', 'budget low'].includes(t))"),
                    "warnings by themselves", tab.ask(badges))
        # by keyboard: a summary takes the focus, and what is asked again every few seconds does not take it away
        tab.ask("document.querySelector('#decisions summary').focus()")
        tab.call("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
                                            "text": "\r"})
        report.hold(tab.wait("document.querySelector('#decisions details').open"), "the keyboard opens a decision")
        before = tab.ask("(window.card = document.querySelector('#agreements article')) && performance.now()")
        report.hold(tab.wait("performance.now() > %d && document.getElementById('state').textContent" % (before + 6000)) and
                    tab.ask("document.activeElement.tagName === 'SUMMARY' && window.card.isConnected"),
                    "what has not changed is not drawn again")
        report.hold(not tab.errors, "no error in the browser", tab.errors)
    finally:
        tab.close()
        watch.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("entente", nargs="?", default="build/entente")
    parser.add_argument("--pictures")
    options = parser.parse_args()
    harness.ENTENTE = options.entente
    report = harness.Report()
    with harness.folder() as folder:
        scraping(folder, report)
        history(folder, report)
        prometheus(folder, report)
        remote_write(folder, report)
        takeover(folder, report)
        metrics(report)
        browser(folder, report, options.pictures)
    report.close()


if __name__ == "__main__":
    main()
