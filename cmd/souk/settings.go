package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/config"
)

// settingsCmd is for what staff change while the shop runs, when nobody can sign
// in to change it. What is said before the start is under souk config.
type settingsCmd struct {
	List settingsListCmd `cmd:"" help:"List what can be changed while the shop runs."`
	Set  settingsSetCmd  `cmd:"" help:"Change one setting; every node knows within a second."`
}

type settingsListCmd struct {
	JSON bool `help:"Print JSON."`
}

func (cmd settingsListCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		list, err := s.Settings.List(ctx, s.DB)
		if err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(list)
		}
		for _, one := range list {
			value, err := json.Marshal(one.Value)
			if err != nil {
				return err
			}
			fmt.Printf("%-36s %-12s %s\n", one.Key, value, one.Help)
		}
		return nil
	})
}

type settingsSetCmd struct {
	Key     string `arg:"" help:"As souk settings list shows it."`
	Value   string `arg:"" optional:"" help:"true, false, a number or a text."`
	Default bool   `help:"Take the setting back to its default instead."`
}

func (cmd settingsSetCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		err := s.Command(ctx, "settings.set", cmd.Key, func(tx pgx.Tx) error {
			if err := s.Settings.Lock(ctx, tx); err != nil {
				return err
			}
			return explain(s.Settings.Set(ctx, tx, map[string]json.RawMessage{cmd.Key: cmd.value()}))
		})
		if err == nil {
			fmt.Printf("%s is changed.\n", cmd.Key)
		}
		return err
	})
}

// value is JSON: a word that is none is a text.
func (cmd settingsSetCmd) value() json.RawMessage {
	if cmd.Default {
		return json.RawMessage("null")
	}
	if json.Valid([]byte(cmd.Value)) {
		return json.RawMessage(cmd.Value)
	}
	text, _ := json.Marshal(cmd.Value) // of a string, never fails
	return text
}
