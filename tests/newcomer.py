#!/usr/bin/env python3
"""Does what docs/embedding.md and docs/operations.md tell a newcomer to do, with the very commands that stand there.

    tests/newcomer.py build/entente

Each command is looked up in the page by how it begins: a page that says something else fails.  What differs from a
newcomer's machine is put in its place: HOME is a folder of the test, `sudo make install` an installation into it, a port
is a free one, and `pkill` would reach the watches of others.  PostgreSQL, pages in a browser, webhooks and Prometheus
have tests of their own.  Ends with `N passed, N failed`.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "watch"))
import harness  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Page:
    """The fenced and the indented blocks of a page."""

    def __init__(self, name):
        text = open(os.path.join(ROOT, name), encoding="utf-8").read()
        self.name = name
        self.blocks = re.findall(r"^```[^\n]*\n(.*?)^```$", text, re.M | re.S)
        rest = re.sub(r"^```[^\n]*\n.*?^```$", "", text, flags=re.M | re.S)
        self.blocks += [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?:^    .*\n)+", rest, re.M)]

    def block(self, begins):
        for block in self.blocks:
            if block.startswith(begins):
                return block
        raise SystemExit(f"{self.name}: no block begins with `{begins}`")


class Machine:
    """Where the newcomer is: a home, and commands in the folder of the sources."""

    def __init__(self, home, report):
        self.home, self.report = home, report
        self.exports = ""

    def sh(self, commands, what, folder=ROOT):
        env = dict(os.environ, HOME=self.home, MAKEFLAGS="-s")
        run = subprocess.run(["bash", "-ec", self.exports + commands], cwd=folder, env=env, capture_output=True, text=True,
                             timeout=600, check=False)
        self.report.hold(run.returncode == 0, what, run.stdout[-300:] + run.stderr[-600:])
        return run.stdout


def hosts(home, report):
    page = Page("docs/embedding.md")
    at = Machine(home, report)
    install, exports = page.block("make && make install PREFIX=$HOME").splitlines()
    at.sh(install.replace("make && ", ""), "the libraries are installed")
    at.exports = exports + "\n"
    work = os.path.join(home, "sources")  # as it is after a clone: what the commands write, they write here
    os.mkdir(work)
    for name in ("examples", "runtime", "Makefile", "stdlib", "build"):
        os.symlink(os.path.join(ROOT, name), os.path.join(work, name))
    at.sh(page.block("entente build -o first.entc"), "agreements are compiled", work)
    said = at.sh(page.block("cc examples/embedding/c/host.c"), "a host in C", work)
    report.hold(said == page.block("Web.restore INC1"), "says what the page says", said)
    said = at.sh(page.block("c++ -std=c++17 examples/embedding/cpp"), "a host in C++", work)
    report.hold(re.search(r"^[1-9]\d* decisions$", said, re.M), "decides", said)
    said = at.sh(page.block("cc examples/embedding/compile/host.c"), "a host that compiles", work)
    report.hold("Web.restore: breach" in said, "and runs what it compiled", said)
    sqlite = at.sh(page.block("sqlite3 -csv desk.db"), "SQLite", work)
    report.hold("breach" in sqlite, "decides", sqlite[-300:])
    if os.path.exists(os.path.join(ROOT, "build/js/entente.wasm")):
        make, node = page.block("make wasm").splitlines()[:2]
        report.hold(make == "make wasm", "how to build it")
        said = at.sh(node, "Node", work)
        report.hold("restore T2: breach" in said, "decides", said)
    python = page.block("python3 -m venv hosts").splitlines()
    said = at.sh(python[-1].replace("python3", "PYTHONPATH=$HOME/entente/share/entente/python python3"), "Python", work)
    report.hold("breach" in said, "decides", said[-300:])
    for name in os.listdir(os.path.join(ROOT, "examples/embedding")):
        folder = os.path.join(ROOT, "examples/embedding", name)
        for file in os.listdir(folder):
            if file.rsplit(".", 1)[-1] in ("c", "cc", "py", "sql", "mjs", "html"):
                n = len(open(os.path.join(folder, file), encoding="utf-8").readlines())
                report.hold(n < 60, f"{name}/{file} is under 60 lines", n)


def month_end(home, report):
    page = Page("docs/operations.md")
    at = Machine(home, report)
    at.exports = "PATH=$HOME/usr/bin:$PATH\n"
    folder = os.path.join(home, "month")
    os.mkdir(folder)
    harness.write(os.path.join(folder, "club.ent"), page.block("framework Desk"))
    harness.write(os.path.join(folder, "january.csv"), page.block("at,id,event,priority"))
    said = at.sh(page.block("entente build -o club.entc club.ent\nentente run"), "a month-end", folder)
    report.hold(re.search(r"breach", said), "the table and the explanation say that there is a breach", said)
    report.hold("whole, 1 decision" in said, "the ledger is whole", said)
    report.hold("P3" in open(os.path.join(folder, "bad.csv"), encoding="utf-8").read(), "the bad row is put aside")
    report.hold("<html" in open(os.path.join(folder, "2026-01.html"), encoding="utf-8").read(), "there is a report")
    left = sorted(os.listdir(folder))
    report.hold(left == ["2026-01.html", "2026-01.jsonl", "bad.csv", "club.ent", "club.entc", "january.csv"], "and no more", left)


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


def start(command, home, folder, port):
    """The page's command as a process of its own; it answers when this returns."""
    words = command.strip().replace("127.0.0.1:9464", f"127.0.0.1:{port}").split()
    words[0] = os.path.join(home, "usr/bin/entente")
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "said"), "a"))
    harness.RUNNING.add(process)
    for _ in range(600):
        try:
            ask(port, "/healthz")
            return process
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the watch does not start: " + open(os.path.join(folder, "said")).read())


def until(condition, seconds=90):
    deadline = time.time() + seconds
    while not condition() and time.time() < deadline:
        time.sleep(0.1)
    return condition()


def watch(home, report):
    page = Page("docs/operations.md")
    at = Machine(home, report)
    install = page.block("make && sudo make install").splitlines()[0]
    at.sh(install.replace("make && sudo make install", "make install PREFIX=$HOME/usr"), "the command is installed")
    folder, port = os.path.join(home, "desk"), harness.free_port()
    os.mkdir(folder)
    club = page.block("framework Desk")
    harness.write(os.path.join(folder, "club.ent"), club)
    first = start(page.block("entente watch club.ent --feed ticket=push --state"), home, folder, port)
    here = lambda text: text.replace("127.0.0.1:9464", f"127.0.0.1:{port}")
    said = at.sh(here(page.block("curl -H 'Idempotency-Key: 1'")), "a ticket is pushed")
    report.hold(json.loads(said)["rows"] == 1, "and taken", said)
    report.hold("<html" in ask(port, "/"), "there is a page")
    first.send_signal(signal.SIGINT)
    report.hold(first.wait(20) == 0, "Ctrl-C ends it well")
    again, curl = page.block("entente watch club.ent --feed ticket=push --complete").splitlines()
    second = start(again, home, folder, port)
    warned = lambda: '"kind":"warning"' in ask(port, "/decisions?kind=warning")
    report.hold(until(warned), "the warning is there", open(os.path.join(folder, "said")).read())
    report.hold('"id":"T1"' in at.sh(here(curl), "and is asked for as the page tells"), "of that ticket")
    second.kill()
    second.wait()
    third = start(again, home, folder, port)
    report.hold(warned(), "it goes on where it was")
    harness.write(os.path.join(folder, "club.ent"), club + page.block("amendment Faster"))
    report.hold(page.block("pkill -HUP") == "pkill -HUP entente-watch\n", "how to take over a new version")
    report.hold(open(f"/proc/{third.pid}/comm").read() == "entente-watch\n", "finds the watch")
    third.send_signal(signal.SIGHUP)
    report.hold(until(lambda: '"kind":"program"' in ask(port, "/decisions?kind=program"), 30), "which takes it over",
                open(os.path.join(folder, "said")).read())
    third.terminate()
    report.hold(third.wait(20) == 0, "and ends well")
    unit(home, page, report)


def unit(home, page, report):
    """The unit is one that systemd takes, and its command one that runs."""
    text = page.block("[Unit]")
    command = re.search(r"^ExecStart=(.*)$", text, re.M).group(1)
    report.hold(command.startswith("/usr/local/bin/entente watch /etc/entente/club.entc "), "it starts what was installed")
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: there is no systemd-analyze, so the unit was only read")
        return
    path = os.path.join(home, "entente.service")
    harness.write(path, text.replace("/usr/local/bin/entente", os.path.join(home, "usr/bin/entente")))
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False)
    complaints = [line for line in run.stderr.splitlines() if "entente" in line]
    report.hold(not complaints, "systemd takes the unit", complaints)


def main():
    report = harness.Report()
    with tempfile.TemporaryDirectory(prefix="entente-newcomer-") as home:
        hosts(home, report)
        watch(home, report)
        month_end(home, report)
    report.close()


if __name__ == "__main__":
    main()
