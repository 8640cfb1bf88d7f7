package main

import (
	"context"
	"fmt"

	"souk/internal/platform/config"
)

type secretsCmd struct {
	Rotate secretsRotateCmd `cmd:"" help:"Make a new master key; the old one goes on opening what it sealed."`
	Reseal secretsResealCmd `cmd:"" help:"Seal every secret with the newest master key and drop the older ones."`
}

type secretsRotateCmd struct{}

func (secretsRotateCmd) Run(c *config.Config) error {
	if err := c.AddKey(); err != nil {
		return err
	}
	fmt.Println("There is a new master key. Start Souk again on every node, then run `souk secrets reseal`.")
	return nil
}

type secretsResealCmd struct{}

func (secretsResealCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		n, err := s.Reseal(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%d secrets were sealed anew.\n", n)
		if c.SecretKey != "" {
			fmt.Println("Older keys in SOUK_SECRET_KEY are not needed any more.")
			return nil
		}
		dropped, err := c.DropOldKeys()
		if err == nil && dropped > 0 {
			fmt.Printf("%d older master keys were dropped.\n", dropped)
		}
		return err
	})
}
