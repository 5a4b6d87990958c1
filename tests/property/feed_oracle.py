#!/usr/bin/env python3
"""Compares the readers with Python's csv and json modules on random files.

    feed_oracle.py DRIVER [--count N] [--seed S]

CSV goes through three parsers: Python's csv module, a character-by-character one written here
(which also knows line numbers and text after a closing quote), and ours, with random block
sizes, batch sizes and kernels. JSON Lines are compared with json.loads, many lines damaged on
purpose.
Prints `N passed, N failed`; exit status 1 if something failed. A failing file is kept and named.
"""
import argparse
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile

BLANKS = " \t\r\n"


def naive_csv(text, sep):
    """Rows as (line, [(cell, text_after_quote)]), and the line of a quote that never closes."""
    rows, cells, cell = [], [], []
    place, garbage, line, row_line, opened = "start", False, 1, 1, 0
    row_from = i = 0

    def newline_at(k):
        return text[k] == "\n" or (text[k] == "\r" and text[k + 1 : k + 2] != "\n")

    if text and text[-1] not in "\r\n":
        text += "\n"
    while i < len(text):
        c = text[i]
        if place == "quoted":
            if c == '"':
                place = "after"
            else:
                cell.append(c)
        elif c == '"' and place in ("start", "after"):
            if place == "after":
                cell.append('"')
            else:
                opened = line
            place = "quoted"
        elif c == sep or c in "\r\n":
            cells.append(("".join(cell), garbage))
            cell, garbage, place = [], False, "start"
            if c != sep:
                if i > row_from:
                    rows.append((row_line, cells))
                if c == "\r" and text[i + 1 : i + 2] == "\n":
                    i += 1
                cells, row_line, row_from = [], line + 1, i + 1
        else:
            garbage = garbage or place == "after"
            cell.append(c)
            place = "text"
        if newline_at(i):
            line += 1
        i += 1
    return rows, (opened if place == "quoted" else 0)


def csv_case(rng):
    sep = rng.choice(",;\t|")
    n = rng.randint(1, 5)
    names = [f"c{i}" for i in range(n)]
    newline = rng.choice(["\n", "\r\n", "\r"])
    wild = rng.random() < 0.5
    alphabet = ["a", "bc", " ", sep, '"', '""', "\n", "\r", "\r\n", "\u00e9", "\u20ac", "1",
                "x" * 30, ""]
    parts = [sep.join(names), newline]
    for _ in range(rng.randint(0, 40)):
        if wild:
            parts.append("".join(rng.choice(alphabet) for _ in range(rng.randint(0, 12))))
            parts.append(rng.choice(["\n", "\r\n", "\r"]))
            continue
        width = n if rng.random() < 0.95 else rng.randint(1, n + 2)
        cells = []
        for _ in range(width):
            cell = "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 6)))
            if any(c in cell for c in (sep, '"', "\n", "\r")) or rng.random() < 0.1:
                cell = '"' + cell.replace('"', '""') + '"'
            cells.append(cell)
        parts += [sep.join(cells), newline]
    if rng.random() < 0.3:
        parts.pop()
    data = "".join(parts).encode()
    if rng.random() < 0.2:
        data = bytearray(data)
        for _ in range(3):
            k = rng.randrange(len(data))
            if k > len(parts[0]) + 2:
                data[k] = rng.choice([0xFF, 0x80, 0xC0, 0xED])
        data = bytes(data)
    return sep, names, data


def csv_expected(sep, names, wanted, data, problems):
    text = data.decode("latin-1")
    rows, unclosed = naive_csv(text, sep)
    stream = io.TextIOWrapper(io.BytesIO(data), encoding="latin-1", newline="")
    theirs = [r for r in csv.reader(stream, delimiter=sep) if r]
    if unclosed:
        theirs = theirs[: len(rows)]
    if theirs != [[c for c, _ in cells] for _, cells in rows]:
        problems.append("the two Python parsers disagree")
    out = []
    for number, (line, cells) in enumerate(rows[1:], 1):
        if len(cells) != len(names):
            word = "cell" if len(names) == 1 else "cells"
            out.append(f"bad {line} {number} 0 {len(names)} {word}, found {len(cells)}")
            continue
        found, bad = [], None
        for name in wanted:
            if name not in names:
                found.append("M")
                continue
            k = names.index(name)
            raw = cells[k][0].encode("latin-1")
            why = None
            if cells[k][1]:
                why = "a separator or the row's end after the closing quote"
            else:
                try:
                    raw.decode()
                except UnicodeDecodeError:
                    why = "valid UTF-8"
            if why and (bad is None or k + 1 < bad[0]):
                bad = (k + 1, why)
            found.append("P" + raw.hex() if raw else "E")
        if bad:
            out.append(f"bad {line} {number} {bad[0]} {bad[1]}")
        else:
            out.append(" ".join(["row", str(line), str(number)] + found))
    return out, unclosed


def random_text(rng):
    pieces = ["a", "Z", " ", "\\n", '\\"', "\\\\", "\\u00e9", "\\ud83d\\ude00", "\u00e9",
              "\U0001F600", "/", "\\/", "{", "}", "[", ",", ":", "\\t", "x" * 40]
    return '"' + "".join(rng.choice(pieces) for _ in range(rng.randint(0, 6))) + '"'


def random_number(rng):
    return rng.choice(["0", "-0", "1", "-17", "3.14", "1e5", "1E+05", "-2.50e-3",
                       "123456789012345678901234567890",
                       "0.1000000000000000055511151231257827", "1e999", "18446744073709551616"])


def random_value(rng, depth):
    kind = rng.random()
    gap = rng.choice(["", "", " ", "\t"])
    if depth < 3 and kind < 0.15:
        return random_object(rng, depth + 1)
    if depth < 3 and kind < 0.25:
        values = [random_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        return "[" + gap + ("," + gap).join(values) + "]"
    if kind < 0.5:
        return random_text(rng)
    if kind < 0.8:
        return random_number(rng)
    return rng.choice(["true", "false", "null"])


def random_object(rng, depth=0):
    keys = ["a", "b", "c", "a.b", "at", "long name", "\u00e9", "\\u0061", "d"]
    gap = rng.choice(["", "", " ", "  "])
    members = []
    for _ in range(rng.randint(0, 5)):
        members.append(f'"{rng.choice(keys)}"{gap}:{gap}{random_value(rng, depth)}{gap}')
    return "{" + gap + ("," + gap).join(members) + "}"


def damage(rng, line):
    if not line:
        return line
    line = bytearray(line)
    for _ in range(rng.randint(1, 2)):
        k = rng.randrange(len(line))
        how = rng.random()
        if how < 0.4:
            del line[k]
        elif how < 0.7:
            line.insert(k, rng.choice(b'"{}[]:,\\ 0a-.e\x01\xff'))
        else:
            line[k] = rng.choice(b'"{}[]:,\\ 0a-.e\x01\xff')
        if not line:
            break
    return bytes(line)


class Number(str):
    pass


def members(pairs):
    return ("object", pairs)


def loads(text):
    def refuse(_):
        raise ValueError("constant")

    return json.loads(text, object_pairs_hook=members, parse_float=Number,
                      parse_int=Number, parse_constant=refuse)


def find(value, name):
    """All values that `name` reaches, in the order of the text."""
    out = []
    for key, inner in value[1]:
        if key == name:
            out.append(inner)
        elif name.startswith(key + ".") and isinstance(inner, tuple):
            out += find(inner, name[len(key) + 1 :])
    return out


def has_surrogate(value):
    if isinstance(value, str):
        return any(0xD800 <= ord(c) < 0xE000 for c in value)
    if isinstance(value, tuple):
        return any(has_surrogate(k) or has_surrogate(v) for k, v in value[1])
    return isinstance(value, list) and any(has_surrogate(v) for v in value)


def json_line_expected(line, wanted):
    """None for a bad line, else the cells; ("nested", value) for objects and arrays."""
    try:
        value = loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, tuple) or has_surrogate(value):
        return None
    cells = []
    for name in wanted:
        hits = find(value, name)
        hit = hits[-1] if hits else None
        if hit is None:
            cells.append("M")
        elif isinstance(hit, bool):
            cells.append("P" + (b"true" if hit else b"false").hex())
        elif isinstance(hit, str):
            cells.append("P" + hit.encode().hex() if hit else "E")
        else:
            cells.append(("nested", hit))
    return cells


def cell_matches(expected, got):
    if isinstance(expected, str):
        return expected == got
    return got[:1] == "P" and loads(bytes.fromhex(got[1:]).decode()) == expected[1]


def run(driver, form, sep, rng, path, wanted):
    block = rng.choice([16, 17, 31, 64, 100, 4096, 1 << 20])
    batch = rng.choice([1, 2, 7, 2048])
    kernel = rng.choice([0, 1, 2])
    command = [driver, form, sep, str(block), str(batch), str(kernel), path] + wanted
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        return [f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"]
    return done.stdout.decode(errors="replace").splitlines()


def check_csv(driver, rng, path):
    sep, names, data = csv_case(rng)
    with open(path, "wb") as file:
        file.write(data)
    wanted = [rng.choice(names + ["absent"]) for _ in range(rng.randint(1, 3))]
    problems = []
    expected, unclosed = csv_expected(sep, names, wanted, data, problems)
    got = run(driver, "csv", sep, rng, path, wanted)
    last = got.pop() if got else ""
    if problems:
        return problems[0]
    if unclosed:
        good = last.startswith(f"error 2 {unclosed} ")
    else:
        bad = sum(1 for e in expected if e.startswith("bad"))
        good = last == f"end {len(expected)} {bad}"
    if not good:
        return f"last line {last!r}, unclosed {unclosed}, rows {len(expected)}"
    for e, g in zip(expected, got):
        if e != g:
            return f"expected {e!r}, got {g!r}"
    return None if len(expected) == len(got) else f"{len(expected)} rows expected, {len(got)} got"


def check_json(driver, rng, path):
    lines = []
    for _ in range(rng.randint(0, 30)):
        line = random_object(rng).encode()
        if rng.random() < 0.4:
            line = damage(rng, line)
        lines.append(line)
    newline = rng.choice([b"\n", b"\r\n"])
    data = newline.join(lines) + (newline if rng.random() < 0.7 else b"")
    if data.lstrip(BLANKS.encode())[:1] == b"[":
        data = b"{}" + newline + data
        lines.insert(0, b"{}")
    with open(path, "wb") as file:
        file.write(data)
    names = ["a", "b", "a.b", "a.b.c", "at", "long name", "\u00e9", "d.d", "none"]
    wanted = rng.sample(names, rng.randint(1, 4))
    got = run(driver, "jsonl", "0", rng, path, wanted)
    last = got.pop() if got else ""
    number = bad = 0
    at = 0
    for line_number, line in enumerate(lines, 1):
        if not line.strip(b" \t\r"):
            continue
        number += 1
        cells = json_line_expected(line, wanted)
        row = got[at].split(" ") if at < len(got) else ["nothing"]
        at += 1
        if cells is None:
            bad += 1
            if row[:3] != ["bad", str(line_number), str(number)]:
                return f"line {line_number} {line!r} should be bad, got {row}"
        elif row[:3] != ["row", str(line_number), str(number)] or len(row) != 3 + len(wanted):
            return f"line {line_number} {line!r} should be good, got {row}"
        elif not all(cell_matches(e, g) for e, g in zip(cells, row[3:])):
            return f"line {line_number} {line!r}, wanted {wanted}: expected {cells}, got {row[3:]}"
    if last == f"end {number} {bad}":
        return None
    return f"last line {last!r}, expected {number} rows, {bad} bad"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20260101)
    args = parser.parse_args()
    print(f"feed_oracle: seed {args.seed}")
    passed = failed = 0
    folder = tempfile.mkdtemp(prefix="feed-oracle-")
    for i in range(args.count):
        rng = random.Random(args.seed * 1000003 + i)
        check, kind = (check_csv, "csv") if i % 2 == 0 else (check_json, "jsonl")
        path = os.path.join(folder, f"{i}.{kind}")
        why = check(args.driver, rng, path)
        if why is None:
            passed += 1
            os.unlink(path)
        else:
            failed += 1
            print(f"case {i} ({path}): {why}")
    if failed == 0:
        os.rmdir(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
