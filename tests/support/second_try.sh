#!/usr/bin/env bash
# Runs `pytest ARGS…`; what failed, if it was little, is tried once more, alone. What passes only then is called
# flaky, kept in var/flaky.txt and printed: it is a fault to mend, not a thing to forget.
# Exit status: of pytest; 0 after a second try in which all passed; 1 when more than LIMIT failed at once.
set -uo pipefail
LIMIT=2

pytest=$1
shift
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
"$pytest" "$@" --junitxml="$failures"
status=$?
[ "$status" -eq 1 ] || exit "$status"

mapfile -t failed < <("$(dirname "$pytest")/python" - "$failures" <<'PY'
import sys
from pathlib import Path
from xml.etree import ElementTree

for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    if case.find("failure") is None and case.find("error") is None:
        continue
    parts = case.get("classname", "").split(".")
    kept = next((n for n in range(len(parts), 0, -1) if Path(*parts[:n]).with_suffix(".py").is_file()), None)
    if kept is None:
        sys.exit(f"{case.get('classname')} {case.get('name')}: not a test that can be named again")
    print("::".join([str(Path(*parts[:kept]).with_suffix(".py")), *parts[kept:], case.get("name", "")]))
PY
)
[ ${#failed[@]} -gt 0 ] || exit "$status"
if [ ${#failed[@]} -gt "$LIMIT" ]; then
  echo "${#failed[@]} tests failed, more than the $LIMIT that are tried again" >&2
  exit 1
fi
echo "tried once more, alone: ${failed[*]}" >&2
"$pytest" -q "${failed[@]}" || exit 1
mkdir -p var
printf '%s\n' "${failed[@]}" | tee -a var/flaky.txt | sed 's/^/FLAKY, passed at the second try only: /' >&2
