package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is one life of the postmaster, or another program that must not
// outlive us.
type server struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
}

// start runs cmd so that it gets the signal when this process dies.
func start(cmd *exec.Cmd, atDeath syscall.Signal) (*server, error) {
	dieWithParent(cmd.SysProcAttr, atDeath)
	s := &server{cmd: cmd, gone: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel watches the thread that made the child, not the process
		// (golang/go#27505): this goroutine keeps its thread until the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the state is read from cmd.ProcessState
			close(s.gone)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", filepath.Base(cmd.Path), err)
	}
	return s, nil
}

// cause says how the server ended; it must have.
func (s *server) cause() string { return s.cmd.ProcessState.String() }

// shutDown ends the server in good order (SIGINT: roll back, checkpoint, exit),
// or at once when ctx ends or that takes too long (SIGQUIT; the next start
// recovers).
func (s *server) shutDown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop private PostgreSQL: %w", err)
	}
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
	}
	for _, harder := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.cmd.Process.Signal(harder) // it may have ended meanwhile
		select {
		case <-s.gone:
			return fmt.Errorf("stop private PostgreSQL: had to be cut off: %w", ctx.Err())
		case <-time.After(5 * time.Second):
		}
	}
	return errors.New("stop private PostgreSQL: it does not end")
}

// serve starts the postmaster and waits until it takes connections.
func (h home) serve(ctx context.Context) (*server, error) {
	for {
		s, said, err := h.tryServe(ctx)
		// After a kill -9 the backends of the former postmaster take a moment to
		// notice; until then the new one refuses.
		if err != nil && ctx.Err() == nil && strings.Contains(said, "pre-existing shared memory block") {
			if pause(ctx, 50*time.Millisecond) == nil {
				continue
			}
		}
		return s, err
	}
}

func (h home) tryServe(ctx context.Context) (s *server, said string, err error) {
	log, err := h.openLog()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, log.Close()) }() // the child has its own
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", err
	}
	cmd := h.command("postgres", "-D", h.data())
	cmd.Stdout, cmd.Stderr = log, log
	if s, err = start(cmd, syscall.SIGQUIT); err != nil {
		return nil, "", err
	}
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-s.gone:
			tick.Stop()
			said := tail(log, from)
			return nil, said, fmt.Errorf("the server ended at once: %s\n%s", s.cause(), said)
		case <-ctx.Done():
			tick.Stop()
			return nil, "", errors.Join(ctx.Err(), s.shutDown(context.WithoutCancel(ctx)))
		case <-tick.C:
			if pid, ready := h.postmaster(); ready && pid == cmd.Process.Pid {
				tick.Stop()
				return s, "", nil
			}
		}
	}
}

// postmaster reads postmaster.pid: the process is on line 1, its state on 8.
func (h home) postmaster() (pid int, ready bool) {
	raw, err := os.ReadFile(filepath.Join(h.data(), "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	lines := strings.Split(string(raw), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return 0, false
	}
	return pid, len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready"
}

// endLeftover waits for the server of an owner that was killed. We hold the
// lock, so whoever serves this folder has lost its master.
func (h home) endLeftover(ctx context.Context) error {
	pid, _ := h.postmaster()
	if pid == 0 || !serves(pid, h.data()) {
		return nil // a file left by a server that was killed; the next one replaces it
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the server of a former owner (process %d): %w", pid, err)
	}
	for serves(pid, h.data()) {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("wait for the server of a former owner (process %d): %w", pid, err)
		}
	}
	return nil
}

const largestLog = 16 << 20

// openLog starts a new log when the last one has grown large; one is kept.
func (h home) openLog() (*os.File, error) {
	name := filepath.Join(h.dir, "postgres.log")
	if info, err := os.Stat(name); err == nil && info.Size() > largestLog {
		if err := os.Rename(name, name+".old"); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := h.give(log); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// tail is what the log has from an offset on, or the end of that.
func tail(log *os.File, from int64) string {
	raw, err := io.ReadAll(io.NewSectionReader(log, from, largestLog))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw[max(0, len(raw)-2000):]))
}
