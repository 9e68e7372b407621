#!/bin/sh
# Make or complete the environment in .venv: sh tools/environment.sh [PYTHON]
# Two stamps say what has been installed, so that later calls return at once and an
# interrupted one is not mistaken for a finished one.
set -eu
cd "$(dirname "$0")/.."
needs="Python 3.11, 3.12 or 3.13 is needed"

fail() {
    echo "error: $*" >&2
    exit 1
}

version_of() { # 3.12, or nothing where the command does not run
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

find_python() {
    found=""
    for candidate in ${1:-python3 python3.13 python3.12 python3.11 python}; do
        version=$(version_of "$candidate")
        case $version in
            3.11 | 3.12 | 3.13) python=$candidate && return ;;
            ?*) found="$found; $candidate is $version" ;;
        esac
    done
    fail "$needs${found:-; none was found}. Install one, or name it: make PYTHON=python3.12"
}

fingerprint() { cat "$@" | cksum; }

packages=.venv/.packages-installed # from requirements.lock
package=.venv/.package-installed   # this project itself
wanted_packages=$(fingerprint requirements.lock)
wanted_package=$(fingerprint pyproject.toml)

if [ "$(cat $packages 2>/dev/null)" = "$wanted_packages" ] &&
    [ "$(cat $package 2>/dev/null)" = "$wanted_package" ]; then
    exit 0
fi

if [ ! -f $packages ]; then
    find_python "${1:-}"
    rm -rf .venv # nothing, or what an interrupted call left
    echo "Making .venv with $python ($version)"
    if command -v uv >/dev/null; then
        uv venv --quiet --no-python-downloads --python "$python" .venv
    else
        "$python" -c "import ensurepip" 2>/dev/null ||
            fail "$python cannot make environments (on Debian and Ubuntu: apt install python3-venv)"
        "$python" -m venv .venv
    fi
fi

if command -v uv >/dev/null; then
    export VIRTUAL_ENV="$PWD/.venv"
    install() { uv pip install --quiet --compile-bytecode "$@"; }
else
    install() { .venv/bin/python -m pip --disable-pip-version-check install -qq "$@"; }
fi

if [ "$(cat $packages 2>/dev/null)" != "$wanted_packages" ]; then
    rm -f $packages
    echo "Installing the packages of requirements.lock: a few minutes, once"
    install --require-hashes --requirement requirements.lock
    echo "$wanted_packages" >$packages
fi
rm -f $package
install --no-deps --no-build-isolation --editable .
echo "$wanted_package" >$package
