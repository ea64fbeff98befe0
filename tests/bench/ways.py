# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways in which a load is run: bare, recorded, replayed, and as its peers do it."""
import glob
import os
import shlex
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Load:
    """One load: its script, its directories, and what the ways share (archives, a tree)."""

    def __init__(self, name, base, care):
        self.name, self.care = name, care
        self.script = os.path.join(HERE, name + ".sh")
        self.dir = os.path.join(base, name)
        self.work = os.path.join(self.dir, "work")  # the command's directory
        self.out = os.path.join(self.dir, "out")  # archives: outside, so that they grow in place
        self.log = os.path.join(self.dir, "log")
        self.env = environment(self.dir)

    def ask(self, what):
        return subprocess.run([self.script, what], cwd=self.dir if what != "prepare" else self.work,
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def act(self, what):
        subprocess.run([self.script, what], cwd=self.work, env=self.env, check=True,
                       stdin=subprocess.DEVNULL)

    def prepare(self):
        self.remove()
        os.makedirs(self.work)
        os.mkdir(self.out)
        self.act("prepare")
        self.command = shlex.split(self.ask("command"))
        self.about = self.ask("about")

    def reset(self):
        self.act("reset")

    def archive(self, suffix):
        return os.path.join(self.out, "recording" + suffix)

    def archive_to_replay(self):
        """A recording, made now if no way before has made one."""
        for suffix in (".tar.zst", ".tar.lzo"):
            if os.path.exists(self.archive(suffix)):
                return self.archive(suffix)
        self.reset()
        path = self.archive(".tar.zst")
        self.quietly([self.care, "-o", path, *self.command], self.work)
        return path

    def quietly(self, argv, cwd):
        done = subprocess.run(argv, cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise RuntimeError(f"{shlex.join(argv)}: {done.stderr.strip()[-300:]}")

    def remove(self):
        """All of it, also what a recorded tree holds that nobody may read or enter."""
        if os.path.isdir(self.dir):
            subprocess.run(["chmod", "-R", "u+rwX", self.dir], check=False,
                           stderr=subprocess.DEVNULL)
            shutil.rmtree(self.dir)


def environment(base):
    """The same for everybody, with nothing of the machine's user in it; caches of our own."""
    keep = {k: os.environ[k] for k in ("PATH", "HOME", "USER", "LOGNAME") if k in os.environ}
    return dict(keep, LC_ALL="C", XDG_CACHE_HOME=os.path.join(base, "cache"),
                XDG_STATE_HOME=os.path.join(base, "state"))


class Way:
    """Another way to run the command. `of` says what its ratios are to be compared with."""
    name = label = ""
    tool = None  # a program that must be there
    resets = True  # it runs in the load's own directory
    archive = None  # it makes one, with this suffix

    def missing(self, load):
        tool = load.care if self.tool == "care" else self.tool
        return f"{self.tool} is not there" if tool and not shutil.which(tool) else None

    def before(self, load):
        """Not measured."""
        if self.resets:
            load.reset()

    def argv(self, load):
        raise NotImplementedError


class Native(Way):
    name, label = "native", "without care"

    def argv(self, load):
        return load.command


class Strace(Way):
    name, label, tool = "strace", "`strace -f --seccomp-bpf -e trace=%file`", "strace"

    def argv(self, load):
        return ["strace", "-f", "--seccomp-bpf", "-e", "trace=%file", "-o", "/dev/null",
                *load.command]


class DryRun(Way):
    name, label, tool = "dry-run", "`care --dry-run`", "care"

    def argv(self, load):
        return [load.care, "--dry-run", *load.command]


class Record(Way):
    tool = "care"

    def __init__(self, suffix):
        self.archive = suffix
        self.name = "record" + suffix
        self.label = f"`care -o x{suffix}`"

    def before(self, load):
        super().before(load)
        if os.path.exists(load.archive(self.archive)):
            os.unlink(load.archive(self.archive))

    def argv(self, load):
        return [load.care, "-o", load.archive(self.archive), *load.command]


class Replay(Way):
    """The recorded command again, from an archive that a replay has unpacked before."""
    name, label, tool, resets = "replay", "`care replay`", "care", False
    options = []

    def before(self, load):
        load.quietly([load.care, "replay", "--plan", load.archive_to_replay()], load.dir)

    def argv(self, load):
        return [load.care, "replay", *self.options, load.archive_to_replay()]


class ReplayStart(Replay):
    """
    What that costs before the command runs; subtracted, the rest is "from exec". --plan
    prepares all of it, the mounts too, and ends where the command would begin.
    """
    name, label = "replay-start", "`care replay --plan`: up to the command's start"
    options = ["--plan"]


class CopyStart(Replay):
    """
    The same for another command than the recorded one: of that nobody knows what it does, so
    it gets a copy of the tree where the recorded one gets an overlay.
    """
    name, label = "copy-start", "`care replay --plan --tree=copy`: the same with a copy"
    options = ["--plan", "--tree=copy"]


class Bwrap(Way):
    """bwrap over what the recording holds, in a copy of its own as a replay has one."""
    name, label, tool, resets = "bwrap", "`bwrap` over the extracted recording", "bwrap", False

    def before(self, load):
        pristine, copy = os.path.join(load.dir, "extracted"), os.path.join(load.dir, "copy")
        if not os.path.isdir(pristine):
            archive = load.archive_to_replay()
            os.mkdir(pristine)
            load.quietly([load.care, "extract", archive], pristine)
        subprocess.run(["chmod", "-R", "u+rwX", copy], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(copy, ignore_errors=True)
        load.quietly(["cp", "-a", "--reflink=auto", pristine, copy], load.dir)

    def argv(self, load):
        root = glob.glob(os.path.join(load.dir, "copy", "*", "rootfs"))[0]
        return ["bwrap", "--bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--chdir",
                load.work, *load.command]


WAYS = [Native(), Strace(), DryRun(), Record(".tar.lzo"), Record(".tar.zst"), Replay(),
        ReplayStart(), CopyStart(), Bwrap()]
