#!/usr/bin/env bash
# Makes sure that servers are on this machine: need.sh postgres redis wrk
# Installs what is missing on Debian and its children, as root or with sudo, and says what it
# does; elsewhere it prints the packages to install. Nothing is started or enabled.
set -euo pipefail

have_postgres() {
    [ -n "${SOUK_PG_BIN:-}" ] || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null
}
have_redis() { command -v redis-server >/dev/null; }
have_wrk() { command -v wrk >/dev/null; }

declare -A debian=([postgres]=postgresql [redis]=redis-server [wrk]=wrk)
missing=()
for server in "$@"; do
    "have_$server" || missing+=("${debian[$server]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    cat >&2 <<MSG
Souk needs these servers' programs on this machine, and they are not here: ${missing[*]}
  Fedora, RHEL    dnf install postgresql-server redis
  Alpine          apk add postgresql redis
  Arch            pacman -S postgresql redis
  macOS           brew install postgresql@16 redis
Only the programs are needed: Souk runs them itself, on its own data.
MSG
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Install as root: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "Installing with apt-get, as this machine does not have them: ${missing[*]}"
# Debian would create and start a cluster of its own; Souk needs only the programs.
if [ ! -e /etc/postgresql-common/createcluster.conf ] && [[ " ${missing[*]} " == *" postgresql "* ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "Installed: ${missing[*]}"
