package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a souk that runs as a child process, and can be killed.
type server struct {
	exe      string
	dir      string
	database string
	address  string // stays the same from life to life
	log      *os.File

	mu   sync.Mutex
	life *life
}

// life is one run of the child.
type life struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
}

func newServer(exe, dir, database string) (*server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free now
	if err != nil {
		return nil, err
	}
	s := &server{exe: exe, dir: dir, database: database, address: ln.Addr().String()}
	if err := ln.Close(); err != nil {
		return nil, err
	}
	s.log, err = os.Create(filepath.Join(dir, "souk.log"))
	return s, err
}

// command is souk with the settings of this shop, and none of the caller's.
func (s *server) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(s.exe, append(args, //nolint:gosec // our own program
		"--database-url", s.database, "--data-dir", s.dir, "--listen", s.address, "--ops-listen", "",
		"--rate-limits", "off", "--outbound-allow-private", "--log-level", "warn", "--log-format", "json")...)
	cmd.Dir = s.dir // no souk.toml here
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SOUK_") && !strings.HasPrefix(v, "DATABASE_") && !strings.HasPrefix(v, "REDIS_") && !strings.HasPrefix(v, "PORT=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	return cmd
}

// start runs the server and returns when it answers. While its PostgreSQL
// recovers from a kill it ends at once and is started again, as a service
// manager would.
func (s *server) start(ctx context.Context, env ...string) error {
	deadline := time.Now().Add(patience)
	for {
		l, err := run(s.command(env, "serve"))
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.life = l
		s.mu.Unlock()
		switch err := s.answers(ctx, l, deadline); {
		case err == nil:
			return nil
		case !errors.Is(err, errEnded) || time.Now().After(deadline):
			return fmt.Errorf("start the server: %w\n%s", err, s.said())
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

var errEnded = errors.New("it ended")

func (s *server) answers(ctx context.Context, l *life, deadline time.Time) error {
	probe := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Now().Before(deadline) {
		select {
		case <-l.gone:
			return fmt.Errorf("%w: %s", errEnded, l.cmd.ProcessState)
		default:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := probe.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("it does not answer")
}

func run(cmd *exec.Cmd) (*life, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l := &life{cmd: cmd, gone: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the state is read from cmd.ProcessState
		close(l.gone)
	}()
	return l, nil
}

func (s *server) now() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

// kill is kill -9: no goodbye to anybody.
func (s *server) kill() {
	if l := s.now(); l != nil {
		_ = l.cmd.Process.Kill() // it may have ended already
		<-l.gone
	}
}

// wasKilled waits until a life ends by SIGKILL, which a crash point does to
// itself; false when it ends otherwise or lives on.
func (l *life) wasKilled(within time.Duration) bool {
	select {
	case <-l.gone:
		status, ok := l.cmd.ProcessState.Sys().(syscall.WaitStatus)
		return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
	case <-time.After(within):
		return false
	}
}

// said is the end of the server's log.
func (s *server) said() string {
	const most = 2000
	f, err := os.Open(s.log.Name())
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw[max(0, len(raw)-most):]))
}
