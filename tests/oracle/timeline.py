"""Naive exact time for the oracle: instants, durations, zones, calendars, interval lists.

Everything is an integer of nanoseconds since 1970-01-01T00:00:00Z; intervals are [from, to).
Interval lists are plain sorted lists of pairs; no cleverness, so that a reader can check it.
Tested by tests/oracle/test_oracle.py.
"""

import datetime as dt
import re
from zoneinfo import ZoneInfo

NS = 10**9
MINUTE = 60 * NS
HOUR = 3600 * NS
DAY = 86400 * NS
FAR_DAYS = 1500          # how far ahead a due date is sought before it is called "never"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": NS, "ms": 10**6, "us": 10**3, "ns": 1}


# ---- texts ------------------------------------------------------------------------------------

def parse_instant(text):
    """RFC 3339 with an offset, up to nine fractional digits; a bare date is midnight UTC."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        text += "T00:00:00Z"
    m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
                     r"(Z|[+-]\d\d:\d\d)", text)
    if not m:
        raise ValueError(f"not an instant: {text!r}")
    whole = dt.datetime(*(int(m.group(i)) for i in range(1, 7)), tzinfo=dt.timezone.utc)
    ns = int((m.group(7) or "0").ljust(9, "0"))
    off = m.group(8)
    shift = 0
    if off != "Z":
        shift = (int(off[1:3]) * 60 + int(off[4:6])) * MINUTE * (-1 if off[0] == "-" else 1)
    return datetime_ns(whole) + ns - shift


def datetime_ns(moment):
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * NS + delta.microseconds * 1000


def format_instant(ns):
    """UTC text of an instant, with as many fractional digits as needed."""
    sec, frac = divmod(ns, NS)
    text = (EPOCH + dt.timedelta(seconds=sec)).strftime("%Y-%m-%dT%H:%M:%S")
    if frac:
        text += "." + f"{frac:09d}".rstrip("0")
    return text + "Z"


def parse_duration(text):
    """1h30m, 250ms, 2d, 1.5s: units in descending order, each at most once."""
    m = re.fullmatch(r"((?:\d+(?:\.\d+)?(?:ms|us|ns|d|h|m|s))+)", text)
    if not m:
        raise ValueError(f"not a duration: {text!r}")
    total = 0
    for num, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)", text):
        whole, _, frac = num.partition(".")
        total += int(whole) * UNITS[unit]
        if frac:
            scaled = int(frac) * UNITS[unit]
            if scaled % 10**len(frac):
                raise ValueError(f"not a whole number of nanoseconds: {text!r}")
            total += scaled // 10**len(frac)
    return total


def format_duration(ns):
    """The literal form that the language reads."""
    if ns == 0:
        return "0s"
    out = ""
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        n, ns = divmod(ns, UNITS[unit])
        if n:
            out += f"{n}{unit}"
    return out


def parse_clock(text):
    h, m = text.split(":")
    return int(h) * 3600 + int(m) * 60


# ---- zones ------------------------------------------------------------------------------------

class Zone:
    """Civil days of an IANA zone. Gaps move forward, folds take the first instant (fold=0)."""

    def __init__(self, name):
        self.name = name
        self.info = ZoneInfo(name)

    def utc(self, day, seconds=0):
        """The instant of a local wall time, seconds after that day's 00:00 on the wall."""
        local = dt.datetime(day.year, day.month, day.day) + dt.timedelta(seconds=seconds)
        return datetime_ns(local.replace(tzinfo=self.info, fold=0).astimezone(dt.timezone.utc))

    def opening(self, day, seconds):
        """The first instant at which the wall shows that time or a later one."""
        wanted = dt.datetime(day.year, day.month, day.day) + dt.timedelta(seconds=seconds)
        at = self.utc(day, seconds)

        def shown(ns):
            return (EPOCH + dt.timedelta(seconds=ns // NS)).astimezone(self.info).replace(tzinfo=None)

        if shown(at) != wanted:              # a time that the clocks skipped: where they jumped
            before, after = at - 3 * HOUR, at
            while after - before > NS:
                middle = (before + after) // (2 * NS) * NS
                before, after = (before, middle) if shown(middle) >= wanted else (middle, after)
            at = after
        return at

    def day(self, ns):
        """The civil day that contains an instant."""
        return (EPOCH + dt.timedelta(seconds=ns // NS)).astimezone(self.info).date()


# ---- interval lists ---------------------------------------------------------------------------

def union(*lists):
    out = []
    for a, b in sorted(p for one in lists for p in one if p[0] < p[1]):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return out


def clip(spans, a, b):
    return [(max(x, a), min(y, b)) for x, y in spans if max(x, a) < min(y, b)]


def intersect(one, two):
    """What two sorted, disjoint lists share, walking both from the left."""
    out, i, j = [], 0, 0
    while i < len(one) and j < len(two):
        a, b = max(one[i][0], two[j][0]), min(one[i][1], two[j][1])
        if a < b:
            out.append((a, b))
        if one[i][1] < two[j][1]:
            i += 1
        else:
            j += 1
    return out


def subtract(one, two):
    """What the first list has and the second has not."""
    if not one:
        return []
    edges = [one[0][0]] + [t for a, b in two for t in (a, b)] + [one[-1][1]]
    gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if a < b]
    return intersect(one, gaps)


def measure(spans):
    return sum(b - a for a, b in spans)


def contains(spans, t):
    return any(a <= t < b for a, b in spans)


def earliest(spans, amount):
    """The first `amount` of the time in a list."""
    out = []
    for a, b in spans:
        if amount <= 0:
            break
        take = min(amount, b - a)
        out.append((a, a + take))
        amount -= take
    return out


# ---- calendars --------------------------------------------------------------------------------

class Calendar:
    """Opening hours. A period over midnight belongs to the day on which it opens."""

    def __init__(self, zone, rules, closed):
        self.zone = zone
        self.rules = rules                       # [(set of weekdays, open s, close s)]
        self.closed = {dt.date.fromisoformat(d) for d in closed}
        self.cache = {}                          # day -> its intervals, only to save time

    @staticmethod
    def of(model, default_zone):
        rules = [(set(r["days"]), parse_clock(r["from"]), parse_clock(r["to"]))
                 for r in model["open"]]
        return Calendar(Zone(model.get("timezone") or default_zone), rules,
                        model.get("closed", []))

    def day_hours(self, day):
        if day not in self.cache:
            out = []
            if day not in self.closed:
                for days, opens, closes in self.rules:
                    if day.weekday() in days:
                        end = closes if closes > opens else closes + 86400
                        out.append((self.zone.opening(day, opens), self.zone.opening(day, end)))
            self.cache[day] = out
        return self.cache[day]

    def slice(self, a, b):
        """The open time in [a, b)."""
        if a >= b:
            return []
        day = self.zone.day(a) - dt.timedelta(days=2)
        last = self.zone.day(b) + dt.timedelta(days=1)
        out = []
        while day <= last:
            out += self.day_hours(day)
            day += dt.timedelta(days=1)
        return clip(union(out), a, b)


# ---- windows ----------------------------------------------------------------------------------

def first_day(unit, day):
    if unit == "day":
        return day
    if unit == "week":
        return day - dt.timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    if unit == "year":
        return day.replace(month=1, day=1)
    raise ValueError(unit)


def next_first_day(unit, day):
    if unit in ("day", "week"):
        return day + dt.timedelta(days=1 if unit == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    index = day.year * 12 + day.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def calendar_windows(zone, unit, a, b):
    """The calendar windows that have an instant in common with [a, b)."""
    day = first_day(unit, zone.day(a))
    out = []
    while zone.utc(day) < b:
        after = next_first_day(unit, day)
        out.append((zone.utc(day), zone.utc(after)))
        day = after
    return [w for w in out if w[1] > a]


def window_at(zone, unit, t):
    day = first_day(unit, zone.day(t))
    return zone.utc(day), zone.utc(next_first_day(unit, day))


def rolling_windows(zone, length, every, start, end, a, b):
    """Sliding windows that lie wholly in the period [start, end) and touch [a, b)."""
    ends = set()
    day = zone.day(start)
    step_days = every // DAY if every % DAY == 0 else 0
    while zone.utc(day) <= end:
        midnight, after = zone.utc(day), zone.utc(day + dt.timedelta(days=1))
        if step_days:
            if (day - dt.date(1970, 1, 1)).days % step_days == 0:
                ends.add(midnight)
        else:
            t = midnight
            while t < after:
                ends.add(t)
                t += every
        day += dt.timedelta(days=1)
    return [(e - length, e) for e in sorted(ends) if e - length >= start and e <= end
            and e - length < b and e > a]


# ---- clocks -----------------------------------------------------------------------------------

def running(segments, calendar, pauses, horizon):
    """The time in which a clock runs, up to the horizon; None as a segment's end is open."""
    runs = union([(a, horizon if b is None else min(b, horizon)) for a, b in segments])
    if calendar is not None and runs:
        runs = intersect(runs, calendar.slice(runs[0][0], runs[-1][1]))
    return subtract(runs, pauses)


def reach(segments, calendar, pauses, allowed, last):
    """First (or last) instant at which the elapsed time equals the allowance; None if never.

    `pauses` gives the pauses up to a horizon, because a calendar has no end.
    """
    if not segments:
        return None
    if allowed == 0 and not last:
        return segments[0][0]
    for days in (3, 40, FAR_DAYS):
        acc, horizon = 0, segments[-1][0] + allowed + days * DAY
        for a, b in running(segments, calendar, pauses(horizon), horizon):
            if acc + (b - a) > allowed or (not last and acc + (b - a) == allowed):
                return a + (allowed - acc)
            acc += b - a
    return None
