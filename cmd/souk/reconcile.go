package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"souk/internal/platform/config"
	"souk/internal/reconcile"
)

type reconcileCmd struct {
	Provider string `required:"" enum:"stripe,razorpay,paypal,test" help:"Whose books: ${enum}."`
	From     string `help:"The first day in UTC, such as 2026-11-23; three days until yesterday unless told."`
	Until    string `help:"The last day."`
	File     string `type:"existingfile" help:"Read the provider's report from this file instead of asking, and ask nobody about what differs. Its days are those of the file unless told."`
	JSON     bool   `help:"Print JSON."`
}

// Run exits 1 when something does not add up.
func (cmd reconcileCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		p, err := cmd.period(s.Clock.Now())
		if err != nil {
			return explain(err)
		}
		run, err := s.Reconciler.Run(asCommand(ctx, "reconcile"), p)
		if err != nil {
			return explain(err)
		}
		if cmd.JSON {
			err = printJSON(run)
		} else {
			printRun(run)
		}
		if err == nil && run.Found > 0 {
			return errSilent
		}
		return err
	})
}

func (cmd reconcileCmd) period(now time.Time) (reconcile.Period, error) {
	if cmd.File == "" {
		p, err := reconcile.Days(now, cmd.From, cmd.Until)
		p.Provider, p.Source = cmd.Provider, reconcile.Asked
		return p, err
	}
	file, err := os.Open(cmd.File)
	if err != nil {
		return reconcile.Period{}, err
	}
	defer func() { _ = file.Close() }() // it is only read
	return reconcile.OfReport(cmd.Provider, file, now, cmd.From, cmd.Until)
}

func printRun(r reconcile.Run) {
	fmt.Printf("%s, %s to %s: %d movements, %d payouts and fees posted.\n",
		r.Provider, r.From.Format(time.DateOnly), r.Until.Add(-1).Format(time.DateOnly), r.Movements, r.Posted)
	for _, d := range r.Days {
		fmt.Printf("  %s  %16s in both books\n", d.Date, d.Theirs)
	}
	fmt.Printf("%d do not add up; %d that did not before do now.\n", r.Found, r.Resolved)
	if r.Found > 0 {
		fmt.Println("See GET /api/v1/admin/reconciliation, or let `souk doctor --fix` ask about them again.")
	}
}
