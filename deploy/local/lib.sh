# Shared by the scripts beside it; to be sourced by bash.
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

# Installs the Debian packages that are missing, and says which.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these Debian packages are missing and only root can install them: ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    # rabbitmq-server starts a system service when it is installed; policy-rc.d (invoke-rc.d(8)) says no to that.
    local policy=/usr/sbin/policy-rc.d made=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
        made=yes
    fi
    local log result=0
    log=$(mktemp)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' install "${missing[@]}" \
        >"$log" 2>&1 </dev/null || result=$?
    [ "$made" = yes ] && "${as_root[@]}" rm -f "$policy"
    if [ "$result" -ne 0 ]; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "the packages could not be installed"
    fi
    rm -f "$log"
}

need_swift() {
    command -v swift >/dev/null || fail "there is no Swift toolchain on the PATH: install Swift 6.3"
    local version
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | head -n 1 | grep -oE '[0-9]+\.[0-9]+')
    case "$version" in
        6.[3-9]* | 6.[1-9][0-9]* | [7-9].* | [1-9][0-9]*.*) ;;
        *) fail "Swift 6.3 or later is needed; this is ${version:-unknown}" ;;
    esac
}

# What building and running need. The toolchain itself asks for a C library, a linker and git.
need_everything() {
    need_packages librabbitmq-dev rabbitmq-server pkg-config libc6-dev g++ git procps python3-minimal "$@"
    need_swift
}
