package main

import (
	"context"
	"fmt"

	"souk/internal/accounts"
	"souk/internal/notifications"
	"souk/internal/platform/config"
)

type mailCmd struct {
	Test testMailCmd `cmd:"" help:"Send a test mail, at once."`
}

type testMailCmd struct {
	To string `required:"" help:"E-mail address that gets it."`
}

func (cmd testMailCmd) Run(ctx context.Context, c *config.Config) error {
	if !accounts.ValidEmail(cmd.To) {
		return fmt.Errorf("--to: %q is not an e-mail address", cmd.To)
	}
	return withShop(ctx, c, func(s *shop) error {
		status, err := s.Notifications.SendTest(ctx, cmd.To)
		if err != nil {
			return err
		}
		if status == notifications.Kept {
			fmt.Printf("No mail server is set (SOUK_SMTP_URL), so the mail to %s is kept in the database: %s/dev/mail shows it.\n", cmd.To, c.PublicURL())
			return nil
		}
		fmt.Printf("The mail server has taken the mail to %s. Look into the mailbox, and among the spam.\n", cmd.To)
		return nil
	})
}
