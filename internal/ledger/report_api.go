package ledger

import (
	"context"
	"encoding/csv"
	"fmt"
	"time"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (b *Books) reportRoutes(r *httpapi.Router) {
	const either = "As JSON or, with `format=csv`, as a file of all of it. "
	read, private := httpapi.Needs(CanRead), httpapi.Private()
	httpapi.Get(r, "/api/v1/admin/ledger/{account}/statement", b.statement, read, private, httpapi.ID("admin-get-ledger-statement"),
		httpapi.Summary("Show the statement of an account"),
		httpapi.Describe(either+"What it held when a time began, each entry, the oldest first, with what it held then, and what it held at the end."))
	httpapi.Get(r, "/api/v1/admin/ledger/reports/trial-balance", b.trialBalance, read, private, httpapi.ID("admin-get-ledger-trial-balance"),
		httpapi.Summary("Show the trial balance by account"),
		httpapi.Describe(either+"All that was debited and credited to each account before a moment, and the sums of all of them."))
	httpapi.Get(r, "/api/v1/admin/ledger/reports/income", b.income, read, private, httpapi.ID("admin-get-ledger-income"),
		httpapi.Summary("Show the income statement"), httpapi.Describe(either+"Revenue and expenses of a time, by kind of account and currency."))
	httpapi.Get(r, "/api/v1/admin/ledger/reports/balance", b.balance, read, private, httpapi.ID("admin-get-ledger-balance"),
		httpapi.Summary("Show the balance sheet"), httpapi.Describe(either+"Assets and liabilities as of a moment, by kind of account and currency."))
	httpapi.Get(r, "/api/v1/admin/ledger/journal", b.journal, read, private, httpapi.ID("admin-export-ledger-journal"),
		httpapi.Summary("The journal as a file"), httpapi.Describe("Each entry of a time with its transaction, one a row, as programs for accountants import it."))
}

// asCSV is the format of a file.
const asCSV = "csv"

type statementInput struct {
	Account id.LedgerAccount `path:"account"`
	Span
	Format string `query:"format" enum:"json,csv" default:"json"`
	httpapi.Page
}

type statementAnswer struct {
	httpapi.CSV `json:"-"`
	Statement
	Span
	httpapi.List[StatementLine]
}

func (b *Books) statement(ctx context.Context, in *statementInput) (out statementAnswer, err error) {
	if err := in.check(); err != nil {
		return out, err
	}
	s, err := StatementOf(ctx, b.DB, in.Account, in.Span)
	if err != nil {
		return out, err
	}
	if in.Format == asCSV {
		out.CSV = httpapi.CSV{Name: s.ID.String(), Rows: func(file *csv.Writer) error { return s.writeCSV(ctx, b.DB, in.Span, file) }}
		return out, nil
	}
	after := s.begin(in.Span)
	if err := b.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return out, err
	}
	lines, err := s.lines(ctx, b.DB, in.Span, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	out.Statement, out.Span = s, in.Span
	out.List = httpapi.ListOf(b.cursors, httpapi.Scope(ctx), lines, in.Limit, func(l StatementLine) any { return l.place() })
	if in.WantsTotal() {
		total, err := countLinesIn(ctx, b.DB, in.Account, in.Span)
		if err != nil {
			return out, fmt.Errorf("count entries of %s: %w", in.Account, err)
		}
		out.TotalCount = &total
	}
	return out, nil
}

type trialInput struct {
	At     time.Time `query:"at" doc:"What happened before; all of it unless told"`
	Format string    `query:"format" enum:"json,csv" default:"json"`
	httpapi.Page
}

type trialAnswer struct {
	httpapi.CSV `json:"-"`
	Totals      []Trial `json:"totals"`
	httpapi.List[TrialLine]
}

func (b *Books) trialBalance(ctx context.Context, in *trialInput) (out trialAnswer, err error) {
	if in.Format == asCSV {
		out.CSV = httpapi.CSV{Name: "trial-balance", Rows: func(file *csv.Writer) error { return writeTrial(ctx, b.DB, in.At, file) }}
		return out, nil
	}
	var after trialPlace
	if err := b.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return out, err
	}
	lines, err := trialLines(ctx, b.DB, in.At, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	out.List = httpapi.ListOf(b.cursors, httpapi.Scope(ctx), lines, in.Limit, func(l TrialLine) any { return l.place() })
	out.Totals, err = trialAt(ctx, b.DB, in.At)
	if err != nil || !in.WantsTotal() {
		return out, err
	}
	total, err := countTrialLines(ctx, b.DB, in.At)
	if err != nil {
		return out, fmt.Errorf("count accounts: %w", err)
	}
	out.TotalCount = &total
	return out, nil
}

type incomeInput struct {
	Span
	Format string `query:"format" enum:"json,csv" default:"json"`
}

type incomeAnswer struct {
	httpapi.CSV `json:"-"`
	Span
	Data []Income `json:"data"`
}

func (b *Books) income(ctx context.Context, in *incomeInput) (out incomeAnswer, err error) {
	if err := in.check(); err != nil {
		return out, err
	}
	out.Span = in.Span
	out.Data, err = IncomeIn(ctx, b.DB, in.Span)
	if in.Format == asCSV {
		out.CSV = httpapi.CSV{Name: "income", Rows: func(file *csv.Writer) error { return writeIncome(out.Data, file) }}
	}
	return out, err
}

type balanceInput struct {
	At     time.Time `query:"at" doc:"What happened before; all of it unless told"`
	Format string    `query:"format" enum:"json,csv" default:"json"`
}

type balanceAnswer struct {
	httpapi.CSV `json:"-"`
	Data        []BalanceSheet `json:"data"`
}

func (b *Books) balance(ctx context.Context, in *balanceInput) (out balanceAnswer, err error) {
	out.Data, err = BalanceAt(ctx, b.DB, in.At)
	if in.Format == asCSV {
		out.CSV = httpapi.CSV{Name: "balance-sheet", Rows: func(file *csv.Writer) error { return writeBalance(out.Data, file) }}
	}
	return out, err
}

func (b *Books) journal(ctx context.Context, in *Span) (httpapi.CSV, error) {
	return httpapi.CSV{Name: "journal", Rows: func(file *csv.Writer) error {
		_, err := Journal(ctx, b.DB, *in, file)
		return err
	}}, nil
}
