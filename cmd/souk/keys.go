package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/config"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the keys that access tokens may be signed with."`
	Rotate keysRotateCmd `cmd:"" help:"Sign with a new key; tokens that the old one signed stay good until they expire."`
}

type keysListCmd struct {
	JSON bool `help:"Print JSON."`
}

func (cmd keysListCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		keys, err := s.Accounts.SigningKeys(ctx)
		if err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(keys)
		}
		for _, k := range keys {
			state := "signs"
			if k.RetiredAt != nil {
				state = "retired " + k.RetiredAt.Format(time.RFC3339)
			}
			fmt.Printf("%s  made %s  %s\n", k.ID, k.CreatedAt.Format(time.RFC3339), state)
		}
		return nil
	})
}

type keysRotateCmd struct{}

func (keysRotateCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		return s.Command(ctx, "keys.rotate", "", func(tx pgx.Tx) error {
			kid, err := s.Accounts.RotateKeys(ctx, tx)
			if err == nil {
				fmt.Printf("%s signs from now on; every node knows within five minutes.\n", kid)
			}
			return err
		})
	})
}
