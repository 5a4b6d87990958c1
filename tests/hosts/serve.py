"""Serves a folder on a free port of the loopback interface and writes the port into a file.

    serve.py FOLDER PORT_FILE

A request for /wait is answered after a while: as long as a page waits for it, the browser's virtual time stands still.
"""
import functools
import http.server
import sys
import time


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm", "": "application/octet-stream"}

    def do_GET(self):
        if self.path != "/wait":
            super().do_GET()
            return
        time.sleep(0.2)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
with open(sys.argv[2], "w", encoding="ascii") as file:
    file.write(str(server.server_port))
server.serve_forever()
