# shellcheck shell=bash
# What the scripts beside this file share: finding the repository, setting up the machine, free ports, ending processes.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that read this file
readonly repository

readonly swift_wanted_major=6 swift_wanted_minor=3

# shellcheck disable=SC2034
# What building and running needs: the C client, the broker, and what a Swift toolchain finds missing on a bare Debian 12.
readonly packages=(
    librabbitmq-dev libssl-dev zlib1g-dev libjemalloc-dev openssl rabbitmq-server pkg-config git ca-certificates
    binutils libc6-dev libgcc-12-dev libstdc++-12-dev
    libcurl4-openssl-dev libncurses6 libsqlite3-0 libxml2 tzdata
)

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$(basename "$0"): $*"
    exit 1
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        # Nobody is there to type a password.
        sudo -n "$@"
    fi
}

# install PACKAGE…: installs those that are missing and says which; does nothing where all are there.
install() {
    local package missing=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        die "this script sets up Debian; elsewhere install what corresponds to: $*"
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "these Debian packages are missing and only root can install them: ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    # The package lists may be missing or too old: then they are fetched, once.
    install_without_services "${missing[@]}" && return 0
    say "updating the package lists first"
    as_root apt-get update -q >&2 || die "the package lists cannot be updated: look at the lines above"
    install_without_services "${missing[@]}" || die "the packages cannot be installed: look at the lines above"
}

# Installs packages so that none of them starts a service: a broker that nobody asked for would listen to the world.
install_without_services() (
    policy=/usr/sbin/policy-rc.d
    made=no
    # shellcheck disable=SC2317 # called by the trap
    remove_policy() { [ "$made" = no ] || as_root rm -f "$policy"; }
    trap remove_policy EXIT
    exit_on_signals
    if [ ! -e "$policy" ]; then
        made=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || exit 1
        as_root chmod 755 "$policy" || exit 1
    fi
    as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
)

# Ends the script unless a Swift that can build this project is on the PATH.
need_swift() {
    local version major minor
    command -v swift >/dev/null \
        || die "no \`swift\` on the PATH: install a Swift $swift_wanted_major.$swift_wanted_minor toolchain"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    IFS=. read -r major minor _ <<<"$version"
    if [ -z "$version" ] || [ "$major" -lt $swift_wanted_major ] \
        || { [ "$major" = $swift_wanted_major ] && [ "${minor:-0}" -lt $swift_wanted_minor ]; }; then
        die "\`swift\` on the PATH is ${version:-of no known version};" \
            "$swift_wanted_major.$swift_wanted_minor or newer is needed"
    fi
}

# Settings that the caller has for a broker and a ledger of their own must not reach a private run.
forget_settings() {
    local name
    for name in ${!DETAINER_@}; do
        case $name in
            DETAINER_TEST_*) ;;
            *) unset "$name" ;;
        esac
    done
}

# Prints a port of 127.0.0.1 where nothing listened just now. Below the ports that systems hand out themselves.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

# remember FILE PID: a process id alone may belong to somebody else by the time it is used, so its start goes with it.
remember() { printf '%s %s\n' "$2" "$(process_start "$2")" >"$1"; }

# When a process started, in clock ticks after boot; empty when there is none. A zombie is none.
process_start() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The name in parentheses may hold anything; what follows it does not.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" = Z ] || printf '%s\n' "${20}"
}

# remembered FILE: prints the process id, if that very process is still there.
remembered() {
    local pid start
    [ -r "$1" ] && read -r pid start <"$1" && [ -n "${start:-}" ] || return 1
    [ "$(process_start "$pid")" = "$start" ] && printf '%s\n' "$pid"
}

# end FILE SECONDS: ends a remembered process, kills it when it is still there after that long, and waits until it is gone.
end() {
    local file=$1 deadline=$((SECONDS + $2)) pid
    pid=$(remembered "$file") || return 0
    kill -TERM "$pid" 2>/dev/null || :
    while remembered "$file" >/dev/null; do
        if [ $SECONDS -ge $deadline ]; then
            # It leads a process group of its own.
            kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || :
        fi
        sleep 0.1
    done
}

child=

# supervised COMMAND…: runs it in a session of its own, so that end_child finds all it started, also while this shell
# waits for it.
supervised() {
    local code=0
    setsid "$@" </dev/null &
    child=$!
    wait "$child" || code=$?
    child=
    return $code
}

# The living processes of a session, whatever process groups they made for themselves.
processes_of_session() {
    local file stat
    for file in /proc/[0-9]*/stat; do
        stat=$(cat "$file" 2>/dev/null) || continue
        # shellcheck disable=SC2086
        set -- "$1" ${stat##*) }
        # State, parent, group, session.
        if [ "$5" = "$1" ] && [ "$2" != Z ]; then
            file=${file#/proc/}
            printf '%s\n' "${file%/stat}"
        fi
    done
}

# Ends what `supervised` runs and all it started; kills what is still there after ten seconds.
end_child() {
    local deadline=$((SECONDS + 10)) pid pids signal=TERM
    [ -n "$child" ] || return 0
    kill -TERM "$child" 2>/dev/null || :
    while pids=$(processes_of_session "$child") && [ -n "$pids" ]; do
        if [ $SECONDS -ge $deadline ]; then signal=KILL; fi
        for pid in $pids; do kill -$signal "$pid" 2>/dev/null || :; done
        sleep 0.2
    done
    child=
}

# Says what comes next.
step() {
    say ""
    say "== $*"
}

# eventually SECONDS COMMAND…: until it succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.3
    done
}

# mirror RELEASE: the mirror that apt has for a release of Debian; no other place names one.
mirror() {
    # shellcheck disable=SC2016 # apt expands them
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
        | awk -v release="$1" '$1 == release && $2 == "main" { print $3; exit }'
}

# Ends the script in order on a signal, so that its trap on EXIT cleans up.
exit_on_signals() {
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

# read_settings FILE: exports the NAME=VALUE lines of a file.
read_settings() {
    local line
    while IFS= read -r line; do export "${line?}"; done <"$1"
}

# Debian's wrappers in the PATH change to another user; these are the server's own.
find_scripts() {
    local scripts
    scripts=$(find /usr/lib/rabbitmq/lib -maxdepth 2 -type d -path '*/rabbitmq_server-*/sbin' 2>/dev/null \
        | sort -V | tail -n 1)
    [ -n "$scripts" ] || die "no RabbitMQ is installed: apt-get install rabbitmq-server, or run deploy/local/test"
    printf '%s\n' "$scripts"
}

# Does somebody speak AMQP 0-9-1 there? A broker answers the protocol header with a method frame, whose first byte is 1.
answers() (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'AMQP\0\0\011\001' >&3
    IFS= read -r -n 1 -t 2 -u 3 byte && [ "$byte" = $'\001' ]
) 2>/dev/null

# Can one connect there?
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
