#!/usr/bin/env bash
# Makes sure that programs are on this machine: need.sh postgres redis wrk chromium
# On Debian and its children it installs what is missing, as root or with sudo, and says so;
# elsewhere, and where it may not, it prints what to install. It leaves no server running.
set -euo pipefail

# PostgreSQL 15 or newer, where internal/platform/postgres looks for it too.
have_postgres() {
    local bin version
    for bin in "${SOUK_PG_BIN:-}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin "$(dirname "$(command -v postgres || echo /)")"; do
        [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ] || continue
        version=$("$bin/postgres" --version) && version=${version#*(PostgreSQL) } && [ "${version%%[!0-9]*}" -ge 15 ] && return
    done
    return 1
}
have_redis() { command -v redis-server >/dev/null; }
have_wrk() { command -v wrk >/dev/null; }
have_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null

find_missing() {
    missing=()
    for need in "$@"; do "have_$need" || missing+=("$need"); done
}
find_missing "$@"
[ ${#missing[@]} -eq 0 ] && exit

if ! command -v apt-get >/dev/null; then
    cat >&2 <<MSG
Souk needs programs that are not on this machine: ${missing[*]}
  Fedora, RHEL    dnf install postgresql-server postgresql-contrib redis wrk chromium
  Alpine          apk add postgresql postgresql-contrib redis wrk chromium
  Arch            pacman -S postgresql redis wrk chromium
  macOS           brew install postgresql@17 redis wrk chromium
PostgreSQL must be 15 or newer. No server has to run: Souk starts what it needs, on its own data.
MSG
    exit 1
fi

packages=()
for need in "${missing[@]}"; do
    case $need in
    postgres) packages+=(postgresql) ;;
    redis) packages+=(redis-server) ;;
    *) packages+=("$need") ;;
    esac
done
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing: ${packages[*]}. There is no sudo here, so run this as root:" >&2
        echo "  $(realpath "$0") ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing with apt-get, as this machine does not have them: ${packages[*]}"

# Debian makes, starts and enables servers when it installs them; only the programs are wanted.
if [ ! -e /etc/postgresql-common/createcluster.conf ] && [[ " ${packages[*]} " == *" postgresql "* ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '"${as_root[@]}" rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod +x $policy
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
if [[ " ${packages[*]} " == *" redis-server "* ]] && command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl --quiet disable redis-server.service
fi
echo "Installed: ${packages[*]}"

find_missing "$@"
if [ ${#missing[@]} -gt 0 ]; then
    echo "Still missing: ${missing[*]}. PostgreSQL must be 15 or newer; where the system's own is older, take it from postgresql.org/download." >&2
    exit 1
fi
