"""Serves a folder on a free port of the loopback interface and writes the port into a file.

    serve.py FOLDER PORT_FILE
"""
import functools
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm", "": "application/octet-stream"}

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
with open(sys.argv[2], "w", encoding="ascii") as file:
    file.write(str(server.server_port))
server.serve_forever()
