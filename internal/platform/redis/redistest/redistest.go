// Package redistest runs a real Redis for a test, which may kill, hang and
// restart it.
package redistest

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Server is a Redis of the test's own.
type Server struct {
	URL string

	t    testing.TB
	port string
	cmd  *exec.Cmd
}

// Start runs a Redis that keeps nothing, until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("this test needs the program redis-server: `make need-redis` installs it")
	}
	port := freePort(t)
	s := &Server{t: t, port: port, URL: "redis://127.0.0.1:" + port}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.Kill()
		}
	})
	s.Restart()
	return s
}

// Restart starts Redis, empty, at the same address after Kill.
func (s *Server) Restart() {
	s.t.Helper()
	var said bytes.Buffer
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", s.port, "--save", "", "--appendonly", "no", "--dir", s.t.TempDir())
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for !s.answers(ctx) {
		if ctx.Err() != nil {
			s.Kill()
			s.t.Fatalf("redis-server does not answer:\n%s", said.String())
		}
	}
}

// answers asks once, and gives Redis a moment when it is not there yet.
func (s *Server) answers(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+s.port)
	if err != nil {
		time.Sleep(5 * time.Millisecond)
		return false
	}
	defer conn.Close()
	pong := make([]byte, len("+PONG\r\n"))
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // a TCP connection takes any
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	n, err := conn.Read(pong)
	return err == nil && string(pong[:n]) == "+PONG\r\n"
}

// Kill ends Redis as a crash would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may be dead
	_ = s.cmd.Wait()         // says that it was killed
	s.cmd = nil
}

// Hang stops Redis from answering while its connections stay.
func (s *Server) Hang() { s.signal(syscall.SIGSTOP) }

// Wake undoes Hang.
func (s *Server) Wake() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}
