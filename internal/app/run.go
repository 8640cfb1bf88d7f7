package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"souk/internal/platform/httpapi"
	"souk/internal/platform/telemetry"
)

// Serve answers requests on ln and, unless the settings say otherwise, works
// jobs, until ctx ends. Then accepted requests and running jobs may finish.
func (a *App) Serve(ctx context.Context, ln net.Listener) error {
	proxies, err := a.Config.Proxies()
	if err != nil {
		return err
	}
	server := &httpapi.Server{
		Handler: telemetry.Traced(a.Config.OTLPEndpoint, a.Router.Handler()), Logger: a.Log, Trusted: proxies,
		NoCap: !a.Config.Limited(), Drain: a.Config.DrainTimeout,
	}
	parts := []part{
		{"requests", func(ctx context.Context) error { return server.Serve(ctx, ln) }},
		{"event bell", a.Bell.Run},
		{"live streams", a.Hub.Run},
		{"listings", a.Search.Run},
	}
	if a.Config.Worker {
		parts = append(parts, part{"jobs", a.Relay.Run})
	}
	return together(ctx, parts)
}

// Work works jobs and keeps the listings, without answering requests.
func (a *App) Work(ctx context.Context) error {
	return together(ctx, []part{{"event bell", a.Bell.Run}, {"listings", a.Search.Run}, {"jobs", a.Relay.Run}})
}

// A part runs until its context ends.
type part struct {
	name string
	run  func(ctx context.Context) error
}

// together runs the parts side by side. When one breaks, all are told to stop;
// it returns when the last one has.
func together(ctx context.Context, parts []part) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		broken []error
	)
	for _, p := range parts {
		wait.Go(func() {
			defer stop() // one that ends, ends all
			if err := p.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				mu.Lock()
				defer mu.Unlock()
				broken = append(broken, fmt.Errorf("%s: %w", p.name, err))
			}
		})
	}
	wait.Wait()
	return errors.Join(broken...)
}
