"""Headless Chromium over its debugging pipe: opens a page, asks it questions, takes pictures.

The pipe (file descriptors 3 and 4, JSON ended by NUL) needs nothing beside the browser itself."""
import base64
import json
import os
import select
import signal
import subprocess
import tempfile
import time


class Browser:
    def __init__(self, command="chromium"):
        to_read, self.write_fd = os.pipe()
        self.read_fd, to_write = os.pipe()
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

        def descriptors():
            os.dup2(os.dup(to_read), 3)
            os.dup2(os.dup(to_write), 4)

        # move our ends out of the way of 3 and 4
        to_read, to_write = self._high(to_read), self._high(to_write)
        self.write_fd, self.read_fd = self._high(self.write_fd), self._high(self.read_fd)
        self.process = subprocess.Popen(
            [command, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + self.profile.name,
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.pending = b""
        self.errors = []
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Page.enable")

    @staticmethod
    def _high(fd):
        import fcntl
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20)
        os.close(fd)
        return high

    def _message(self, deadline):
        while b"\0" not in self.pending:
            if not select.select([self.read_fd], [], [], max(0, deadline - time.time()))[0]:
                raise TimeoutError("the browser does not answer")
            self.pending += os.read(self.read_fd, 1 << 20)
        one, self.pending = self.pending.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, params=None, seconds=30):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if method.split(".")[0] != "Target":
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        deadline = time.time() + seconds
        while True:
            answer = self._message(deadline)
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"]["exceptionDetails"].get("text", ""))
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.errors.append(answer["params"]["entry"]["text"])
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def open(self, url, width, height, phone=False, dark=False):
        self.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone})
        self.call("Emulation.setEmulatedMedia",
                  {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.call("Page.navigate", {"url": url})

    def ask(self, expression):
        return self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True,
                                              "awaitPromise": True})["result"].get("value")

    def wait(self, expression, seconds=20):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.ask(expression):
                return True
            time.sleep(0.1)
        return False

    def picture(self, path, whole=True):
        data = self.call("Page.captureScreenshot", {"captureBeyondViewport": whole})["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # its own group: helpers of the browser too
        self.process.wait()
        self.profile.cleanup()
