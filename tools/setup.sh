#!/usr/bin/env bash
# Make .venv with everything that running, testing and building Commonhold takes, and nothing outside the checkout.
#
# Every file is checked against the hashes in requirements/dev.txt before it is installed. A second run that finds nothing changed ends
# at once: the stamp holds the hash of all that the environment was made from.
#
#   PYTHON=/path/to/python3.12 tools/setup.sh   chooses the Python
#   VENV=/elsewhere tools/setup.sh              chooses the place (default: .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

say() { printf 'setup: %s\n' "$*"; }
stop() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || stop "PYTHON=$PYTHON is no Python 3.11 or newer." 'Name another one, or leave PYTHON unset.'
    python=$PYTHON
    return
  fi
  for python in python3 python3.11 python3.12 python3.13 python3.14; do
    if command -v "$python" >/dev/null && new_enough "$python"; then return; fi
  done
  have=$(python3 --version 2>&1 || true)
  stop "Commonhold needs Python 3.11 or newer, and found ${have:-no python3 at all}." \
    'On Debian 12 or Ubuntu 23.04 and newer: apt install python3 python3-venv' \
    'Elsewhere: install one, then run: PYTHON=/path/to/python3.11 make setup'
}

stamp_of() {
  "$venv/bin/python" - requirements/dev.txt pyproject.toml <<'PY'
import hashlib, pathlib, sys
print(hashlib.sha256(b"\0".join([sys.version.encode(), *(pathlib.Path(name).read_bytes() for name in sys.argv[1:])])).hexdigest())
PY
}

if [ -x "$venv/bin/python" ] && ! new_enough "$venv/bin/python"; then
  say "the Python that $venv was made with is gone or too old; making $venv again"
  rm -rf "$venv"
fi
if [ -x "$venv/bin/python" ] && [ -f "$venv/.ready" ] && [ "$(cat "$venv/.ready")" = "$(stamp_of)" ]; then
  say "$venv is up to date"
  exit 0
fi

if [ ! -x "$venv/bin/python" ]; then
  find_python
  "$python" -c 'import venv, ensurepip' 2>/dev/null || stop \
    "$python comes without the venv module." 'On Debian or Ubuntu: apt install python3-venv'
  say "making $venv with $("$python" --version)"
  "$python" -m venv "$venv" || stop "making $venv failed; see above." 'On Debian or Ubuntu: apt install python3-venv'
fi

rm -f "$venv/.ready"
say 'installing what requirements/dev.txt lists, each file checked against its hash (a minute or two the first time)'
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
pip install --quiet --require-hashes -r requirements/dev.txt \
  || stop 'installing failed; see above.' \
    'A hash that does not match means that the index served another file than was locked: do not go round it.' \
    'Anything else is most often the network: run make setup again, it goes on where it stopped.'
say 'installing commonhold itself, so that changes to src/ count at once'
pip install --quiet --no-deps --no-build-isolation --editable .
stamp_of >"$venv/.ready"
say "done: $venv/bin/commonhold"
