#!/usr/bin/env python3
"""No call in the emitter has two arguments that emit: C leaves their order open, so gcc and clang would write the same
source as different programs, with different digests.

usage: operand_order.py [FILE…]   (default: compiler/emit/*.c)
"""
import re
import sys
from pathlib import Path

# what emits: every function that is given the lowering, a kernel or the program under construction and returns a number
EMITTER = re.compile(r"^(?:static )?int(?:32|64)_t (\w+)\((?:const )?ent_(?:lower_env|lower|kb|builder) \*", re.M)
READS_ONLY = {"ent_lower_feed_row"}
WORDS = {"if", "while", "for", "switch", "return", "sizeof"}


def arguments(text, at):
    depth, begin, out = 1, at, []
    while at < len(text) and depth:
        if text[at] in "({":
            depth += 1
        elif text[at] in ")}":
            depth -= 1
        elif text[at] == "," and depth == 1:
            out.append(text[begin:at])
            begin = at + 1
        at += 1
    return out + [text[begin:at - 1]]


def main():
    root = Path(__file__).resolve().parent.parent
    files = [Path(f) for f in sys.argv[1:]] or sorted(root.glob("compiler/emit/*.c"))
    names = {n for f in root.glob("compiler/emit/*.[ch]") for n in EMITTER.findall(f.read_text())} - READS_ONLY
    emits = re.compile(r"\b(?:%s|ent_builder_add_\w+)\s*\(" % "|".join(sorted(names)))
    bad = set()
    for path in files:
        text = path.read_text()
        for call in re.finditer(r"\b([a-z_]\w+)\(", text):
            if call.group(1) in WORDS:
                continue
            if sum(bool(emits.search(a)) for a in arguments(text, call.end())) > 1:
                bad.add(path)
                line = text.count("\n", 0, call.start()) + 1
                print(f"{path}:{line}: two arguments of `{call.group(1)}` emit, in an order that C leaves open")
    print(f"{len(files) - len(bad)} passed, {len(bad)} failed")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
