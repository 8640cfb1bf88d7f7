package app

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"regexp"
	"strings"

	"souk/internal/clock"
	"souk/internal/platform/config"
	"souk/internal/platform/postgres"
)

// contract is the version of the API. The committed document has it in place of
// the program's, so that it changes only with what it describes.
const contract = "1"

// Unplugged is the shop without a database: enough to say which routes it has.
func Unplugged() *App {
	return Build(Parts{
		Config: &config.Config{Currency: "USD", Listen: "localhost:8080", RateLimits: "on"},
		Clock:  clock.System{}, Log: slog.New(slog.DiscardHandler), Version: contract,
	})
}

// Schema is the whole schema as SQL, for reviewers: what the migrations make of
// an empty database, without River's own tables. It needs pg_dump.
func Schema(ctx context.Context, url string) (string, error) {
	dump := exec.CommandContext(ctx, postgres.Program("pg_dump"), "--schema-only", "--no-owner", "--no-privileges",
		"--exclude-table=river_*", "--exclude-table=goose_*", url)
	out, err := dump.Output()
	if err != nil {
		return "", fmt.Errorf("dump the schema: %w", err)
	}
	return tidy(string(out)), nil
}

var (
	noise  = regexp.MustCompile(`(?m)^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n`)
	blanks = regexp.MustCompile(`\n{3,}`)
)

// tidy leaves out what differs between machines and says nothing of the tables.
func tidy(dump string) string {
	dump = noise.ReplaceAllString(dump, "")
	return "-- What the migrations make; written by `make generate`, read by reviewers, used by nobody.\n\n" +
		strings.TrimSpace(blanks.ReplaceAllString(dump, "\n\n")) + "\n"
}
