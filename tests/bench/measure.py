# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one command and measures it and all of its descendants."""
import ctypes
import os
import resource
import select
import signal
import subprocess
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
POLL = 0.01  # seconds between looks at the memory of the command's first process


@dataclass
class Result:
    wall: float  # seconds
    cpu: float  # user + system seconds of the whole tree
    memory: int  # KiB at the peak, of the first process alone
    status: int  # as a shell says it; 124: took longer than its limit
    said: str  # the end of its output


def adopt_orphans():
    """Daemons and orphans of a run become our children: their CPU time counts, and they end."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def peak_memory(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def children():
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]
    except OSError:
        return []


def reap():
    """Wait for what the run left behind; what does not end within a second is ended."""
    deadline = time.monotonic() + 1
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.monotonic() > deadline:
            for pid in children():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def wait(pid, limit):
    """(status, peak memory). The first process is looked at until it ends, or is ended."""
    pidfd = os.pidfd_open(pid)
    memory, end, timed_out = 0, time.monotonic() + limit, False
    try:
        while not select.select([pidfd], [], [], POLL)[0]:
            memory = max(memory, peak_memory(pid))
            if time.monotonic() > end and not timed_out:
                timed_out = True
                os.killpg(pid, signal.SIGKILL)
    finally:
        os.close(pidfd)
    return 124 if timed_out else None, memory


def run(argv, cwd, env, log, limit):
    usage = lambda: resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(log, "wb") as out:
        before, started = usage(), time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status, memory = wait(child.pid, limit)
            code = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            reap()
            raise
        wall = time.perf_counter() - started
    reap()
    after = usage()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(log, "rb") as f:
        f.seek(max(0, os.path.getsize(log) - 300))
        said = f.read().decode("utf-8", "replace").strip()
    if status is None:
        status = 128 - code if code < 0 else code
    return Result(wall, cpu, memory, status, said)
