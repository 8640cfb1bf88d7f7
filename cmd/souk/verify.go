package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"souk/internal/platform/config"
	"souk/internal/verify"
)

type verifyCmd struct {
	JSON bool `help:"Print JSON."`
	List bool `help:"Print the rules and check nothing."`
}

// Run changes nothing, the schema included. It exits 1 when a rule is broken.
func (cmd verifyCmd) Run(ctx context.Context, c *config.Config) (err error) {
	if cmd.List {
		if cmd.JSON {
			return printJSON(verify.Rules())
		}
		for _, r := range verify.Rules() {
			fmt.Printf("%-4s %s\n", r.Name, r.Text)
		}
		return nil
	}
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	began := time.Now()
	report, err := verify.Run(ctx, s.Pool)
	if err != nil {
		return err
	}
	if cmd.JSON {
		err = printJSON(report)
	} else {
		report.Print(os.Stdout, time.Since(began))
	}
	if err == nil && !report.OK {
		return errSilent
	}
	return err
}
