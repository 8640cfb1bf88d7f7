package ledger

import (
	"context"
	"reflect"
	"time"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// KindFilter is the kinds that a list of accounts can be narrowed to.
func KindFilter() string {
	field, _ := reflect.TypeFor[accountFilter]().FieldByName("Kinds")
	return field.Tag.Get("enum")
}

// TrialLines is the whole trial balance as of a moment.
func TrialLines(ctx context.Context, db postgres.DB, at time.Time) ([]TrialLine, error) {
	return trialLines(ctx, db, at, trialPlace{}, 1000)
}

// WholeStatement is a statement with all its lines, read by so many at a time.
func WholeStatement(ctx context.Context, db postgres.DB, account id.LedgerAccount, span Span, page int) (s Statement, all []StatementLine, err error) {
	if s, err = StatementOf(ctx, db, account, span); err != nil {
		return s, nil, err
	}
	for at := s.begin(span); ; {
		lines, err := s.lines(ctx, db, span, at, page)
		all = append(all, lines...)
		if err != nil || len(lines) < page {
			return s, all, err
		}
		at = lines[page-1].place()
	}
}
