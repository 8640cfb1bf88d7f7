package main

import (
	"context"
	"fmt"

	"souk/internal/platform/audit"
	"souk/internal/platform/config"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that nobody has edited the audit trail."`
	Head   auditHeadCmd   `cmd:"" help:"Print the last hash of the audit trail, to be kept elsewhere."`
}

type auditVerifyCmd struct {
	JSON bool `help:"Print JSON."`
}

func (cmd auditVerifyCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		report, err := audit.Verify(ctx, s.DB)
		if err != nil {
			return err
		}
		if cmd.JSON {
			err = printJSON(report)
		} else {
			fmt.Printf("%d entries are chained, %d of the last moments wait to be.\nHead: %s\n", report.Sealed, report.Waiting, report.Head)
		}
		if err == nil && !report.OK {
			fmt.Printf("The trail was changed. The first entry that is not what was sealed: %s\n", report.Broken)
			err = errSilent
		}
		return err
	})
}

type auditHeadCmd struct{}

func (auditHeadCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		if _, err := audit.Seal(ctx, s.DB); err != nil {
			return err
		}
		report, err := audit.Verify(ctx, s.DB)
		if err == nil {
			fmt.Println(report.Head)
		}
		return err
	})
}
