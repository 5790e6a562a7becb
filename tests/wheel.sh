#!/usr/bin/env bash
# Builds sdist and wheel, installs the wheel alone into a fresh environment and runs the suite on it.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m build --outdir "$work/dist" . >"$work/build.log" || { cat "$work/build.log"; exit 1; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
cp -r tests "$work/tests"
cp pyproject.toml "$work/tests.toml"
cd "$work"
"$work/venv/bin/pytest" -c tests.toml --rootdir "$work" -q -n auto --ignore tests/shape tests/core tests/edges tests/flow
