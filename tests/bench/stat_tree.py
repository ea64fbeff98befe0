# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the tree of the stat storm: the same names, sizes and times on every machine.

Names, depths and sizes are like those of installed documentation, headers and modules,
because the size of an archive that holds only metadata is the size of its names and times.
"""
import os
import random
import sys

FILES = 45000
DIRECTORIES = 4999	# and the top: 50,000 names
SYLLABLES = ("al an ar ba be bi co con de di do er ex fi for ge gl ha im in io is ker la li lo "
             "ma me mi mo na net no o op par pe po pro qu ra re ri ro se si so sta str su sys ta "
             "te ti to tra tri un us va ve wi xt").split()
SUFFIXES = (".h", ".h", ".py", ".py", ".pyc", ".html", ".gz", ".pm", ".txt", ".so", "", "-1.2.md")
BUILT = 1_600_000_000	# files keep the second in which their package was built …
UNPACKED = 1_700_000_000_000_000_000	# … directories the nanosecond in which they were filled


def word(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 5)))


def unused(rng, directory, taken, suffixes):
    while True:
        name = os.path.join(directory, word(rng) + rng.choice(suffixes))
        if name not in taken:
            taken.add(name)
            return name


def set_times(rng, top, files, directories):
    """The directories below @top are the packages."""
    built = {}
    for name in files:
        package = name.split(os.sep)[1]
        when = built.setdefault(package, BUILT + rng.randrange(10**8)) + rng.randrange(3)
        os.utime(name, (when, when))
    now = UNPACKED
    for name in sorted(directories, reverse=True):
        now += rng.randrange(10**8)
        os.utime(name, ns=(now, now))


def main(top):
    rng = random.Random(45000)
    taken, directories, files = set(), [top], []
    os.mkdir(top)
    while len(directories) <= DIRECTORIES:
        parent = directories[int(len(directories) * rng.random() ** 2)]
        if parent.count(os.sep) < 8:
            directories.append(unused(rng, parent, taken, ("", "", "-" + word(rng))))
            os.mkdir(directories[-1])
    for _ in range(FILES):
        files.append(unused(rng, rng.choice(directories), taken, SUFFIXES))
        with open(files[-1], "wb") as f:
            f.write(b"." * int(rng.random() ** 4 * 12000))
    set_times(rng, top, files, directories)


main(sys.argv[1])
