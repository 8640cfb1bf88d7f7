package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/apikeys"
	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/config"
)

type apikeyCmd struct {
	Create apikeyCreateCmd `cmd:"" help:"Make an API key of the shop and print its secret, once."`
	List   apikeyListCmd   `cmd:"" help:"List API keys, the newest first."`
	Revoke apikeyRevokeCmd `cmd:"" help:"End an API key at once."`
}

type apikeyCreateCmd struct {
	Name   string        `required:"" help:"What it is for."`
	Scopes []string      `required:"" help:"What it may do, such as orders.read,products.write."`
	For    time.Duration `help:"How long it is good; for ever unless given." placeholder:"DURATION"`
}

func (cmd apikeyCreateCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		w := apikeys.Wish{Name: cmd.Name}
		for _, scope := range cmd.Scopes {
			w.Scopes = append(w.Scopes, auth.Permission(scope))
		}
		if cmd.For > 0 {
			end := s.Clock.Now().Add(cmd.For)
			w.Expires = &end
		}
		var made apikeys.Made
		ctx := auth.With(ctx, auth.Actor{System: "cli"}) // who reaches the database has every right
		err := s.Command(ctx, "apikey.create", "", func(tx pgx.Tx) (err error) {
			made, err = s.APIKeys.Create(ctx, tx, w)
			return err
		})
		if err != nil {
			return explain(err)
		}
		fmt.Printf("%s\n%s is its id; the secret is not shown again.\n", made.Secret, made.ID)
		return nil
	})
}

type apikeyListCmd struct {
	JSON bool `help:"Print JSON."`
}

func (cmd apikeyListCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		keys, err := s.APIKeys.List(ctx, s.DB, id.Vendor{}, id.APIKey{}, 1000)
		if err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(keys)
		}
		for _, k := range keys {
			state := "good"
			if k.RevokedAt != nil {
				state = "revoked"
			}
			var scopes []string
			for _, p := range k.Scopes {
				scopes = append(scopes, string(p))
			}
			fmt.Printf("%s  %-18s  %-8s  %-24s  %s\n", k.ID, k.Hint, state, k.Name, strings.Join(scopes, ", "))
		}
		return nil
	})
}

type apikeyRevokeCmd struct {
	Key string `arg:"" help:"Id of the key."`
}

func (cmd apikeyRevokeCmd) Run(ctx context.Context, c *config.Config) error {
	key, err := id.Parse[id.APIKey](cmd.Key)
	if err != nil {
		return err
	}
	return withShop(ctx, c, func(s *shop) error {
		err := s.Command(ctx, "apikey.revoke", cmd.Key, func(tx pgx.Tx) error { return s.APIKeys.Revoke(ctx, tx, id.Vendor{}, key) })
		if err == nil {
			fmt.Println("The key lets nobody in any more.")
		}
		return explain(err)
	})
}
