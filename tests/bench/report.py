# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of results, and their place in docs/PERFORMANCE.md."""
import os
import platform
import re
from statistics import median

MIB = 1 << 20


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def times(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def size(count):
    return f"{count / 1e6:.1f} MB"


class Series:
    """The results of one way, aligned by round with those of the others (None: not run)."""

    def __init__(self):
        self.results, self.archives, self.failure = [], [], None

    def values(self, field):
        return [getattr(r, field) for r in self.results if r]

    def median(self, field):
        return median(self.values(field))

    def ratio(self, native, field, less=None):
        """Median over the rounds of this way's figure to the native one of the same round."""
        pairs = zip(self.results, native.results, less.results if less else self.results)
        got = [(getattr(a, field) - (getattr(c, field) if less else 0)) / getattr(b, field)
               for a, b, c in pairs if a and b and c and getattr(b, field)]
        return median(got) if got else None

    def spread(self):
        walls = self.values("wall")
        return f"{seconds(min(walls))} – {seconds(max(walls))}"


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def ratio_cell(value):
    return "" if value is None else times(value)


def way_rows(way, got, series):
    s, native = got[way.name], got["native"]
    if not s.results:
        return [row(way.label, s.failure or "not run", "", "", "", "", "")]
    own = way.name in ("native", "replay-start", "copy-start")  # a ratio to native would say nothing
    memory = f"{max(s.values('memory')) / 1024:.1f} MiB" if way.tool == "care" else ""
    rows = [row(way.label, f"{seconds(s.median('wall'))} ({s.spread()})",
                seconds(s.median("cpu")),
                "" if own else ratio_cell(s.ratio(native, "wall")),
                "" if own else ratio_cell(s.ratio(native, "cpu")),
                size(median(s.archives)) if s.archives else "", memory)]
    start = got.get("replay-start")
    if way.name == "replay" and start and start.results:
        rows.append(row("… from exec", seconds(s.median("wall") - start.median("wall")),
                        seconds(max(0, s.median("cpu") - start.median("cpu"))),
                        ratio_cell(s.ratio(native, "wall", start)),
                        ratio_cell(s.ratio(native, "cpu", start)), "", ""))
    return rows


def load_table(about, ways, got, rounds):
    lines = [f"{about} ({rounds} round{'s' if rounds != 1 else ''})", "",
             row("way", "wall (range)", "CPU", "× wall", "× CPU", "archive", "peak memory of care"),
             row("---", "---:", "---:", "---:", "---:", "---:", "---:")]
    for way in ways:
        if way.name in got:
            lines += way_rows(way, got, way)
    return "\n".join(lines)


def first_match(path, pattern):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            found = re.search(pattern, f.read(), re.M)
            return found.group(1) if found else ""
    except OSError:
        return ""


def machine(directory):
    """In words, and no more of it than figures need."""
    cpu = first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)") or platform.machine()
    memory = int(first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0)
    system = first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')
    virtual = re.search(r"\bhypervisor\b", first_match("/proc/cpuinfo", r"^flags\s*:(.*)"))
    kind = "virtual CPUs" if virtual else "CPUs"
    mount, where = "", os.path.realpath(directory)
    with open("/proc/mounts", encoding="utf-8", errors="replace") as f:
        for line in f:
            _, at, fs = line.split()[:3]
            if (where + "/").startswith(at.rstrip("/") + "/") and len(at) >= len(mount):
                mount, fstype = at, fs
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} {kind} ({cpu}), {round(memory / MIB)} GiB, {fstype}; {system}, Linux "
            f"{'.'.join(platform.release().split('.')[:2])} {platform.machine()}; load average "
            f"at the start {load:.1f}")


def place(page, name, text):
    """Puts @text between the marks that the page has for @name. False: it has none."""
    with open(page, encoding="utf-8") as f:
        old = f.read()
    begin, end = f"<!-- bench {name} -->\n", f"\n<!-- end {name} -->"
    head, found, rest = old.partition(begin)
    if not found or end not in rest:
        return False
    new = head + begin + text + end + rest.split(end, 1)[1]
    with open(page + ".new", "w", encoding="utf-8") as f:
        f.write(new)
    os.replace(page + ".new", page)
    return True
