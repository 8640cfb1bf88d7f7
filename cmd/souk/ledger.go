package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/ledger"
	"souk/internal/platform/config"
)

type ledgerCmd struct {
	Close  ledgerCloseCmd  `cmd:"" help:"Close a month of the books: it accepts no entry any more."`
	Export ledgerExportCmd `cmd:"" help:"Take the journal out as a CSV file."`
}

type ledgerCloseCmd struct {
	Month string `arg:"" help:"Such as 2026-10."`
	JSON  bool   `help:"Print JSON."`
}

// Help says what scripts need to know.
func (ledgerCloseCmd) Help() string {
	return `Months are closed once they have ended in UTC, one after the other. It is safe to repeat.`
}

func (cmd ledgerCloseCmd) Run(ctx context.Context, c *config.Config) error {
	month, err := ledger.ParseMonth(cmd.Month)
	if err != nil {
		return err
	}
	return withShop(ctx, c, func(s *shop) error {
		var closed ledger.AccountingPeriod
		err := s.Command(ctx, "ledger.close", cmd.Month, func(tx pgx.Tx) (err error) {
			closed, err = ledger.Close(asCommand(ctx, "ledger close"), tx, month)
			return err
		})
		switch {
		case err != nil:
			return err
		case cmd.JSON:
			return printJSON(closed)
		}
		fmt.Printf("%s is closed since %s.\n", closed.Month, closed.ClosedAt.Format(time.DateTime))
		return nil
	})
}

type ledgerExportCmd struct {
	From time.Time `required:"" format:"2006-01-02" help:"The first day, in UTC, such as 2026-10-01."`
	To   time.Time `required:"" format:"2006-01-02" help:"The day after the last."`
	File string    `arg:"" default:"-" help:"File, or - for standard output."`
}

func (cmd ledgerExportCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) (err error) {
		out := os.Stdout
		if cmd.File != "-" {
			if out, err = os.Create(cmd.File); err != nil {
				return fmt.Errorf("write the journal: %w", err)
			}
			defer func() { err = errors.Join(err, out.Close()) }()
		}
		entries, err := ledger.Journal(ctx, s.DB, ledger.Span{From: cmd.From, To: cmd.To}, csv.NewWriter(out))
		if err == nil && cmd.File != "-" {
			fmt.Printf("Wrote %d entries to %s.\n", entries, cmd.File)
		}
		return explain(err)
	})
}
