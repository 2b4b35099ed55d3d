#!/bin/sh
# Makes a virtual environment: make_venv.sh PYTHON FOLDER
# Some systems ship Python without ensurepip; there uv, or the system's own pip, serves as well.
set -eu
python=$1 venv=$2

if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    exec "$python" -m venv "$venv"
fi
if command -v uv >/dev/null 2>&1; then
    exec uv venv --quiet --seed --python "$python" "$venv"
fi
if "$python" -c 'import venv, pip' 2>/dev/null; then
    "$python" -m venv --without-pip "$venv"
    exec "$python" -m pip --python "$venv/bin/python" install --quiet pip
fi
echo "$python can make no virtual environment: it has neither ensurepip nor pip, and uv is not here." >&2
echo "Name another Python (make PYTHON=/path/to/python3) or install uv." >&2
exit 1
