package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5"

	"souk/internal/platform/config"
	"souk/internal/platform/telemetry"
)

type serveCmd struct{}

func (serveCmd) Run(ctx context.Context, c *config.Config) (err error) {
	ln, err := listen(c)
	if err != nil {
		return err
	}
	s, err := ownShop(ctx, c)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if _, err := s.Prepare(ctx); err != nil {
		return err
	}
	if err := s.offerSetUp(ctx); err != nil {
		return err
	}
	fmt.Printf("Souk is at %s/ (API docs: %s/docs)\n", c.PublicURL(), c.PublicURL())
	return s.serve(ctx, ln)
}

// serve answers shoppers, and operators on a listener of their own.
func (s *shop) serve(ctx context.Context, ln net.Listener) error {
	tuneMemory()
	shutdown, err := telemetry.Traces(ctx, s.Config.OTLPEndpoint, version)
	if err != nil {
		return err
	}
	defer func() { _ = shutdown(context.WithoutCancel(ctx)) }() // spans that did not get out are lost, nothing else
	telemetry.Collect(s.metrics, s.Pool)
	ops := telemetry.Ops{Listen: s.Config.OpsListen, Registry: s.metrics, Ready: s.Ready, Log: s.log}
	stopOps, err := ops.Start()
	if err != nil {
		return err
	}
	defer stopOps()
	return s.Serve(ctx, ln)
}

// offerSetUp prints the one-time link while there is no administrator.
func (s *shop) offerSetUp(ctx context.Context) error {
	there, err := s.Accounts.HasAdmin(ctx)
	if err != nil || there {
		return err
	}
	var token string
	err = inTx(ctx, s, func(tx pgx.Tx) error {
		token, err = s.Accounts.MakeSetupToken(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf(`There is no administrator yet. Within 30 minutes, either
  open  %s/setup#token=%s
  or    souk user create-admin --email you@example.com
`, s.Config.PublicURL(), token)
	return nil
}

// busyTries is how many ports are tried before a busy one is an error.
const busyTries = 20

// listen takes the configured address; when its port is busy it takes the next
// free one, says so, and lets the settings know.
func listen(c *config.Config) (net.Listener, error) {
	ln, err := net.Listen("tcp", c.Listen)
	if err == nil {
		c.Listen = ln.Addr().String() // port 0 has become a real one
		return ln, nil
	}
	host, text, splitErr := net.SplitHostPort(c.Listen)
	port, numErr := strconv.Atoi(text)
	if splitErr != nil || numErr != nil || !errors.Is(err, busy) {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	for next := port + 1; next <= port+busyTries; next++ {
		address := net.JoinHostPort(host, strconv.Itoa(next))
		if ln, err := net.Listen("tcp", address); err == nil {
			fmt.Fprintf(os.Stderr, "Port %d is busy; taking %d.\n", port, next)
			c.Listen = address
			return ln, nil
		}
	}
	return nil, fmt.Errorf("listen on %s and the %d ports behind it: %w", c.Listen, busyTries, err)
}

type workerCmd struct{}

func (workerCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		fmt.Println("Souk works jobs.")
		return s.Work(ctx)
	})
}
