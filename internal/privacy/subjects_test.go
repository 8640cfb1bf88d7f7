package privacy

import (
	"regexp"
	"strings"
	"testing"

	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// notExported is the tables of users that hold nothing to show them.
var notExported = map[string]string{
	"buyer_plans":    "a view of memberships, which are exported",
	"credentials":    "a hash",
	"refresh_tokens": "hashes, of the sessions that are exported",
	"data_exports":   "this export",
	"mfa_attempts":   "how often somebody guessed",
}

func TestEveryTableOfUsersIsExported(t *testing.T) {
	tables, err := postgres.Column[string](t.Context(), pgtest.Tx(t), `
		SELECT DISTINCT table_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'user_id' ORDER BY 1`, nil)
	if err != nil || len(tables) < 8 {
		t.Fatalf("%v, %v", tables, err)
	}
	var all strings.Builder
	for _, s := range subjects {
		all.WriteString(s.sql)
	}
	for _, table := range tables {
		exported := regexp.MustCompile(`\b(FROM|JOIN) ` + table + `\b`).MatchString(all.String())
		if _, left := notExported[table]; left == exported {
			t.Errorf("%s: a user may see all that is theirs: export it in subjects.go, or say in notExported why it is nothing to see", table)
		}
	}
}
