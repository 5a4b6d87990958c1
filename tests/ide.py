#!/usr/bin/env python3
"""Speaks the Language Server Protocol with `entente lsp`, as an editor does.

    ide.py ENTENTE

Ends with `N passed, N failed`; exit status 1 if any failed.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

CLUB = '''framework Club version 1 effective from 2026-01-01 timezone "Europe/London" currency GBP {
  client Acme  integrator Hermes  provider HostCo "HostCo 😀 Ltd"
  service hosting by HostCo
}
'''
AGREEMENT = '''use std.itsm
use "club.ent"

sla Hosting "Hosting services"
  version 1
  under Club
  between HostCo and Acme
  effective from 2026-01-01
{
  /// What comes back was not solved.
  measure reopened
    count of ticket where event == reopened

  objective lasting "4.1 😀 What is solved" reopened at most 2 each month
}
'''


class Editor:
    def __init__(self, entente):
        self.process = subprocess.Popen([entente, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.asked = 0
        self.shown = {}

    def write(self, message):
        body = json.dumps(message).encode() if not isinstance(message, bytes) else message
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        length = None
        while (line := self.process.stdout.readline().strip()):
            name, value = line.split(b":")
            length = int(value) if name == b"Content-Length" else length
        message = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.shown[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def tell(self, method, **params):
        self.write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method, **params):
        self.asked += 1
        self.write({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params})
        while (message := self.read()).get("id") != self.asked:
            pass
        return message

    def result(self, method, **params):
        return self.ask(method, **params)["result"]

    def open(self, uri, text):
        self.tell("textDocument/didOpen",
                  textDocument={"uri": uri, "languageId": "entente", "version": 1, "text": text})

    def change(self, uri, text):
        self.tell("textDocument/didChange", textDocument={"uri": uri, "version": 2},
                  contentChanges=[{"text": text}])

    def wait(self):
        """All that was told before has been shown."""
        self.ask("textDocument/codeAction", context={"diagnostics": []})
        return self.shown


class Tally:
    passed = failed = 0

    def check(self, what, found, wanted):
        if found == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}\n  wanted {wanted!r}\n  found  {found!r}")


def place(text, word, nth=0):
    """The line and the UTF-16 unit at which the word begins."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(word, at + 1)
    start = text.rfind("\n", 0, at) + 1
    return {"line": text.count("\n", 0, at), "character": len(text[start:at].encode("utf-16-le")) // 2}


def apply(text, edit):
    def offset(p):
        lines = text.split("\n")
        before = sum(len(line) + 1 for line in lines[:p["line"]])
        rest = lines[p["line"]].encode("utf-16-le")[:2 * p["character"]]
        return before + len(rest.decode("utf-16-le"))
    return text[:offset(edit["range"]["start"])] + edit["newText"] + text[offset(edit["range"]["end"]):]


def session(t, e, club, uri, other):
    t.check("too early", e.ask("textDocument/hover")["error"]["code"], -32002)
    can = e.result("initialize", processId=None, rootUri=None, capabilities={})["capabilities"]
    t.check("whole texts", can["textDocumentSync"]["change"], 1)
    e.tell("initialized")
    t.check("once only", e.ask("initialize")["error"]["code"], -32600)
    t.check("no such method", e.ask("textDocument/foo")["error"]["code"], -32601)
    t.check("not open", e.ask("textDocument/hover", textDocument={"uri": uri})["error"]["code"], -32602)

    e.open(uri, AGREEMENT)
    t.check("nothing wrong", e.wait(), {uri: []})

    # a misspelt name behind a character of two UTF-16 units, and its mend
    wrong = AGREEMENT.replace('solved" reopened', 'solved" reopend')
    e.change(uri, wrong)
    said = e.wait()[uri]
    t.check("one error", [(d["severity"], d["source"], d["code"][0]) for d in said], [(1, "entente", "E")])
    t.check("its place", said[0]["range"]["start"], place(wrong, "reopend"))
    t.check("its end", said[0]["range"]["end"]["character"], place(wrong, "reopend")["character"] + 7)
    actions = e.result("textDocument/codeAction", textDocument={"uri": uri}, range=said[0]["range"],
                       context={"diagnostics": said})
    edits = actions[0]["edit"]["changes"][uri] if actions else []
    t.check("its mend", [apply(wrong, edit) for edit in edits], [AGREEMENT])

    # what is open counts in place of what is on disk, and a file on disk is told of, too
    e.change(uri, AGREEMENT)
    e.open(other, CLUB.replace("provider HostCo", "provider HostCorp"))
    t.check("judged by what is open", (len(e.wait()[uri]) > 0, len(e.shown[other]) > 0), (True, True))
    e.tell("textDocument/didClose", textDocument={"uri": other})
    t.check("closed: the disk again", e.wait(), {uri: [], other: []})
    with open(club, "w") as f:
        f.write(CLUB.replace("currency GBP", "currency GBX"))
    e.tell("textDocument/didSave", textDocument={"uri": uri})
    t.check("of the file on disk", [d["code"] for d in e.wait()[other]], ["E0217"])
    with open(club, "w") as f:
        f.write(CLUB)
    e.tell("textDocument/didSave", textDocument={"uri": uri})
    t.check("and no more", e.wait(), {uri: [], other: []})

    at = {"textDocument": {"uri": uri}}
    hover = e.result("textDocument/hover", position=place(AGREEMENT, "reopened at most"), **at)
    t.check("hover has the declaration", "count of ticket where event == reopened" in hover["contents"]["value"], True)
    t.check("hover has its comment", "What comes back was not solved." in hover["contents"]["value"], True)
    t.check("hover on nothing", e.result("textDocument/hover", position={"line": 2, "character": 0}, **at), None)
    t.check("far outside", e.result("textDocument/hover", position={"line": 999, "character": 999}, **at), None)
    where = e.result("textDocument/definition", position=place(AGREEMENT, "HostCo"), **at)
    t.check("definition in the other file", where,
            [{"uri": other, "range": {"start": place(CLUB, "HostCo"), "end": place(CLUB, ' "HostCo')}}])
    outline = e.result("textDocument/documentSymbol", **at)
    t.check("outline", [(s["name"], s["detail"], [c["name"] for c in s["children"]]) for s in outline],
            [("Hosting", "Hosting services", ["reopened", "lasting"])])
    offered = {i["label"] for i in e.result("textDocument/completion", position={"line": 3, "character": 0}, **at)}
    t.check("completion", {"objective", "HostCo", "ticket", "priority", "lasting"} <= offered, True)

    e.change(uri, AGREEMENT.replace("  version 1\n", "version    1\n"))
    edits = e.result("textDocument/formatting", options={}, **at)
    laid = apply(AGREEMENT.replace("  version 1\n", "version    1\n"), edits[0])
    t.check("layout", "\n  version 1\n" in laid and "What comes back" in laid, True)
    e.change(uri, laid)
    t.check("laid out already", e.result("textDocument/formatting", options={}, **at), [])
    e.change(uri, "sla sla {")
    t.check("no layout with errors", e.result("textDocument/formatting", options={}, **at), [])
    t.check("one error of them", len(e.wait()[uri]), 1)

    e.write(b"{no json")
    t.check("no JSON", e.read()["error"]["code"], -32700)
    e.write({"jsonrpc": "2.0", "id": 99})
    t.check("no method", e.read()["error"]["code"], -32600)
    t.check("unknown notices are nothing", (e.tell("$/setTrace", value="off"), e.wait() != {})[1], True)
    e.open("untitled:Untitled-1", "calendar office open mon..fri 09:00..17:00 timezone \"UTC\"")
    t.check("never saved", [d for d in e.wait()["untitled:Untitled-1"] if d["severity"] == 1], [])
    t.check("shut down", e.result("shutdown"), None)
    t.check("down", e.ask("textDocument/hover", **at)["error"]["code"], -32600)
    e.tell("exit")
    t.check("exit status", e.process.wait(10), 0)


def main():
    entente, t = os.path.abspath(sys.argv[1]), Tally()
    with tempfile.TemporaryDirectory(suffix=" Ü%") as folder:
        club = os.path.join(folder, "club.ent")
        with open(club, "w") as f:
            f.write(CLUB)
        uri = "file://" + urllib.parse.quote(os.path.join(folder, "hosting.ent"))
        other = "file://" + urllib.parse.quote(club)
        session(t, Editor(entente), club, uri, other)
    e = Editor(entente)
    e.process.stdin.close()
    t.check("the editor is gone", e.process.wait(10), 1)
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
