package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

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
	door := a.Router.Handler()
	if a.Unlisted {
		door = unlisted(door)
	}
	server := &httpapi.Server{
		Handler: telemetry.Traced(a.Config.OTLPEndpoint, door), Logger: a.Log, Trusted: proxies,
		NoCap: !a.Config.Limited(), Drain: a.Config.DrainTimeout,
	}
	parts := []part{
		{"requests", func(ctx context.Context) error { return server.Serve(ctx, ln) }},
		{"event bell", a.Bell.Run},
		{"live streams", a.Hub.Run},
		{"listings", a.Search.Run},
		{"wishlists", a.Wishlists.Run},
		{"search index", a.Search.Follow},
	}
	if a.Config.Worker {
		parts = append(parts, part{"jobs", a.Relay.Run})
	}
	if a.Redis != nil {
		defer a.Redis.Close() // the last requests still count there
		parts = append(parts, part{"redis", a.Redis.Run})
	}
	return together(ctx, parts)
}

func unlisted(door http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Robots-Tag", "noindex")
		door.ServeHTTP(w, r)
	})
}

// Work works jobs, keeps the listings and follows what people wish for, without
// answering requests.
func (a *App) Work(ctx context.Context) error {
	return together(ctx, []part{{"event bell", a.Bell.Run}, {"listings", a.Search.Run}, {"wishlists", a.Wishlists.Run}, {"jobs", a.Relay.Run}})
}

// KeepUp keeps the listings while change changes the catalogue, and until they
// show all that has happened if it says that something has. It works beside a
// souk that serves, or without one.
func (a *App) KeepUp(ctx context.Context, change func(ctx context.Context) (bool, error)) error {
	var refused error // change's own error needs no "catalogue:" before it
	err := together(ctx, []part{{"event bell", a.Bell.Run}, {"listings", a.Search.Run}, {"catalogue", func(ctx context.Context) error {
		changed, err := change(ctx)
		if err != nil || !changed {
			refused = err
			return nil
		}
		return a.listed(ctx)
	}}})
	return errors.Join(refused, err)
}

// listed waits until the listings show all that has happened so far.
func (a *App) listed(ctx context.Context) error {
	from := a.Clock.Now()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) { // asking counts all products
		status, err := a.Search.Status(ctx)
		if err != nil {
			return err
		}
		if status.PutOff == 0 && status.Lag < a.Clock.Now().Sub(from).Seconds() { // what is younger came later
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
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
