#!/usr/bin/env bash
# Runs every fuzz target, found by its name, for a while, a package on each processor: fuzz.sh 6s
# A failing input is left in testdata/fuzz, where `go test` runs it from then on: commit it with the mend.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=$(mktemp -d)
trap 'rm -rf "$binaries"' EXIT

# A package is built once, for all of its targets: what is fuzzed is compiled with all that it imports.
fuzz() { # binaries, seconds, package
    local binary=$1/${3//\//-} target said
    "${GO:-go}" test -vet=off -c -fuzz . -o "$binary" "./$3" || return 1
    cd "$3"
    for target in $(grep -Eho '^func Fuzz[A-Za-z0-9_]*' ./*_test.go | sed 's/func //'); do
        said=$("$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$2" -test.fuzzminimizetime 1s \
            -test.parallel 1 -test.fuzzcachedir "$1/found" 2>&1) || { echo "$said"; return 1; }
        echo "ok  $3 $target"
    done
    rm "$binary"
}
export -f fuzz

grep -rEl --include='*_test.go' '^func Fuzz' cmd internal | xargs -n 1 dirname | sort -u |
    xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" bash -c 'fuzz "$@"' fuzz "$binaries" "$1"
