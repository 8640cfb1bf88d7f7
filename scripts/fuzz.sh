#!/usr/bin/env bash
# Runs every fuzz target, found by its name, for a while, one on each processor: fuzz.sh 6s
# A failing input is left in testdata/fuzz, where `go test` runs it from then on: commit it with the mend.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzz() { # seconds, file, target
    local dir=./${2%/*} said
    if said=$("${GO:-go}" test -vet=off -run '^$' -fuzz "^$3\$" -fuzztime "$1" -fuzzminimizetime 1s -parallel 1 "$dir" 2>&1); then
        echo "ok  $dir $3"
    else
        echo "$said"
        return 1
    fi
}
export -f fuzz

grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd internal | sort | sed 's/:func / /' |
    xargs -n 2 -P "$(getconf _NPROCESSORS_ONLN)" bash -c 'fuzz "$0" "$@"' "$1"
