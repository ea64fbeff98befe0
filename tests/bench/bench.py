# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures care; started by scripts/bench, which says how."""
import argparse
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys

import measure
import report
import ways
from ways import ENTER_WAYS, WAYS, Load

TOP = os.path.dirname(os.path.dirname(ways.HERE))
PAGE = os.path.join(TOP, "docs", "PERFORMANCE.md")
LOADS = ["compile", "serial", "python", "fork", "stat", "open", "perl"]
ENTER_LOADS = ["compile", "fork", "stat", "open"]
QUICK_RUNS = 3
LIMITS = {"perl": 3000}  # seconds; a run that takes longer is ended
LIMIT = 300


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse():
    p = argparse.ArgumentParser(prog="scripts/bench", description="Measures what care costs.")
    p.add_argument("--quick", action="store_true",
                   help=f"{QUICK_RUNS} rounds of everything but perl")
    p.add_argument("--only", action="append", metavar="LOAD", choices=LOADS, default=[])
    p.add_argument("--ways", metavar="WAY,...", help="only these (native is always there)")
    p.add_argument("--runs", type=int, metavar="N", help="rounds (default: what each load says)")
    p.add_argument("--one-cpu", action="store_true",
                   help="all of it on one CPU: the cost itself, not where the scheduler puts it")
    p.add_argument("--write", action="store_true", help="put the tables into docs/PERFORMANCE.md")
    p.add_argument("--keep", action="store_true", help="leave the loads' directories in build/bench")
    p.add_argument("--list", action="store_true", help="name the loads and the ways")
    p.add_argument("--enter", action="store_true", help="what entering another root costs, by "
                   "care run and its peers, instead of recording and replaying")
    args = p.parse_args()
    args.root = os.environ["BENCH_ROOT"] if args.enter else None
    ways_here = ENTER_WAYS if args.enter else WAYS
    known = [w.name for w in ways_here]
    chosen = args.ways.split(",") if args.ways else known
    for name in chosen:
        if name not in known:
            p.error(f"there is no way {name}; these are: {', '.join(known)}")
    args.ways = [w for w in ways_here if w.name in chosen or w.name == "native"]
    loads = ENTER_LOADS if args.enter else LOADS
    args.loads = args.only or [name for name in loads if not (args.quick and name == "perl")]
    if args.enter and not set(args.loads) <= set(ENTER_LOADS):
        p.error(f"--enter has the loads {', '.join(ENTER_LOADS)}")
    return args


def one(load, way, series, limit):
    """One run; a way that fails is not tried again."""
    way.before(load)
    os.sync()  # what the run before wrote is not this one's to wait for
    result = measure.run(way.argv(load), load.work, way.environment(load), load.log,
                         limit)
    if result.status:
        why = "took too long" if result.status == 124 else f"exit status {result.status}"
        series.failure = f"failed: {why}"
        say(f"  {load.name} {way.name}: {why}: {result.said}")
        series.results.append(None)
        return
    series.results.append(result)
    if way.archive:
        series.archives.append(os.path.getsize(load.archive(way.archive)))
    say(f"  {load.name} {way.name}: {result.wall:.3f} s wall, {result.cpu:.3f} s CPU, "
        f"{result.memory} KiB")


def rounds(load, chosen, n, limit):
    got = {way.name: report.Series() for way in chosen}
    for way in chosen:
        got[way.name].failure = way.missing(load)
    order = random.Random(n)
    for i in range(n):
        say(f"{load.name}: round {i + 1} of {n}")
        # Each round in another order, so that nobody always comes after the same neighbour.
        for way in order.sample(chosen, len(chosen)):
            series = got[way.name]
            if series.failure:
                series.results.append(None)
                continue
            try:
                one(load, way, series, limit)
            except (OSError, RuntimeError, IndexError, subprocess.CalledProcessError) as error:
                series.failure = f"failed: {error}"
                series.results.append(None)
                say(f"  {load.name} {way.name}: {error}")
    for series in got.values():
        if not any(series.results):
            series.results = []
    return got


def place_of(name, args):
    """Where its table stands in the page."""
    return ("enter-" if args.enter else "") + name + ("-one-cpu" if args.one_cpu else "")


def bench(name, args, base):
    """The table of one load, and whether every way went well."""
    load = Load(name, base, os.path.abspath(os.environ["CARE"]), args.root)
    load.remove()
    os.makedirs(load.dir)
    n = args.runs or (QUICK_RUNS if args.quick else int(load.ask("runs")))
    try:
        load.prepare()
        got = rounds(load, args.ways, n, LIMITS.get(name, LIMIT))
    finally:
        if not args.keep:
            load.remove()
    if not got["native"].results:
        raise RuntimeError(f"{name} does not run without care")
    with open(os.path.join(base, place_of(name, args) + ".json"), "w", encoding="utf-8") as f:
        json.dump({way: {"runs": [r and dataclasses.asdict(r) for r in s.results],
                         "archives": s.archives, "failure": s.failure}
                   for way, s in got.items()}, f, indent=1)
    where = ", all on one CPU" if args.one_cpu else ""
    return report.load_table(load.about + where, args.ways, got, n), not any(s.failure for s in got.values())


def main():
    args = parse()
    if args.list:
        print("loads:", *LOADS)
        print("ways: ", *(w.name for w in WAYS))
        print("ways to enter a root:", *(w.name for w in ENTER_WAYS))
        return 0
    base = os.path.join(TOP, "build", "bench")
    os.makedirs(base, exist_ok=True)
    measure.adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.one_cpu:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    good, machine = True, report.machine(base)
    print(f"On {machine}\n", flush=True)
    if args.write:
        report.place(PAGE, "machine", f"On {machine}.")
    for name in args.loads:
        try:
            table, well = bench(name, args, base)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            say(f"{name}: {error}")
            good = False
            continue
        good = good and well
        print(table + "\n", flush=True)
        place = place_of(name, args)
        if args.write and not report.place(PAGE, place, table):
            say(f"{PAGE} has no place for {place}")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
