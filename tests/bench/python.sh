#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Interpreters that import: many look-ups that fail, many small files read.
set -eu
case $1 in
about) echo '10 × `python3` importing 28 modules of its library' ;;
runs) echo 7 ;;
prepare)
	echo 'import argparse, asyncio, base64, bz2, collections, concurrent.futures, csv, ctypes' >imports.py
	echo 'import datetime, decimal, difflib, email.message, fractions, hashlib, html.parser' >>imports.py
	echo 'import http.client, inspect, json, logging, lzma, multiprocessing, pickle, random' >>imports.py
	echo 'import sqlite3, ssl, tarfile, unittest, xml.etree.ElementTree' >>imports.py
	printf 'for i in 1 2 3 4 5 6 7 8 9 10; do python3 -B imports.py || exit; done\n' >run.sh
	;;
reset) ;;
command) echo 'sh run.sh' ;;
esac
