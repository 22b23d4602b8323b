# shellcheck shell=bash
# What the `prepare` of each rival shares: `prepare DIR` installs what is missing and leaves DIR/worker.
set -euo pipefail
# shellcheck source=deploy/local/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/local/lib.sh"
[ $# = 1 ] || die "usage: prepare DIRECTORY"
mkdir -p "$1"
directory=$(cd "$1" && pwd)
readonly directory
cd "$(dirname "${BASH_SOURCE[1]}")"

# Packages of Python at the versions of requirements.txt, in a place of their own; kept while that file stays the same.
install_python() {
    install python3 python3-venv
    if cmp -s requirements.txt "$directory/requirements.txt"; then return 0; fi
    rm -rf "$directory/python" "$directory/requirements.txt"
    /usr/bin/python3 -m venv "$directory/python"
    "$directory/python/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt >&2
    cp requirements.txt "$directory/requirements.txt"
}

# write_program NAME COMMAND: a program of that name that runs a command with the caller's arguments.
write_program() {
    {
        printf '#!/usr/bin/env bash\nexport PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%q\n' "$PWD/.."
        printf 'exec %s "$@"\n' "$2"
    } >"$directory/$1"
    chmod 755 "$directory/$1"
}
