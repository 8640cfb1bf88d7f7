package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"souk/internal/platform/postgres"
)

// Percentile is the value below which p percent of all are.
func Percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)*p/100]
}

// PostgresVersion is that of the programs which a private cluster uses.
func PostgresVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, postgres.Program("postgres"), "--version").Output()
	if err != nil {
		return "of unknown version"
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "postgres (PostgreSQL) "))
}

// Say tells who waits what goes on.
func Say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
