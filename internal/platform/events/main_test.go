package events_test

import (
	"context"
	"log"
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/crash"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
)

var beforeRelay = crash.At("events.test.before_relay")

// TestMain is also the process that child kills.
func TestMain(m *testing.M) {
	if part := os.Getenv("EVENTS_TEST_PART"); part != "" {
		if err := play(context.Background(), part); err != nil {
			log.Fatal(err)
		}
		log.Fatal("outlived its part")
	}
	os.Exit(m.Run())
}

func play(ctx context.Context, part string) error {
	pool, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv("EVENTS_TEST_URL"), MaxConns: 8})
	if err != nil {
		return err
	}
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return events.Raise(ctx, tx, brewed{"assam"}) })
	if err != nil {
		return err
	}
	beforeRelay.Here()
	relay := &events.Relay{DB: pool}
	events.On(relay, "pour", func(ctx context.Context, _ brewed) error {
		if part == "die at work" {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		<-ctx.Done()
		return ctx.Err()
	})
	return relay.Run(ctx)
}
