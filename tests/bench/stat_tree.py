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
TIME = 1_600_000_000_000_000_000	# ns; what a package manager unpacked keeps its own times


def word(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 5)))


def unused(rng, directory, taken, suffixes):
    while True:
        name = os.path.join(directory, word(rng) + rng.choice(suffixes))
        if name not in taken:
            taken.add(name)
            return name


def main(top):
    rng = random.Random(45000)
    taken, directories = set(), [top]
    os.mkdir(top)
    while len(directories) <= DIRECTORIES:
        parent = directories[int(len(directories) * rng.random() ** 2)]
        if parent.count(os.sep) < 8:
            directories.append(unused(rng, parent, taken, ("", "", "-" + word(rng))))
            os.mkdir(directories[-1])
    for _ in range(FILES):
        name = unused(rng, rng.choice(directories), taken, SUFFIXES)
        with open(name, "wb") as f:
            f.write(b"." * int(rng.random() ** 4 * 12000))
        when = TIME + rng.randrange(10**17) // 10**9 * 10**9
        os.utime(name, ns=(when, when))
    for name in reversed(directories):
        when = TIME + rng.randrange(10**17)
        os.utime(name, ns=(when, when))


main(sys.argv[1])
