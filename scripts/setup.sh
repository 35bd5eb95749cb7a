# Sourced by the other scripts: goes to the project's root and sees to it that locked dependencies are in .venv.
# Needs bash, git and Python 3.11 or later; brings uv itself.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

uv_version=0.13.9

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 2; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "Python 3.11 or later is needed and none is on the PATH; install it, or name one: PYTHON=/path/to/python ${0##*/}"
}

find_uv() {
    if command -v uv >/dev/null 2>&1; then
        command -v uv
        return
    fi
    if [ ! -x .tools/uv/bin/uv ]; then
        say "Installing uv $uv_version into .tools"
        mkdir -p .tools
        {
            rm -rf .tools/uv && "$python" -m venv .tools/uv && .tools/uv/bin/python -m pip install -q "uv==$uv_version"
        } >.tools/uv.log 2>&1 || {
            # Some systems ship Python without venv; pip alone will do.
            rm -rf .tools/uv && "$python" -m pip install -q --target .tools/uv "uv==$uv_version"
        } >>.tools/uv.log 2>&1 || {
            rm -rf .tools/uv
            die "uv could not be installed; is the network there? The log is .tools/uv.log. Its last line: $(tail -n 1 .tools/uv.log)"
        }
    fi
    printf '%s\n' "$PWD/.tools/uv/bin/uv"
}

python=$(find_python)
uv=$(find_uv)
unset VIRTUAL_ENV
export UV_PYTHON="$python" UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

# One script may call another: what the first has set up is there.
if [ "${set_up_in:-}" != "$PWD" ]; then
    mkdir -p .tools
    say "Installing the locked dependencies"
    # Compiled at once: or many processes that start at the same time would each compile all that they import.
    if ! "$uv" sync --locked --quiet --compile-bytecode 2>.tools/sync.log; then
        die "the dependencies could not be installed: $(grep -v '^$' .tools/sync.log | tail -n 1) (the log is .tools/sync.log)"
    fi
    export set_up_in="$PWD"
fi
export PATH="$PWD/.venv/bin:$PATH" NO_MKDOCS_2_WARNING=1
# Some images forbid Python to keep what it has compiled; then each command compiles everything anew.
unset PYTHONDONTWRITEBYTECODE
command -v curl >/dev/null 2>&1 || die "curl is needed to run the examples of the pages; install it"
