#!/usr/bin/env python3
"""Holds the exact arithmetic against Python's integers, Fraction, float and hashlib.

usage: exact_oracle.py DRIVER [--seed N] [--cases N]

DRIVER is the compiled exact_driver.c. Cases are random, with a liking for the borders: halves,
powers of two and ten, the ends of 64 and 127 bits, subnormals, cancellation. The seed is printed;
the last line is "N passed, N failed"; the exit status is 1 when a case failed.
"""
import argparse
import hashlib
import math
import random
import re
import struct
import subprocess
import sys
from fractions import Fraction

MAX = 2**127 - 1
FAIL = "fail"


def bits(x):
    return struct.pack(">d", x).hex()


def from_bits(n):
    return struct.unpack(">d", n.to_bytes(8, "big"))[0]


def text_q(q):
    return f"{q.numerator}/{q.denominator}" if q.denominator != 1 else str(q.numerator)


def fits(q):
    return abs(q.numerator) <= MAX and q.denominator <= MAX


def answer_q(q):
    return text_q(q) if fits(q) else FAIL


def answer_int(n):
    return str(n) if abs(n) <= MAX else FAIL


def round_q(q, mode):
    whole, rest = divmod(abs(q.numerator), q.denominator)
    twice = 2 * rest
    up = {
        0: twice > q.denominator or (twice == q.denominator and whole % 2 == 1),
        1: rest > 0,
        2: False,
        3: twice >= q.denominator and rest > 0,
    }[mode]
    return (whole + up) * (-1 if q < 0 else 1)


def to_float(q):
    """Correctly rounded, as Python's integer division is; None beyond the largest double."""
    try:
        x = q.numerator / q.denominator
    except OverflowError:
        return None
    return None if math.isinf(x) else x


def place_point(n, places):
    digits = str(abs(n)).rjust(places + 1, "0")
    text = digits[: len(digits) - places] + ("." + digits[len(digits) - places :] if places else "")
    return ("-" if n < 0 else "") + text


def trim(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self.cases = []  # (line, expected answer lines)

    def emit(self, *fields, expect):
        line = "\t".join(str(f) for f in fields)
        self.cases.append((line, expect if isinstance(expect, list) else [expect]))

    def integer(self, width=127):
        r = self.rng
        kind = r.randrange(8)
        if kind == 0:
            n = r.randrange(20)
        elif kind == 1:
            n = (1 << r.randrange(width)) + r.choice((-1, 0, 1))
        elif kind == 2:
            n = 10 ** r.randrange(max(1, int(width * 0.3)))
        elif kind == 3:
            n = 2**width - 1 - r.randrange(3)
        elif kind == 4:
            n = 2 ** r.randrange(width // 2) * 5 ** r.randrange(width // 6)
        else:
            n = r.getrandbits(r.randrange(1, width + 1))
        n = min(max(n, 0), 2**width - 1)
        return -n if r.random() < 0.4 else n

    def rational(self):
        width = self.rng.choice((8, 16, 40, 64, 90, 127))
        while True:
            d = abs(self.integer(width))
            if d:
                return Fraction(self.integer(width), d)

    def double(self):
        r = self.rng
        kind = r.randrange(7)
        if kind == 0:
            return from_bits(r.getrandbits(64) & ~(0x7FF << 52) | r.randrange(0x7FF) << 52)
        if kind == 1:
            return from_bits(r.getrandbits(52) | r.getrandbits(1) << 63)
        if kind == 2:
            return r.choice((0.0, -0.0, 5e-324, 2.2250738585072014e-308, sys.float_info.max, 1.0))
        if kind == 3:
            return math.ldexp(r.choice((1.0, -1.0)), r.randrange(-1074, 1024))
        if kind == 4:
            return round(r.uniform(-1000, 1000), r.randrange(4))
        return r.uniform(-1, 1) * 10 ** r.randrange(-8, 9)

    def arithmetic(self):
        a, b = self.rational(), self.rational()
        if self.rng.random() < 0.3:  # shared factors, so that reducing first matters
            b = Fraction(b.numerator, a.denominator)
        if self.rng.random() < 0.1:
            b = -a
        pair = (text_q(a), text_q(b))
        self.emit("add", *pair, expect=answer_q(a + b))
        self.emit("sub", *pair, expect=answer_q(a - b))
        self.emit("mul", *pair, expect=answer_q(a * b))
        self.emit("div", *pair, expect=answer_q(a / b) if b else FAIL)
        self.emit("cmp", *pair, expect=str((a > b) - (a < b)))
        near = Fraction(a.numerator + self.rng.choice((-1, 1)), a.denominator)
        if fits(near):
            self.emit("cmp", text_q(a), text_q(near), expect=str((a > near) - (a < near)))
        self.emit("floor", text_q(a), expect=str(math.floor(a)))
        self.emit("ceil", text_q(a), expect=str(math.ceil(a)))
        self.emit("todouble", text_q(a), expect=bits(to_float(a)))
        x = self.double()
        q = Fraction(x)
        self.emit("fromdouble", bits(x), expect=answer_q(q))

    def rounding(self):
        r = self.rng
        q = self.rational()
        digits = r.choice((0, 1, 2, 2, 3, 4, r.randrange(39)))
        if r.random() < 0.4:  # on or beside a half
            q = Fraction(2 * self.integer(60) + 1, 2 * 10**digits)
            q += r.choice((0, 0, Fraction(1, 10**15)))
            if not fits(q):
                return
        mode = r.randrange(4)
        rounded = answer_int(round_q(q * 10**digits, mode))
        self.emit("round", text_q(q), digits, mode, expect=rounded)
        self.emit("money", text_q(q), digits, mode, expect=rounded)
        text = place_point(round_q(q * 10**digits, 0), digits)
        if not any(c in "123456789" for c in text):
            text = text.lstrip("-")
        self.emit("rounded", text_q(q), digits, 0, expect=text)
        self.emit("rounded", text_q(q), digits, 1, expect=trim(text))

    def texts(self):
        r = self.rng
        q = self.rational()
        if r.random() < 0.6:
            q = Fraction(self.integer(100), 2 ** r.randrange(60) * 5 ** r.randrange(25))
        d, places = q.denominator, 0
        while d > 1 and d % 2 == 0 or d > 1 and d % 5 == 0:
            d //= 10 if d % 10 == 0 else 2 if d % 2 == 0 else 5
            places += 1
        exact = place_point((q * 10**places).numerator, places) if d == 1 else FAIL
        if fits(q):
            self.emit("decimal", text_q(q), expect=exact)
        ns = self.integer(63)
        self.emit("seconds", ns, expect=trim(place_point(ns, 9)))
        n, digits, grouped = self.integer(), r.choice((0, 2, 3, 4, r.randrange(39))), r.randrange(2)
        plain = place_point(n, digits)
        if grouped:
            whole, point, fraction = plain.partition(".")
            plain = f"{int(whole):,}" + point + fraction
            plain = "-" + plain if n < 0 and plain[0] != "-" else plain
        self.emit("moneytext", n, digits, grouped, expect=plain)

    def decimal_text(self):
        r = self.rng
        whole = "".join(r.choices("0123456789", k=r.choice((0, 1, 1, 3, 9, 19, 30))))
        if r.random() < 0.1:
            whole = str(2**63 + r.randrange(-2, 2))
        fraction = "".join(r.choices("0000123456789", k=r.choice((0, 1, 2, 3, 9, 20))))
        fraction += "0" * r.choice((0, 0, 3))
        text = r.choice(("", "", "-", "+")) + whole + ("." + fraction if r.random() < 0.6 else "")
        if r.random() < 0.1:
            at = len(text) // 2
            text = text[:at] + r.choice((" ", ",", "-", ".", "e", "x", "\0")) + text[at:]
        return text

    def parsing(self):
        r = self.rng
        text = self.decimal_text()
        valid = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text)
        value = Fraction(text if text[-1] != "." else text[:-1]) if valid else None
        self.emit("qtext", text.encode().hex(), expect=self.expected_qtext(value))
        is_integer = bool(re.fullmatch(r"[+-]?\d+", text))
        in_range = is_integer and -(2**63) <= int(text) < 2**63
        self.emit("i64", text.encode().hex(), expect=str(int(text)) if in_range else FAIL)
        scale = r.randrange(10)
        scaled = value * 10**scale if valid else Fraction(1, 2)
        in_range = scaled.denominator == 1 and -(2**63) <= scaled < 2**63
        self.emit("scaled", text.encode().hex(), scale, expect=str(scaled) if in_range else FAIL)

    @staticmethod
    def expected_qtext(value):
        if value is None:
            return FAIL
        places = 0
        while (value * 10**places).denominator != 1:
            places += 1
        # The digits themselves must fit as well, not only the reduced fraction.
        return text_q(value) if abs(value * 10**places) <= MAX and places <= 38 else FAIL

    UNITS = [("d", 86400 * 10**9), ("h", 3600 * 10**9), ("m", 60 * 10**9), ("s", 10**9),
             ("ms", 10**6), ("us", 10**3), ("ns", 1)]

    def number(self):
        r = self.rng
        n = str(r.choice((0, 1, 5, 30, 90, 1000, r.getrandbits(r.randrange(1, 50)))))
        if r.random() < 0.2:
            n += "." + str(r.randrange(1000)).rjust(r.randrange(1, 4), "0")
        return n

    def duration(self):
        r = self.rng
        sign = r.choice(("", "", "-"))
        total = Fraction(0)
        if r.random() < 0.6:
            chosen = sorted(r.sample(range(7), r.randrange(1, 4)))
            valid = True
            if r.random() < 0.1:
                chosen = chosen[::-1] + chosen[:1]
                valid = len(chosen) == 1
            text = ""
            for i in chosen:
                n = self.number()
                text += n + self.UNITS[i][0]
                total += Fraction(n) * self.UNITS[i][1]
        else:
            names = ["W", "D", "H", "M", "S"]
            sizes = [7 * 86400 * 10**9] + [u for _, u in self.UNITS[:4]]
            chosen = sorted(r.sample(range(5), r.randrange(1, 4)))
            text, valid, fraction = "P", True, False
            for i in chosen:
                n = self.number()
                valid = valid and not fraction
                fraction = "." in n
                if i >= 2 and "T" not in text:
                    text += "T"
                text += n + names[i]
                total += Fraction(n) * sizes[i]
            if r.random() < 0.1:
                text, valid = text.replace("P", r.choice(("", "P1Y", "p", "PT"))), None
        total = -total if sign else total
        ok = valid and total.denominator == 1 and -(2**63) <= total < 2**63
        if valid is not None:
            self.emit("duration", (sign + text).encode().hex(), expect=str(total) if ok else FAIL)

    BORDER_NUMBERS = [
        "1e309", "1.7976931348623158e308", "1.7976931348623159e308", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "1e-400", "0e999999999", "-0", "inf", "nan", "0x1p3", "1e",
        "e5", ".", "1e+", "1_0", "1e5 ", "", "-.5", "5.", "1e99999999999999999999",
        "-1e-99999999999",
    ]

    def number_text(self):
        r = self.rng
        kind = r.randrange(6)
        if kind == 0:
            return repr(self.double())
        if kind == 1:  # a midpoint between two doubles, exactly, or a touch beside it
            x = abs(self.double())
            if x > 1e300:
                x = 1.5
            mid = (Fraction(x) + Fraction(math.nextafter(x, math.inf))) / 2
            places = mid.denominator.bit_length() - 1
            text = place_point((mid * 10**places).numerator, places)
            return text + (r.choice(("", "000", "0" * 50 + "1")) if "." in text else "")
        if kind == 2:
            digits = "".join(r.choices("0123456789", k=r.randrange(1, 60)))
            return digits + f"e{r.randrange(-345, 310)}"
        if kind == 3:
            return f"{r.getrandbits(64)}.{r.getrandbits(70)}E{r.choice('+-')}{r.randrange(40)}"
        if kind == 4:
            return r.choice(self.BORDER_NUMBERS)
        return self.decimal_text()

    def doubles(self):
        text = self.number_text()
        valid = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text)
        value = float(text) if valid else math.inf
        expect = FAIL if math.isinf(value) else bits(value)
        self.emit("double", text.encode().hex(), expect=expect)
        x = self.double()
        self.emit("doubletext", bits(x), expect=repr(x).removesuffix(".0"))

    def sums(self, count):
        r = self.rng
        kind = r.randrange(6)
        if kind == 0:
            values = [self.double() for _ in range(count)]
        elif kind == 5:  # a tie, settled far below
            x = r.uniform(1, 2)
            values = [x, 2.0**-53, r.choice((0.0, 1.0, -1.0)) * 2.0 ** r.randrange(-1074, -60)]
        elif kind == 1:  # everything cancels but one
            values = [r.uniform(-1, 1) * 2.0 ** r.randrange(-300, 300) for _ in range(count // 2)]
            values += [-v for v in values] + [self.double() / 4]
            r.shuffle(values)
        elif kind == 2:
            values = [from_bits(r.getrandbits(53) | r.getrandbits(1) << 63) for _ in range(count)]
        elif kind == 3:
            values = [sys.float_info.max * r.choice((1, -1, 0.5)) for _ in range(count)]
        else:
            values = [round(r.uniform(0, 500), 2) for _ in range(count)]
        n = r.choice((1, max(1, len(values)), r.randrange(1, 10), r.getrandbits(64) or 1))
        self.emit_sum(values, n, None)
        if r.random() < 0.05:
            values.append(r.choice((math.inf, -math.inf, math.nan)))
            self.emit("fsum", 2, 1, bits(0.0), *map(bits, values), expect=[FAIL, FAIL, "2"])

    def emit_sum(self, values, n, target):
        r = self.rng
        total = sum(map(Fraction, values), Fraction(0))
        mean = to_float(total / n)
        if target is None:
            target = mean if mean is not None and r.random() < 0.7 else self.double()
            if r.random() < 0.3 and abs(target) < 1e308:
                target = math.nextafter(target, r.choice((-math.inf, math.inf)))
        result = to_float(total)
        # A sum that rounds to zero keeps its sign; the exact zero is +0.
        expect = [FAIL if v is None else bits(v) for v in (result, mean)]
        expect.append(str((total / n > Fraction(target)) - (total / n < Fraction(target))))
        parts = r.choice((1, 1, 2, 3, 5)) if len(values) < 9000 else 1
        self.emit("fsum", parts, n, bits(target), *map(bits, values), expect=expect)

    def apportion(self):
        r = self.rng
        n = r.randrange(1, 9)
        kind = r.randrange(3)
        if kind == 0:
            weights = [Fraction(r.randrange(5)) for _ in range(n)]
        elif kind == 1:
            below = (2, 3, 6, 7, 60, 334)
            weights = [Fraction(r.randrange(1, 40), r.choice(below)) for _ in range(n)]
        else:
            weights = [Fraction(r.getrandbits(20), 720720) for _ in range(n)]
        total = self.integer(r.choice((10, 40, 100)))
        whole = sum(weights)
        if not whole:
            expect = FAIL
        else:
            exact = [abs(total) * w / whole for w in weights]
            parts = [math.floor(e) for e in exact]
            order = sorted(range(n), key=lambda i: (parts[i] - exact[i], i))
            for i in order[: abs(total) - sum(parts)]:
                parts[i] += 1
            expect = " ".join(str(-p if total < 0 else p) for p in parts)
        self.emit("apportion", total, *map(text_q, weights), expect=expect)

    def bytes(self):
        r = self.rng
        data = r.randbytes(r.randrange(300))
        self.emit("hash", data.hex(), expect=hashlib.blake2b(data, digest_size=32).hexdigest())
        if r.random() < 0.7:
            codes = lambda: (r.randrange(32, 127), r.randrange(0xD800),
                             r.randrange(0x10000, 0x110000), r.randrange(32), 34, 92)
            text = "".join(chr(r.choice(codes())) for _ in range(r.randrange(30)))
            data = bytearray(text.encode())
            for _ in range(r.choice((0, 1, 3)) if data else 0):
                data[r.randrange(len(data))] = r.randrange(256)
            data = bytes(data)
        escape = lambda m: "\\" + m[0] if m[0] in '"\\' else f"\\u{ord(m[0]):04x}"
        escaped = re.sub('[\\x00-\\x1f"\\\\]', escape, data.decode("utf-8", "replace"))
        self.emit("json", data.hex(), expect=f'"{escaped}"')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--cases", type=int, default=4000)
    options = parser.parse_args()
    print(f"exact_oracle: seed {options.seed}, {options.cases} rounds")
    g = Generator(random.Random(options.seed))
    makers = (g.arithmetic, g.rounding, g.texts, g.parsing, g.duration, g.doubles, g.apportion,
              g.bytes)
    for i in range(options.cases):
        for make in makers:
            make()
        if i % 8 == 0:
            g.sums(g.rng.choice((0, 1, 2, 5, 40)))
    for e in range(-1074, 1024):  # the shortest text is hardest at powers of two
        x = math.ldexp(1.0, e)
        g.emit("doubletext", bits(x), expect=repr(x).removesuffix(".0"))
    # Long enough for carries to be due, in the position where each addition is largest.
    x = math.ldexp(2.0 - 2.0**-52, 33)
    g.emit_sum([x] * 9000, 9000, x)
    g.sums(10000)
    lines = "".join(line + "\n" for line, _ in g.cases)
    done = subprocess.run([options.driver], input=lines.encode(), stdout=subprocess.PIPE,
                          check=False)
    answers = iter(done.stdout.decode("utf-8").split("\n"))
    passed = failed = 0
    for line, expect in g.cases:
        got = [next(answers, "nothing") for _ in expect]
        if got == expect:
            passed += 1
            continue
        failed += 1
        if failed <= 20:
            print(f"FAILED {line[:300]}\n  expected {expect}\n  got      {got}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
