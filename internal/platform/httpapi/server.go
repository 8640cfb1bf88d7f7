package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	drainTime      = 30 * time.Second
	connsByAddress = 100
	// net/http reads 4 KiB more than it is told, so this makes 16 KiB.
	maxHeaderBytes = 12 << 10
)

// A Server answers on a listener until it is told to stop.
type Server struct {
	Handler http.Handler
	Logger  *slog.Logger   // slog.Default when nil
	Trusted []netip.Prefix // proxies, which may hold any number of connections
	NoCap   bool           // lifts the cap on connections of one address
	Drain   time.Duration  // how long accepted requests may take; 30 s when 0
}

// Serve answers on ln with handler until ctx ends, then drains: it accepts
// nothing more, ends event streams, and waits up to 30 s for what was accepted.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler) error {
	return (&Server{Handler: handler}).Serve(ctx, ln)
}

// Serve answers on ln; see the function of that name.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	log := s.Logger
	if log == nil {
		log = slog.Default()
	}
	drain, startDrain := context.WithCancel(context.WithoutCancel(ctx))
	defer startDrain()
	srv := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // TLS and parse errors of strangers
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), drainKey{}, drain)
		},
	}
	if !s.NoCap {
		ln = &cappedListener{Listener: ln, trusted: s.Trusted, open: map[netip.Addr]int{}}
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve http: %w", err)
	case <-ctx.Done():
	}
	startDrain()
	wait := s.Drain
	if wait == 0 {
		wait = drainTime
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil {
		_ = srv.Close()
		<-failed //nolint:errcheck // http.ErrServerClosed, and the reason is err
		return fmt.Errorf("drain http: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}

type drainKey struct{}

// draining ends when the server that took the request begins to drain.
func draining(ctx context.Context) context.Context {
	if drain, ok := ctx.Value(drainKey{}).(context.Context); ok {
		return drain
	}
	return ctx // not served by Serve: a test
}

// cappedListener closes a connection at once when its address holds 100.
type cappedListener struct {
	net.Listener
	trusted []netip.Prefix
	mu      sync.Mutex
	open    map[netip.Addr]int
}

func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := addrOf(conn.RemoteAddr().String())
		if !addr.IsValid() || contains(l.trusted, addr) { // a unix socket, a proxy
			return conn, nil
		}
		addr = Household(addr)
		if l.enter(addr) {
			return &countedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(addr) })}, nil
		}
		_ = conn.Close() // over the cap: nothing to say to it
	}
}

func (l *cappedListener) enter(addr netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr] >= connsByAddress {
		return false
	}
	l.open[addr]++
	return true
}

func (l *cappedListener) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr]--; l.open[addr] <= 0 {
		delete(l.open, addr)
	}
}

type countedConn struct {
	net.Conn
	leave func()
}

func (c *countedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite lets the server say its last word before it closes.
func (c *countedConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// ReadFrom keeps sendfile for files.
func (c *countedConn) ReadFrom(src io.Reader) (int64, error) { return io.Copy(c.Conn, src) }
