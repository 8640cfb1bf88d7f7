package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/config"
	"souk/internal/tax"
)

type taxCmd struct {
	Preset taxPresetCmd `cmd:"" help:"Make the tax zones and rates of a government."`
}

type taxPresetCmd struct {
	Name    string `arg:"" enum:"eu-vat,india-gst" help:"Which: ${enum}."`
	OnTop   bool   `help:"Prices do not hold the tax: it is put on top."`
	DryRun  bool   `help:"Say what would change and change nothing."`
	Replace bool   `help:"Also overwrite zones that somebody has edited, or made by hand for the same place."`
	JSON    bool   `help:"Print the report as JSON."`
}

// Help says what scripts need to know.
func (taxPresetCmd) Help() string {
	return `It is safe to repeat: zones that the preset has made follow it, those that somebody has
edited stay as they are and are reported as "keep".`
}

func (cmd taxPresetCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		how := tax.Applying{DryRun: cmd.DryRun, Replace: cmd.Replace}
		if cmd.OnTop {
			how.Included = new(bool)
		}
		var done tax.Applied
		err := s.Command(ctx, "tax.preset", cmd.Name, func(tx pgx.Tx) (err error) {
			done, err = s.Tax.Apply(ctx, tx, cmd.Name, how)
			return explain(err)
		})
		if err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(done)
		}
		fmt.Printf("%s, as of %s\n", done.Title, done.Date)
		for _, z := range done.Zones {
			fmt.Printf("  %-10s %-40s %s\n", z.Action, z.Name, ratesLine(z.Rates))
		}
		if done.DryRun {
			fmt.Println("Nothing was changed.")
		}
		return nil
	})
}

// ratesLine is the rates of the standard class.
func ratesLine(rates []tax.Rate) (line string) {
	for _, r := range rates {
		if r.Class == tax.Standard {
			line += r.Name + "  "
		}
	}
	return line
}
