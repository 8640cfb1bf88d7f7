package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"souk/internal/id"
	"souk/internal/platform/config"
	"souk/internal/promotions"
	"souk/internal/simulator"
)

type promotionsCmd struct {
	Replay replayCmd `cmd:"" help:"Say what a promotion would have cost on past orders."`
}

type replayCmd struct {
	Promotion string    `arg:"" help:"Id of a promotion, or a file with a draft as POST /admin/promotions takes it."`
	Orders    int       `default:"1000" help:"The last so many orders, of those placed in the time; 10,000 at most."`
	From      time.Time `help:"Placed at or after, such as 2026-11-01T00:00:00Z."`
	To        time.Time `help:"Placed before."`
	JSON      bool      `help:"Print JSON."`
}

func (cmd replayCmd) Run(ctx context.Context, c *config.Config) error {
	rerun := simulator.Rerun{Orders: cmd.Orders, From: cmd.From, To: cmd.To}
	var err error
	if rerun.ID, err = id.Parse[id.Promotion](cmd.Promotion); err != nil {
		if rerun.Draft, err = readDraft(cmd.Promotion); err != nil {
			return err
		}
	}
	return withShop(ctx, c, func(s *shop) error {
		found, err := s.Simulator.Replay(ctx, s.DB, id.Vendor{}, rerun)
		if err != nil {
			return explain(err)
		}
		if cmd.JSON {
			return printJSON(found)
		}
		printReplay(found)
		return nil
	})
}

func readDraft(file string) (*promotions.Proposal, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var draft promotions.Proposal
	if err := json.Unmarshal(text, &draft); err != nil {
		return nil, fmt.Errorf("read the draft in %s: %w", file, err)
	}
	return &draft, nil
}

func printReplay(r simulator.Replay) {
	fmt.Println(r.Summary)
	for _, c := range r.Costs {
		if c.Matched == 0 {
			continue
		}
		fmt.Printf("%s: it takes %s off %d of %d orders, others take %s less. The platform pays %s, vendors %s.\n",
			c.Currency, c.Given, c.Matched, c.Orders, c.Saved, c.Platform, c.Vendors)
		for _, o := range c.Most {
			fmt.Printf("  %s  %s  %s\n", o.PlacedAt.Format(time.DateOnly), o.Number, o.Cost)
		}
	}
	for _, note := range r.Notes {
		fmt.Println(note)
	}
}
