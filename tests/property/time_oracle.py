#!/usr/bin/env python3
"""Holds the time module against Python's own calendar, zones and strptime.

Usage: time_oracle.py DRIVER [--seed N]

DRIVER is tests/property/time_driver.c compiled with runtime/time. The expectations come from
datetime and zoneinfo (which has its own TZif reader) and, for opening hours and clocks, from a
naive enumeration of minutes: a minute is open if the wall clock, never running backwards, shows
a time within the rules. Prints `N passed, N failed`; exits 1 on a mismatch.
"""
import argparse
import calendar as pycal
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

NS = 10**9
MIN = 60 * NS
DAY = 86400 * NS
EPOCH = datetime(1970, 1, 1)
FIVE = ["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
        "America/Sao_Paulo"]
MORE = ["Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Africa/Cairo", "Asia/Gaza",
        "Europe/Dublin", "America/Nuuk", "Pacific/Kwajalein", "Asia/Tehran", "America/Havana",
        "Antarctica/Troll", "UTC", "Etc/GMT+12", "Pacific/Kiritimati", "Asia/Beirut"]

queries = []          # (line, expected or a function of the answer, what it is)


def ask(line, expected):
    queries.append((line, str(expected)))


def sec(t):
    """Seconds of a naive datetime."""
    d = t - EPOCH
    return d.days * 86400 + d.seconds


class Zone:
    """Whole-second view of a zone, by zoneinfo alone."""

    def __init__(self, name):
        self.name, self.tz, self.memo = name, ZoneInfo(name), {}

    def offset(self, s):
        t = (EPOCH + timedelta(seconds=s)).replace(tzinfo=timezone.utc).astimezone(self.tz)
        return int(t.utcoffset().total_seconds())

    def as_fold(self, local_s, fold):
        t = (EPOCH + timedelta(seconds=local_s)).replace(tzinfo=self.tz, fold=fold)
        return local_s - int(t.utcoffset().total_seconds())

    def to_utc(self, local_s):
        return self.as_fold(local_s, 0)

    def first_at(self, local_s):
        """First second at which the wall clock shows local_s or later."""
        a = self.as_fold(local_s, 0)
        if a + self.offset(a) == local_s:
            return a
        low, high = sorted((a, self.as_fold(local_s, 1)))  # a gap: the change lies between
        while low < high:
            mid = (low + high) // 2
            if mid + self.offset(mid) >= local_s:
                high = mid
            else:
                low = mid + 1
        return low

    def midnight(self, day):
        if day not in self.memo:
            self.memo[day] = self.first_at(day * 86400)
        return self.memo[day]

    def day(self, s):
        d = (s + self.offset(s)) // 86400 - 1
        while self.midnight(d + 1) <= s:
            d += 1
        return d


def days(y, m, d):
    return date(y, m, d).toordinal() - date(1970, 1, 1).toordinal()


def window_days(unit, day):
    d = date.fromordinal(day + date(1970, 1, 1).toordinal())
    if unit == 0:
        return day, day + 1
    if unit == 1:
        return day - d.weekday(), day - d.weekday() + 7
    if unit == 4:
        return days(d.year, 1, 1), days(d.year + 1, 1, 1)
    n = 1 if unit == 2 else 3
    first = (d.month - 1) // n * n + 1
    after = first + n
    return days(d.year, first, 1), days(d.year + after // 13, (after - 1) % 12 + 1, 1)


def changes(zone, year_from, year_to):
    """Instants of changes, found by probing offsets every 12 hours; memoised per zone."""
    out = []
    s, end = days(year_from, 1, 1) * 86400, days(year_to, 1, 1) * 86400
    last = zone.offset(s)
    while s < end:
        off = zone.offset(s + 43200)
        if off != last:
            low, high = s, s + 43200
            while high - low > 1:
                mid = (low + high) // 2
                if zone.offset(mid) == last:
                    low = mid
                else:
                    high = mid
            out.append(high)
            last = off
        s += 43200
    return out


def test_zones(rng):
    for name in FIVE + MORE:
        zone = Zone(name)
        ask(f"z {name}", "ok")
        points = [rng.randrange(0, days(2038, 1, 1) * 86400) for _ in range(120)]
        points += [rng.randrange(days(2038, 1, 1), days(2260, 1, 1)) * 86400 + rng.randrange(86400)
                   for _ in range(80)]
        points += [rng.randrange(days(1900, 1, 1) * 86400, 0) for _ in range(40)]
        for c in changes(zone, 2009, 2013) + changes(zone, 2052, 2054):
            points += [c - 1, c, c + 1, c + rng.randrange(-7200, 7200)]
        for s in points:
            ask(f"o {s * NS + rng.randrange(NS)}", zone.offset(s) * NS)
            local = s + zone.offset(s) + rng.choice([0, 0, -1800, 1800, 3599])
            ask(f"u {local * NS}", zone.to_utc(local) * NS)
            ask(f"d {s * NS}", zone.day(s))
            day = s // 86400
            ask(f"m {day}", zone.midnight(day) * NS)


def test_windows(rng):
    """Every window boundary from 1996 to 2040 in five zones, walked and at random instants."""
    for name in FIVE:
        zone = Zone(name)
        ask(f"z {name}", "ok")
        for unit in (2, 3, 4, 1, 0):
            day, end = days(1996, 1, 1), days(2040, 1, 1)
            while day < end:
                a, b = window_days(unit, day)
                c, d = window_days(unit, b)
                if unit > 0 or rng.random() < 0.1:
                    low, high = zone.midnight(a), zone.midnight(b)
                    want = " ".join(str(x * NS) for x in
                                    (low, high, zone.midnight(c), zone.midnight(d)))
                    for t in {low * NS, high * NS - 1, rng.randrange(low * NS, high * NS)}:
                        ask(f"w {unit} {t}", want)
                day = b


def test_rolling(rng):
    for name in FIVE + ["Pacific/Apia", "America/St_Johns"]:
        zone = Zone(name)
        ask(f"z {name}", "ok")
        for _ in range(60):
            s = rng.randrange(days(1996, 1, 1) * 86400, days(2040, 1, 1) * 86400)
            if rng.random() < 0.3:
                s = zone.midnight(s // 86400)
            every = rng.choice([1, 1, 2, 7, 30])
            d = zone.day(s) // every * every
            while zone.midnight(d) <= s:
                d += every
            ask(f"r {every} 0 {s * NS}", zone.midnight(d) * NS)
            step = rng.choice([60, 900, 3600, 5 * 3600, 21600, 25 * 3600])
            mid, end = zone.midnight(zone.day(s)), zone.midnight(zone.day(s) + 1)
            e = mid
            while e <= s:
                e += step
            ask(f"r 0 {step * NS} {s * NS}", min(e, end) * NS)


class Minutes:
    """Open minutes of a calendar over some weeks, one by one."""

    def __init__(self, zone, rules, closed, first_day, count):
        self.base = first_day * 86400 // 60
        spans = []                       # local minutes, by the day on which a period opens
        for day in range(first_day - 3, first_day + count + 3):
            if day in closed:
                continue
            weekday = (day + 3) % 7
            for mask, a, b in rules:
                if mask >> weekday & 1:
                    spans.append((day * 1440 + a, day * 1440 + (b if b > a else b + 1440)))
        local_open = set()
        for a, b in spans:
            local_open.update(range(a, b))
        self.open = bytearray(count * 1440)
        # The wall clock, kept from running backwards, as far back as any change reaches.
        shown = -10**12
        for i in range(-180, count * 1440):
            minute = self.base + i
            shown = max(shown, minute + zone.offset(minute * 60) // 60)
            if i >= 0:
                self.open[i] = shown in local_open


def random_rules(rng):
    kind = rng.random()
    if kind < 0.25:
        return [(0x1f, 9 * 60, 17 * 60 + 30)]
    if kind < 0.4:
        return [(rng.randrange(1, 128), 22 * 60, 6 * 60), (0x7f, 5 * 60, 5 * 60 + 30)]
    if kind < 0.5:
        return [(0x7f, 0, 1440)]
    if kind < 0.6:
        return [(0x7f, 30, 90), (0x7f, 135, 180)]
    rules = []
    for _ in range(rng.randrange(1, 5)):
        rules.append((rng.randrange(1, 128), rng.randrange(0, 1440, 5), rng.randrange(0, 1441, 5)))
    return rules


def test_calendars(rng):
    count = 21
    for round_ in range(36):
        zone = Zone(rng.choice(FIVE + ["Africa/Casablanca", "America/Havana"]))
        near = changes(zone, 2012, 2014) or [days(2013, 5, 1) * 86400]
        if round_ % 3 == 0:
            first = days(1996, 1, 1) + rng.randrange(365 * 30)
        else:
            first = rng.choice(near) // 86400 - rng.randrange(2, 15)
        rules = random_rules(rng)
        closed = sorted({first + rng.randrange(count) for _ in range(rng.randrange(4))})
        m = Minutes(zone, rules, closed, first, count)
        ask(f"z {zone.name}", "ok")
        text = " ".join(f"{w} {a * MIN} {b * MIN}" for w, a, b in rules)
        ask(f"c {len(rules)} {text} {len(closed)} {' '.join(map(str, closed))}", "ok")
        ask_calendar(rng, m)


def ask_calendar(rng, m):
    n = len(m.open)

    def t(i):
        return (m.base + i) * MIN

    for _ in range(40):
        i = rng.randrange(n)
        ask(f"O {t(i) + rng.randrange(MIN)}", int(m.open[i]))
        ask_next_open(m, i, t)
    first_pause = True
    for _ in range(6):
        paused = bytearray(n)
        pauses = []
        for _ in range(0 if first_pause else rng.randrange(1, 8)):
            a = rng.randrange(n)
            b = min(n, a + rng.choice([5, 60, 600, 3000]))
            pauses.append((t(a), t(b)))
            paused[a:b] = b"\1" * (b - a)
        first_pause = False
        ask(f"p {len(pauses)} {' '.join(f'{a} {b}' for a, b in pauses)}", "ok")
        for use in (0, 1):
            runs = bytes((o or not use) and not p for o, p in zip(m.open, paused))
            total = [0]
            for r in runs:
                total.append(total[-1] + r)
            for _ in range(10):
                ask_clock(rng, use, runs, total, t)


def ask_next_open(m, i, t):
    """Asked only where the interval begins and ends within the minutes that were enumerated."""
    n = len(m.open)
    a = next((k for k in range(i, n) if m.open[k]), n)
    while a == i and a > 0 and m.open[a - 1]:
        a, i = a - 1, i - 1
    b = next((k for k in range(a, n) if not m.open[k]), n)
    if 0 < a and b < n:
        ask(f"N {t(max(a, i))}", f"{t(a)} {t(b)}")


def ask_clock(rng, use, runs, total, t):
    n = len(runs)
    a, b = rng.randrange(n), rng.randrange(n)
    ask(f"E {use} {t(a)} {t(b)}", max(0, total[b] - total[a]) * MIN)
    room = total[n] - total[a]
    if room == 0:
        return
    # Half of the time an allowance that ends exactly where a stretch does.
    allowed = rng.randrange(room) + 1
    if rng.random() < 0.5:
        ends = [i for i in range(a + 1, n) if runs[i - 1] and not runs[i]]
        if ends:
            allowed = total[rng.choice(ends)] - total[a]
    due = next(i for i in range(a, n + 1) if total[i] - total[a] == allowed)
    ask(f"U {use} {t(a)} {allowed * MIN}", t(due))
    last = next((i for i in range(due, n) if runs[i]), None)
    if last is not None:
        ask(f"R {use} {t(a)} {allowed * MIN}", t(last))
        part = rng.randrange(1, MIN)
        ask(f"U {use} {t(a)} {allowed * MIN + part}", t(last) + part)
        ask(f"E {use} {t(a)} {t(last) + part}", allowed * MIN + part)


def test_text(rng):
    ask("z Europe/London", "ok")
    for _ in range(1500):
        s = rng.randrange(-9 * 10**9, 9 * 10**9)
        ns = rng.choice([0, 0, 5 * 10**8, 123456789, 10, rng.randrange(NS)])
        t = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=s)
        off = rng.choice([0, 60, -300, 330, 845, -720])
        local = t.astimezone(timezone(timedelta(minutes=off)))
        fraction = f".{ns:09d}".rstrip("0") if ns else ""
        zone = rng.choice(["Z", "z", "+00:00", "-00:00"]) if off == 0 else \
            f"{'-' if off < 0 else '+'}{abs(off) // 60:02d}:{abs(off) % 60:02d}"
        text = local.strftime(f"%Y-%m-%d{rng.choice('T t')}%H:%M:%S") + fraction + zone
        ask(f"P {text}", s * NS + ns)
        if s > -3 * 10**9 // 2:          # whole minutes in London's offset
            want = t.astimezone(ZoneInfo("Europe/London"))
            off_text = want.strftime("%z")
            off_text = "Z" if off_text == "+0000" else off_text[:3] + ":" + off_text[3:5]
            ask(f"X {s * NS + ns}", want.strftime("%Y-%m-%dT%H:%M:%S") + fraction + off_text)
        damaged = list(text)
        at = rng.randrange(len(damaged))
        damaged[at] = rng.choice("0123456789:-+.TZ x")
        test_damaged("".join(damaged))


def test_damaged(text):
    """A changed character: accepted exactly when a plain regular expression and datetime agree."""
    import re
    m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
                     r"(?:[Zz]|([+-])(\d\d):(\d\d))", text)
    want = "none"
    if m:
        y, mo, d, h, mi, s = (int(m[i]) for i in range(1, 7))
        ok = 1 <= mo <= 12 and h < 24 and mi < 60 and s < 60 and y > 0
        ok = ok and 1 <= d <= pycal.monthrange(y, mo)[1]
        ok = ok and (not m[8] or (int(m[9]) < 24 and int(m[10]) < 60))
        if ok:
            off = 0 if not m[8] else (int(m[9]) * 60 + int(m[10])) * (60 if m[8] == "+" else -60)
            ns = (sec(datetime(y, mo, d, h, mi, s)) - off) * NS
            ns += int((m[7] or "0").ljust(9, "0"))
            if -2**63 <= ns < 2**63:
                want = ns
    ask(f"P {text}", want)


def test_formats(rng):
    formats = ["%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%y %I:%M %p", "%d-%b-%Y %H:%M:%S.%f",
               "%B %d, %Y %I:%M:%S %p", "%Y%m%dT%H%M%S%z", "%j %Y %H:%M",
               "%a, %d %b %Y %H:%M:%S %z",
               "%H:%M:%S %d.%m.%Y", "%A %d %B %Y", "%y%m%d", "%%%Y/%m/%d%%"]
    for _ in range(1500):
        fmt = rng.choice(formats)
        t = datetime(1970, 1, 1) + timedelta(seconds=rng.randrange(0, 68 * 365 * 86400),
                                             microseconds=rng.randrange(10**6))
        aware = t.replace(tzinfo=timezone(timedelta(minutes=rng.choice([0, 90, -480]))))
        text = aware.strftime(fmt)
        if rng.random() < 0.3:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice("0123456789/:- ax") + text[at + 1:]
        try:
            back = datetime.strptime(text, fmt)
        except ValueError:
            back = None
        # Python takes any run of blanks for one and does not check weekdays or %j: not compared.
        if back is None and not known_difference(text, fmt):
            ask(f"F {fmt}\t{text}", "none")
        elif back is not None and text == aware.strftime(fmt):
            off = back.utcoffset()
            local = back.replace(tzinfo=None)
            ns = sec(local) * NS + local.microsecond * 1000
            ask(f"F {fmt}\t{text}", f"{ns} {int(off is not None)} "
                f"{int(off.total_seconds()) * NS if off is not None else 0}")


def known_difference(text, fmt):
    return "%z" in fmt                   # offsets: +HH alone is taken here, not in Python


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=20260105)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    counts = []
    for test in (test_zones, test_windows, test_rolling, test_calendars, test_text, test_formats):
        before = len(queries)
        test(rng)
        counts.append(f"{test.__name__[5:]} {len(queries) - before}")
    text = "".join(line + "\n" for line, _ in queries)
    run = subprocess.run([args.driver], input=text, capture_output=True, text=True, check=False)
    answers = run.stdout.splitlines()
    failed, context = 0, ""
    if run.returncode != 0 or len(answers) != len(queries):
        print(f"driver ended with {run.returncode} after {len(answers)} of {len(queries)} answers")
        print(run.stderr[-2000:])
        failed += 1
    for (line, want), got in zip(queries, answers):
        if line[0] == "z":
            context = line[2:]
        if want != got:
            failed += 1
            if failed <= 20:
                print(f"[{context}] {line[:300]}\n  expected {want}\n  got      {got}")
    print(f"time oracle, seed {args.seed}: {', '.join(counts)}")
    print(f"{len(queries) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
