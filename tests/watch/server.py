"""The server: who may do what, pages of decisions, streams that go on, and what clients must not be able to do.

    python3 tests/watch/server.py build/entente"""
import base64
import http.client
import json
import os
import random
import re
import resource
import socket
import sys
import threading
import time

import facts
import harness
from harness import Watch, lines, write

MINUTES = 1500


def fill(watch):
    watch.ask("/feed/probe", "at,service,up\n" + "\n".join(facts.probes(1, MINUTES)) + "\n")
    watch.ask("/feed/ticket", "\n".join(facts.tickets(1, MINUTES)) + "\n")


def tokens(folder, report):
    """Without a token nobody pushes or looks; the one for looking does not push; /healthz is open."""
    write(folder + "/push", "push me\n")
    write(folder + "/view", "look at me\n")
    body = "at,service,up\n" + facts.probes(1, 1)[0] + "\n"
    bearer = lambda text: {"Authorization": "Bearer " + text}
    password = lambda text: {"Authorization": "Basic " + base64.b64encode(b"anybody:" + text.encode()).decode()}
    wrong = ({}, bearer(""), bearer("push m"), bearer("push me "), bearer("push me2"), password("push"),
             {"Authorization": "push me"}, {"Authorization": "Basic !!"}, {"Authorization": "Basic " + "QQ==" * 3000})
    pages = ("/", "/page.js", "/standing", "/decisions", "/metrics", "/nothing")
    for view in (False, True):
        watch = Watch("--feed", "probe=push", "--feed", "ticket=remote-write", "--token", folder + "/push",
                      *(["--view-token", folder + "/view"] if view else [])).ready()
        for headers in wrong + (() if view else (bearer("look at me"),)):
            report.hold(watch.ask("/feed/probe", body, headers)[0] == 401, "no push without the token", headers)
            report.hold(watch.ask("/api/v1/write", b"x", headers)[0] == 401, "and no remote write")
            report.hold({watch.ask(page, None, headers)[0] for page in pages} == {401}, "nor a page", headers)
            report.hold(watch.ask("/healthz", None, headers)[0] == 200, "but how it is is open")
        report.hold("Basic" in watch.ask("/")[2].get("WWW-Authenticate", ""), "a browser is told to ask")
        report.hold(watch.ask("/feed/probe", body, bearer("push me"))[0] == 200, "a push with it")
        report.hold(watch.ask("/feed/probe", body, password("push me"))[0] == 401, "but not as password: browsers send it unasked")
        for headers in (bearer("push me"), password("push me")) + ((bearer("look at me"), password("look at me")) if view else ()):
            report.hold([watch.ask(page, None, headers)[0] for page in pages] == [200] * 5 + [404], "who may, looks", headers)
        if view:
            report.hold(watch.ask("/feed/probe", body, bearer("look at me"))[0] == 401, "who may look may not push")
        report.hold(watch.stop() == 0, "it ends well")
    write(folder + "/empty", "\n")
    for name, status in (("empty", 2), ("missing", 4)):
        watch = Watch("--feed", "probe=push", "--token", folder + "/" + name)
        report.hold(watch.process.wait(20) == status and "token" in watch.said(), "a token that is none", watch.said())


def pages(folder, report):
    """/decisions, page by page in both directions and with filters, is the ledger."""
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push", "--ledger", folder + "/pages.jsonl").ready()
    fill(watch)
    whole = [json.loads(line) for line in open(folder + "/pages.jsonl")][1:]
    report.hold(len(whole) > 60, "there is something to page", len(whole))

    def walk(first, go_on):
        found, query = [], first
        for _ in range(1000):
            page = watch.json("/decisions?" + query)
            found += page["decisions"]
            report.hold(page["total"] == len(whole), "how many there are")
            if "next" not in page:
                return found
            query = first + "&%s=%d" % (go_on, page["next"])
        return None

    for limit in (1, 7, len(whole), 5000):
        report.hold(walk("limit=%d" % limit, "after") == whole, "oldest first, %d a page" % limit)
        report.hold(walk("newest=1&limit=%d" % limit, "before") == whole[::-1], "newest first, %d a page" % limit)
    filters = {"agreement=HostingSLA": lambda d: d["agreement"] == "HostingSLA",
               "clause=restore": lambda d: d["clause"] == "restore",
               "status=breach": lambda d: d.get("status") == "breach",
               "status=": lambda d: "status" not in d,
               "kind=warning": lambda d: d["kind"] == "warning",
               "party=NetCo": lambda d: "NetCo" in [d.get("accountable", {}).get("party")] +
               [p["party"] for p in d.get("responsible", [])],
               "clause=restore&status=breach&party=HostCo": lambda d: d["clause"] == "restore" and
               d.get("status") == "breach" and
               "HostCo" in [d["accountable"]["party"]] + [p["party"] for p in d.get("responsible", [])],
               "clause=nothing": lambda d: False}
    for query, fits in filters.items():
        expected = [d for d in whole if fits(d)]
        report.hold(walk(query + "&limit=3", "after") == expected, query, len(expected))
        report.hold(walk(query + "&newest=1&limit=3", "before") == expected[::-1], query + ", newest first")
    for odd in ("after=-1", "after=999999999", "limit=0", "limit=x", "before=99999999999999999999&newest=1", "after=%00"):
        status, body, _ = watch.ask("/decisions?" + odd)
        report.hold(status == 200 and "decisions" in json.loads(body), "odd questions are answered: " + odd)
    watch.stop()


class Stream:
    """A client that is told decisions as they come."""

    def __init__(self, watch, last=None, query=""):
        self.socket = socket.create_connection(("127.0.0.1", watch.port), timeout=30)
        request = "GET /decisions%s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n" % query
        request += "Last-Event-ID: %d\r\n" % last if last is not None else ""
        self.socket.sendall((request + "\r\n").encode())
        self.raw = b""

    def events(self, n, seconds=30):
        """At least n events, or what came until the other side went: [(id, line)]"""
        deadline = time.time() + seconds
        while len(self.found()) < n and time.time() < deadline:
            try:
                self.socket.settimeout(max(0.01, deadline - time.time()))
                got = self.socket.recv(65536)
            except OSError:
                break
            if not got:
                break
            self.raw += got
        return self.found()

    def found(self):
        _, _, rest = self.raw.partition(b"\r\n\r\n")
        body = b""
        while b"\r\n" in rest:  # chunks
            size, _, rest = rest.partition(b"\r\n")
            body += rest[:int(size, 16)]
            rest = rest[int(size, 16) + 2:]
        out = []
        for event in body.split(b"\n\n")[:-1]:
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
            if b"id" in fields:
                out.append((int(fields[b"id"]), fields[b"data"].decode()))
        return out

    def close(self):
        self.socket.close()


def streams(folder, report):
    """A stream breaks off, or the watch is killed under it: with Last-Event-ID it goes on with the next line."""
    given = ["--feed", "probe=push", "--feed", "ticket=push", "--state", folder + "/streamed", "--checkpoint", "1s"]
    watch = Watch(*given).ready()
    rows, tickets = facts.probes(1, MINUTES), facts.tickets(1, MINUTES)
    stream = Stream(watch)
    heard = []
    for part in range(4):
        size = len(rows) // 4
        watch.ask("/feed/ticket", "\n".join(t for t in tickets if (part == 0)) + "\n" if part == 0 else tickets[-1])
        watch.ask("/feed/probe", "at,service,up\n" + "\n".join(rows[part * size:(part + 1) * size]) + "\n")
        total = watch.json("/standing")["decisions"]
        got = stream.events(total - len(heard) - (3 if part % 2 else 0))
        heard += got
        if part == 1:
            watch.kill()
            watch = Watch(*given).ready()
        stream.close()
        stream = Stream(watch, heard[-1][0] if heard else None)
    heard += stream.events(watch.json("/standing")["decisions"] - len(heard))
    stream.close()
    ledger = [line.rstrip("\n") for line in open(folder + "/streamed/ledger.jsonl")][1:]
    report.hold([line for _, line in heard] == ledger and len(ledger) > 60, "the streams together are the ledger",
                (len(heard), len(ledger)))
    report.hold([number for number, _ in heard] == [json.loads(line)["seq"] for line in ledger], "ids are numbers of lines")
    newest = Stream(watch, query="?newest=1")
    report.hold(newest.events(1, 1) == [], "newest=1 hears of what comes only")
    newest.close()
    after = Stream(watch, query="?after=%d" % (len(ledger) - 2))
    report.hold([line for _, line in after.events(2)] == ledger[-2:], "after=N begins there")
    after.close()
    watch.stop()


def hostile(report):
    """What a server must stand."""
    watch = Watch("--feed", "probe=push", "--feed", "ticket=remote-write").ready()
    report.hold(watch.ask("/feed/nothing", "x")[0] == 404, "a feed that is not there")
    report.hold(watch.ask("/feed/ticket", "x")[0] == 409, "a feed that takes no pushes")
    report.hold(watch.ask("/feed/probe", "")[0] == 400, "nothing at all")
    report.hold(watch.ask("/feed/probe", "at,service\n2026-03-02T00:00:00Z,hosting\n")[0] in (200, 400), "a column short")
    report.hold(watch.ask("/feed/probe", "when,what\n1,2\n", {"Content-Type": "text/csv"})[0] == 400, "another header")
    report.hold(watch.ask("/feed/probe", b"\x1f\x8b\x08\x00" + b"x" * 100)[0] == 400, "something compressed")
    report.hold(watch.ask("/feed/probe", b"\x00" * 1000)[0] == 400, "no text")
    report.hold(watch.ask("/feed/probe", "{" * 100000)[0] == 200, "brackets")
    report.hold(watch.ask("/feed/probe", "{}\n", {"Origin": "http://elsewhere.example"})[0] == 403, "a web page elsewhere")
    report.hold(watch.ask("/feed/probe", "{}", method="DELETE")[0] == 405, "another method")
    report.hold(watch.ask("/api/v1/write", b"\xff" * 2000, {"Content-Encoding": "snappy"})[0] == 400, "no snappy")
    report.hold(watch.ask("/api/v1/write", b"\x80\x80\x80\x80\x7f" + b"x" * 50, {"Content-Encoding": "snappy"})[0] == 400,
                "snappy that says it is huge")
    report.hold(watch.ask("/../../etc/passwd")[0] == 404 and watch.ask("/..%2f..%2fetc")[0] == 404, "other paths")
    try:
        status = watch.ask("/feed/probe", b"x" * (17 << 20))[0]
    except OSError:
        status = 413  # it hung up while we were still sending
    report.hold(status == 413, "17 MiB", status)
    rng = random.Random(5)
    for _ in range(60):
        with socket.create_connection(("127.0.0.1", watch.port)) as raw:
            raw.sendall(bytes(rng.randrange(256) for _ in range(rng.randint(1, 400))))
            if rng.random() < 0.5:
                raw.sendall(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * rng.randint(1, 4000))
    idle = [socket.create_connection(("127.0.0.1", watch.port)) for _ in range(100)]
    report.hold(watch.ask("/healthz")[0] == 200, "it still answers")
    for one in idle:
        one.close()
    report.hold(watch.metric("process_resident_bytes") < 300e6, "and has not grown")
    report.hold(watch.stop() == 0, "and ends well", watch.said())


def crowd(report):
    """Thousands of clients that follow, send slowly or do not read cost a bounded amount, and others are answered."""
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push", "--request-time", "2s").ready()
    fill(watch)
    before = watch.metric("process_resident_bytes")
    clients = []
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    for number in range(min(1500, most - 400)):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", watch.port))
        clients.append(one)
    for one in clients:
        try:
            one.send(b"GET /decisions HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        except OSError:
            pass
    report.hold(watch.ask("/healthz", seconds=60)[0] == 200, "it answers beside 1,500 clients that follow")
    report.hold(watch.metric("http_streams") <= 128, "of which few are let in", watch.metric("http_streams"))
    report.hold(watch.metric("process_resident_bytes") - before < 100e6, "and memory stays bounded")
    for one in clients:
        one.close()
    report.hold(watch.wait(lambda w: w.metric("http_streams") == 0), "who goes is forgotten")
    # heads that never end, bodies that trickle, and answers that nobody reads
    slow = []
    for number in range(300):
        one = socket.create_connection(("127.0.0.1", watch.port), timeout=60)
        one.sendall((b"GET / HTTP/1.1\r\nA: ", b"POST /feed/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nat",
                     b"GET /decisions?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 30)[number % 3])
        slow.append(one)

    def trickle():
        ended = 0
        for one in slow[:200:3]:
            try:
                one.sendall(b"x")
            except OSError:
                ended += 1
        return ended
    report.hold(watch.wait(lambda w: trickle() > 60, 60), "who sends a byte now and then is cut off")
    report.hold(watch.ask("/healthz", seconds=60)[0] == 200, "and others are answered")
    for one in slow:
        one.close()
    # a head that is too large, and bodies that together are
    one = socket.create_connection(("127.0.0.1", watch.port), timeout=60)
    answer = b""
    try:
        one.sendall(b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 1000000 + b"\r\n\r\n")
        answer = one.recv(1000)
    except OSError:
        answer = b"HTTP/1.1 431"
    report.hold(answer == b"" or answer.split()[1] in (b"413", b"431", b"400"), "a head of a megabyte is refused", answer[:100])
    one.close()
    watch.stop()
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push").ready()
    before = watch.metric("process_resident_bytes")
    bodies = []
    for number in range(12):
        one = socket.create_connection(("127.0.0.1", watch.port), timeout=60)
        one.sendall(b"POST /feed/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n")
        bodies.append(one)
    for one in bodies:
        one.sendall(b"x" * 15000000)
    most = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/%d/status" % watch.process.pid).read())
    report.hold(20e6 < int(most.group(1)) * 1024 - before < 200e6, "bodies together are bounded",
                (int(most.group(1)) / 1024, before / 1e6))
    bodies[-1].sendall(b"x" * 1000000)
    report.hold(b" 503 " in bodies[-1].recv(1000), "the last one is told to come again")
    for one in bodies:
        one.close()
    report.hold(watch.ask("/healthz")[0] == 200 and watch.stop() == 0, "and it ends well", watch.said())


def readers(folder, report):
    """A crowd that asks how things stand, again and again, costs next to nothing: rows come in as without it."""
    minutes = 20000
    text = "at,service,up\n" + "\n".join(facts.probes(1, minutes)) + "\n"
    head = text.index("\n") + 1

    def spent(watch):
        fields = open("/proc/%d/stat" % watch.process.pid).read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ingest(name, threads):
        """Seconds of processor time, requests, and how often standing was worked out, until all rows were taken."""
        write(folder + "/" + name, text[:head])
        watch = Watch("--feed", "probe=" + folder + "/" + name, "--feed", "ticket=push", "--lateness", "0s",
                      "--complete", "ticket").ready()
        asked, stop = [0] * threads, threading.Event()

        def ask(number):
            connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=60)
            while not stop.is_set():
                connection.request("GET", "/standing")
                answer = connection.getresponse()
                asked[number] += answer.status == 200 and answer.read().endswith(b"}\n")
        crowd = [threading.Thread(target=ask, args=(number,)) for number in range(threads)]
        for one in crowd:
            one.start()
        begun, at = time.time(), head
        while at < len(text):  # in twenty parts, so that what they ask about changes
            step = text.find("\n", at + len(text) // 20)
            write(folder + "/" + name, text[at:step + 1 or len(text)], "a")
            at = step + 1 or len(text)
            time.sleep(0.02)
        report.hold(watch.wait(lambda w: w.metric("source_rows_total", feed="probe") == 2 * minutes, 120), "all rows come")
        took = time.time() - begun
        stop.set()
        for one in crowd:
            one.join()
        copies = watch.metric("standing_total")
        report.hold(watch.stop() == 0, "and it ends well")
        return took, sum(asked), copies

    alone, _, _ = ingest("alone.csv", 0)
    beside, asked, copies = ingest("beside.csv", 24)
    print("%.2f s alone, %.2f s beside %d questions, for which standing was worked out %d times" %
          (alone, beside, asked, copies))
    report.hold(asked > 100, "the crowd is answered", asked)
    report.hold(copies <= beside * 4 + 2, "how things stand is worked out a few times a second at most", (copies, beside))
    report.hold(beside < 3 * alone + 2, "and rows are taken about as fast", (alone, beside))
    # while nothing changes, one copy serves all
    watch = Watch("--feed", "probe=push", "--feed", "ticket=push").ready()
    fill(watch)
    watch.json("/standing")
    time.sleep(1)
    watch.json("/standing")
    before, begun = watch.metric("standing_total"), spent(watch)
    for _ in range(300):
        watch.json("/standing")
        time.sleep(0.002)
    report.hold(watch.metric("standing_total") == before, "nothing changed: nothing is worked out")
    report.hold((spent(watch) - begun) / 300 < 0.01, "and an answer costs little", spent(watch) - begun)
    watch.stop()


def main():
    harness.ENTENTE = sys.argv[1] if len(sys.argv) > 1 else "build/entente"
    report = harness.Report()
    with harness.folder() as folder:
        for test in (lambda r: tokens(folder, r), lambda r: pages(folder, r), lambda r: streams(folder, r), hostile, crowd,
                     lambda r: readers(folder, r)):
            test(report)
    report.close()


if __name__ == "__main__":
    main()
