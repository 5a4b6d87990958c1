"""Starts `entente watch` on loopback for tests, talks to it, and stops it."""
import atexit
import fcntl
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLUB = os.path.join(HERE, "club.ent")
ENTENTE = "build/entente"


RUNNING = set()  # whatever becomes of a test, what it started ends with it


@atexit.register
def end_all():
    for process in list(RUNNING):
        if process.poll() is None:
            process.kill()
            process.wait()


class Watch:
    """A watch that runs; `port` is None without a server."""

    def __init__(self, *arguments, club=CLUB, listen=True, stdin=subprocess.DEVNULL, preexec=None):
        command = [ENTENTE, "watch", *([club] if isinstance(club, str) else club), *arguments]
        if listen:
            command += ["--listen", "127.0.0.1:0"]
        # the watch shares the descriptor's place in the file: it appends, and we read without moving it
        self.log = tempfile.TemporaryFile()
        fcntl.fcntl(self.log, fcntl.F_SETFL, fcntl.fcntl(self.log, fcntl.F_GETFL) | os.O_APPEND)
        self.process = subprocess.Popen(command, stdin=stdin, stderr=self.log, stdout=self.log, preexec_fn=preexec)
        RUNNING.add(self.process)
        self.port = None
        self.listen = listen

    def said(self):
        return os.pread(self.log.fileno(), 1 << 22, 0).decode(errors="replace")

    def ready(self, seconds=30):
        deadline = time.time() + seconds
        while time.time() < deadline:
            found = re.search(r"listening at http://127\.0\.0\.1:(\d+)/", self.said())
            if found:
                self.port = int(found.group(1))
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise RuntimeError("the watch did not start: " + self.said())

    def ask(self, path, body=None, headers=None, method=None, seconds=20):
        """(status, bytes, headers)"""
        if self.port is None:
            self.ready()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def json(self, path):
        return json.loads(self.ask(path)[1])

    def metric(self, name, **labels):
        for line in self.ask("/metrics")[1].decode().splitlines():
            if line.startswith("entente_" + name) and all('%s="%s"' % l in line for l in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return None

    def wait(self, condition, seconds=40):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if condition(self):
                return True
            time.sleep(0.02)
        return False

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        RUNNING.discard(self.process)
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        RUNNING.discard(self.process)
        self.log.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Receiver:
    """An HTTP server that answers as it is told and remembers what it was sent, and what of it it took."""

    def __init__(self, port=0):
        self.got, self.accepted = [], []
        self.status = 200
        self.text = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                one = (self.path, dict(self.headers), self.rfile.read(length))
                status = outer.status
                outer.got.append(one)
                if status == 200:
                    outer.accepted.append(one)
                body = outer.text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the watch was killed

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def lines(path):
    """The lines of a ledger without what chains them."""
    with open(path) as ledger:
        return [re.sub(r',"prev":"[0-9a-f]*","hash":"[0-9a-f]*"}', "}", line.rstrip("\n")) for line in ledger][1:]


def run(*arguments):
    return subprocess.run([ENTENTE, *arguments], capture_output=True, text=True)


def write(path, text, mode="w"):
    with open(path, mode) as out:
        out.write(text)


class Report:
    """Counts what holds; a failure says what and goes on."""

    def __init__(self):
        self.passed = self.failed = 0
        self.folder = None

    def hold(self, condition, what, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s %s" % (what, str(detail)[:600]))
        return condition

    def close(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        sys.exit(1 if self.failed else 0)


def folder():
    """A folder for one test, in memory where there is one: waiting for a busy disk shows nothing."""
    memory = "/dev/shm"
    return tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)
