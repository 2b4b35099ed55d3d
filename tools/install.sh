#!/bin/sh
# Installs the project with all extras, at the pinned versions: install.sh VENV [TORCH_BACKEND]
# uv takes seconds where pip takes minutes; pip serves where uv cannot be had or cannot resolve.
set -eu
venv=$1 backend=${2:-}

[ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install --quiet uv ||
    echo "uv cannot be installed here; going on with pip" >&2

if [ -n "$backend" ]; then
    if [ ! -x "$venv/bin/uv" ]; then
        echo "TORCH_BACKEND=$backend needs uv, which cannot be installed here; leave it out" >&2
        exit 1
    fi
    exec "$venv/bin/uv" pip install --python "$venv/bin/python" --torch-backend="$backend" \
        -c constraints.txt -e '.[all,dev]'
fi
if [ -x "$venv/bin/uv" ] &&
    "$venv/bin/uv" pip install --python "$venv/bin/python" -c constraints.txt -e '.[all,dev]'; then
    exit 0
fi
exec "$venv/bin/python" -m pip install --quiet -c constraints.txt -e '.[all,dev]'
