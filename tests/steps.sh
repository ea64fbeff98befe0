# SPDX-License-Identifier: GPL-2.0-or-later
# A page of docs/ whose commands are tests:  . "$TOP/tests/steps.sh"; steps docs/X.md
# Blocks "sh prepare" are run as they are, first; in blocks "sh" a line "$ command" is one, and
# what follows it, if anything does, is what it prints. expected COMMAND prints the status that it
# ends with; a page may define another one.

expected() { echo 0; }

step() {
	status=0
	eval "$1" >"$steps_dir/out" 2>"$steps_dir/err" || status=$?
	[ $status -eq "$(expected "$1")" ] || { echo "status $status"; cat "$steps_dir/out" "$steps_dir/err"; return 1; }
	[ ! -s "$steps_dir/want" ] || diff "$steps_dir/want" "$steps_dir/out"
}
# The steps share variables and the directory, so they are not functions of try's subshell.
report() { [ "$result" = 0 ] || { cat "$steps_dir/log"; false; }; }

steps() {
	steps_dir=$PWD/.steps
	mkdir "$steps_dir"
	# As lines "C command", "O output" and "X a line of a block that is run as it is".
	awk '
	/^```sh prepare$/ { mode = "X"; next }
	/^```sh$/ { mode = "C"; next }
	/^```/ { mode = ""; next }
	mode == "X" { print "X " $0 }
	mode == "C" { if (sub(/^\$ /, "")) print "C " $0; else print "O " $0 }
	' "$TOP/$1" >"$steps_dir/all"
	sed -n 's/^X //p' "$steps_dir/all" >"$steps_dir/prepare"
	sed -n '/^[CO]/p' "$steps_dir/all" >"$steps_dir/list"
	. "$steps_dir/prepare"
	steps_n=0
	while IFS= read -r line <&3; do
		case $line in
		C\ *) ;;
		*) continue ;;
		esac
		steps_n=$((steps_n + 1))
		# The output that the text shows behind this command.
		awk -v n=$steps_n '/^C / { at++ } at == n && /^O / { print substr($0, 3) }' \
			"$steps_dir/list" >"$steps_dir/want"
		result=0
		step "${line#C }" >"$steps_dir/log" 2>&1 || result=$?
		try "${line#C }" report
	done 3<"$steps_dir/list"
}
