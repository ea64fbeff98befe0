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

    def __init__(self, name, base, care, root=None):
        self.name, self.care, self.root = name, care, root
        self.script = os.path.join(HERE, name + ".sh")
        self.dir = os.path.join(base, name)
        # The command's directory; in the root that is entered, if one is.
        self.work = os.path.join(root or self.dir, "work")
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
        os.makedirs(self.out)
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
        for directory in (self.dir, self.work):
            if os.path.isdir(directory):
                subprocess.run(["chmod", "-R", "u+rwX", directory], check=False,
                               stderr=subprocess.DEVNULL)
                shutil.rmtree(directory)


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

    def environment(self, load):
        return load.env


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


class Entered(Way):
    """Nothing but another root, a working directory in it, /dev and /proc. The others compare."""
    name, label, tool = "native", "`bwrap`", "bwrap"

    def argv(self, load):
        return ["bwrap", "--bind", load.root, "/", "--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc",
                "--chdir", "/work", *load.command]


class Run(Way):
    tool = "care"

    def __init__(self, name, *options):
        self.name, self.options = name, options
        self.label = "`" + " ".join(("care run", *options)) + "`"

    def missing(self, load):
        why = super().missing(load)
        if why or not self.options:
            return why
        done = subprocess.run([load.care, "run", *self.options, "-r", load.root, "true"],
                              stderr=subprocess.PIPE, text=True, check=False)
        return done.stderr.strip() or "it does not work" if done.returncode else None

    def argv(self, load):
        return [load.care, "run", *self.options, "-r", load.root, "-b", "/dev", "-b", "/proc",
                "-w", "/work", *load.command]


class Proot(Way):
    def __init__(self, name, label, program, seccomp):
        self.name, self.tool, self.seccomp = name, program, seccomp
        self.label = label + (", with seccomp" if seccomp else ", `PROOT_NO_SECCOMP=1`")

    def missing(self, load):
        if not self.tool:
            return "$PROOT_UPSTREAM names no program"
        return super().missing(load)

    def environment(self, load):
        return load.env if self.seccomp else dict(load.env, PROOT_NO_SECCOMP="1")

    def argv(self, load):
        return [self.tool, "-r", load.root, "-b", "/dev", "-b", "/proc", "-w", "/work",
                *load.command]


UPSTREAM = os.environ.get("PROOT_UPSTREAM", "")
ENTER_WAYS = [Entered(), Run("run"), Run("run-seccomp", "--engine=ptrace-seccomp"),
              Run("run-ptrace", "--engine=ptrace"),
              Proot("proot", "Debian's `proot`", "proot", False),
              Proot("proot-seccomp", "Debian's `proot`", "proot", True),
              Proot("upstream", "upstream's `proot`", UPSTREAM, False),
              Proot("upstream-seccomp", "upstream's `proot`", UPSTREAM, True)]
