package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"souk/internal/app"
	"souk/internal/platform/config"
)

type doctorCmd struct {
	JSON bool `help:"Print JSON."`
	Fix  bool `help:"First mend what is safe to mend: ask payment providers again about what does not add up, and tell them what is due."`
}

func (cmd doctorCmd) Run(ctx context.Context, c *config.Config) (err error) {
	s, err := openShop(ctx, c)
	if err != nil {
		finding := app.Finding{What: "PostgreSQL", State: app.Sick, Detail: err.Error(), Remedy: "See the message above, then run `souk doctor` again."}
		return errors.Join(cmd.print([]app.Finding{finding}), app.ErrDependency)
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	var mended []app.Finding
	if cmd.Fix {
		mended = s.Mend(asCommand(ctx, "doctor"))
	}
	return cmd.print(append(mended, s.Examine(ctx, s.db)...))
}

func (cmd doctorCmd) print(findings []app.Finding) error {
	sick := false
	for _, f := range findings {
		sick = sick || f.State == app.Sick
	}
	if cmd.JSON {
		if err := printJSON(map[string]any{"ok": !sick, "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Printf("  %s %-14s %s\n", map[app.State]string{app.Well: "✓", app.Warning: "!", app.Sick: "✗"}[f.State], f.What, f.Detail)
			if f.Remedy != "" {
				fmt.Printf("    %s %s\n", strings.Repeat(" ", 14), f.Remedy)
			}
		}
	}
	if sick {
		return errSilent
	}
	return nil
}
