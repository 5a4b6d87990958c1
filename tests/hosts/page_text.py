"""The text of the element with an id, out of a page on standard input.

    page_text.py ID
"""
import html.parser
import sys


class Text(html.parser.HTMLParser):
    def __init__(self, wanted):
        super().__init__()
        self.wanted, self.inside, self.depth = wanted, False, 0

    def handle_starttag(self, tag, attrs):
        if self.inside:
            self.depth += 1
        elif dict(attrs).get("id") == self.wanted:
            self.inside, self.depth = True, 0

    def handle_endtag(self, tag):
        self.depth -= 1
        if self.inside and self.depth < 0:
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            sys.stdout.write(data)


Text(sys.argv[1]).feed(sys.stdin.read())
