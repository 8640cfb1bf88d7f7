package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/term"

	"souk/internal/accounts"
	"souk/internal/platform/config"
	"souk/internal/platform/postgres"
)

type userCmd struct {
	CreateAdmin   createAdminCmd   `cmd:"" help:"Make an administrator."`
	ResetPassword resetPasswordCmd `cmd:"" help:"Give a user a new password and end all sessions."`
	Disable2FA    disable2FACmd    `cmd:"" name:"disable-2fa" help:"Remove a user's second factors and passkeys and end all sessions."`
	List          listUsersCmd     `cmd:"" help:"List users, the newest first."`
}

type createAdminCmd struct {
	Email         string `required:"" help:"E-mail address to log in with."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

func (cmd createAdminCmd) Run(ctx context.Context, c *config.Config) error {
	password, err := readPassword(cmd.PasswordStdin)
	if err != nil {
		return err
	}
	return withShop(ctx, c, func(s *shop) error {
		return s.Command(ctx, "user.create-admin", "", func(tx pgx.Tx) error {
			user, err := s.Accounts.CreateAdmin(ctx, tx, cmd.Email, password)
			if err != nil {
				return explain(err)
			}
			fmt.Printf("%s is an administrator now (%s).\n", cmd.Email, user.ID)
			return nil
		})
	})
}

type resetPasswordCmd struct {
	User          string `arg:"" help:"E-mail address or user name."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

func (cmd resetPasswordCmd) Run(ctx context.Context, c *config.Config) error {
	password, err := readPassword(cmd.PasswordStdin)
	if err != nil {
		return err
	}
	return withShop(ctx, c, func(s *shop) error {
		user, err := s.Accounts.Named(ctx, s.DB, cmd.User)
		if err != nil {
			return explain(err)
		}
		err = s.Command(ctx, "user.reset-password", user.ID.String(), func(tx pgx.Tx) error {
			_, err := s.Accounts.ResetPassword(ctx, tx, cmd.User, password)
			return explain(err)
		})
		if err == nil {
			fmt.Printf("%s has a new password; all sessions have ended.\n", cmd.User)
		}
		return err
	})
}

type disable2FACmd struct {
	User string `arg:"" help:"E-mail address or user name."`
}

func (cmd disable2FACmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		user, err := s.Accounts.Named(ctx, s.DB, cmd.User)
		if err != nil {
			return explain(err)
		}
		err = s.Command(ctx, "user.disable-2fa", user.ID.String(), func(tx pgx.Tx) error { return s.Accounts.ResetFactors(ctx, tx, user.ID) })
		if err == nil {
			fmt.Printf("%s has no second factor any more; all sessions have ended.\n", cmd.User)
		}
		return explain(err)
	})
}

type listUsersCmd struct {
	Limit int  `default:"50" help:"How many."`
	JSON  bool `help:"Print JSON."`
}

func (cmd listUsersCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		users, err := s.Accounts.List(ctx, s.DB, accounts.Search{Limit: cmd.Limit})
		if err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(users)
		}
		for _, u := range users {
			fmt.Printf("%-32s  %-24s  %-32s  %s\n", u.ID, u.Username, u.Email, strings.Join(u.Roles, ", "))
		}
		return nil
	})
}

// readPassword reads a line from standard input, without showing it when a
// person types.
func readPassword(stdin bool) (string, error) {
	if stdin {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", errors.New("there is no terminal to ask for the password: use --password-stdin")
	}
	fmt.Fprint(os.Stderr, "Password: ")
	typed, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(typed), nil
}

func inTx(ctx context.Context, s *shop, fn func(tx pgx.Tx) error) error {
	return postgres.InTx(ctx, s.Pool, fn)
}
