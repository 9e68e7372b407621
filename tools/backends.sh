#!/bin/sh
# Test the models on JAX and on torch: sh tools/backends.sh TORCH JAX (what pip shall install)
# Both live in .venv-backends, which borrows everything else from .venv.
set -eu
cd "$(dirname "$0")/.."
folder=.venv-backends
stamp=$folder/.installed
wanted="$1 $2 $(cksum <requirements.lock)"

if [ "$(cat $stamp 2>/dev/null)" != "$wanted" ]; then
    rm -rf $folder
    .venv/bin/python -m venv $folder
    site() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
    printf '%s\n%s\n' "$(site .venv/bin/python)" "$PWD" >"$(site $folder/bin/python)/borrowed.pth"
    echo "Installing $1 and $2 in $folder: a few minutes, once"
    $folder/bin/python -m pip --disable-pip-version-check install -qq "$1" "$2"
    echo "$wanted" >$stamp
fi

status=0
for backend in jax torch; do
    echo "Keras on $backend"
    KERAS_BACKEND=$backend OMP_NUM_THREADS=1 $folder/bin/python -m pytest -n 2 --dist loadgroup \
        -m "not tensorflow_only" tests/training tests/models || status=$?
done
exit $status
