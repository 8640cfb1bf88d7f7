// Package measure is what the benchmarks have in common.
package measure

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Server is the real binary in a process of its own.
type Server struct {
	Binary  string
	Args    []string
	Env     []string // beside ours
	Base    string   // http://host:port
	Out     io.Writer
	Client  *http.Client
	Patient time.Duration // how long the first answer may take

	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended
}

// NewClient keeps its connections and reads plain bodies.
func NewClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}, Timeout: 30 * time.Second}
}

// Start says how long it took until the server was ready.
func (s *Server) Start(ctx context.Context) (time.Duration, error) {
	s.cmd = exec.CommandContext(ctx, s.Binary, s.Args...)
	s.cmd.Env = append(os.Environ(), s.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.Out, os.Stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, fmt.Errorf("start souk: %w", err)
	}
	s.gone = make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(s.gone) }()
	for time.Since(began) < s.Patient {
		answer, err := s.Client.Get(s.Base + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		select {
		case <-s.gone:
			return 0, fmt.Errorf("souk ended before it was ready: %s", s.cmd.ProcessState)
		case <-time.After(time.Millisecond):
		}
	}
	s.Stop()
	return 0, fmt.Errorf("souk did not answer within %s", s.Patient)
}

// Stop ends the server as an operator would.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	<-s.gone
	s.Client.CloseIdleConnections()
}

// Memory is the resident size of the server in MB, PostgreSQL apart.
func (s *Server) Memory() float64 { return s.resident("VmRSS:") }

// Program is what of the memory is the program's own file, mapped: other
// processes share it, and the kernel may take it back.
func (s *Server) Program() float64 { return s.resident("RssFile:") }

func (s *Server) resident(what string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(status), what)
	if !found {
		return 0
	}
	kB, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kB / 1024
}

// CPU is the processor's time that the server has taken, and the processes below
// it: its private PostgreSQL.
func (s *Server) CPU() (own, below time.Duration) {
	pid := s.cmd.Process.Pid
	own, _ = cpu(pid)
	return own, cpuBelow(pid)
}

const tick = time.Second / 100 // in which Linux counts

// cpu is what a process has taken, and what those have that it had begun and that
// have ended; zero of one that has ended itself.
func cpu(pid int) (own, ended time.Duration) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the program's name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, 0
	}
	ticks := func(i int) time.Duration {
		n, _ := strconv.Atoi(fields[i])
		return time.Duration(n) * tick
	}
	return ticks(11) + ticks(12), ticks(13) + ticks(14) // utime, stime, cutime, cstime
}

func cpuBelow(pid int) (sum time.Duration) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				own, ended := cpu(child)
				sum += own + ended + cpuBelow(child)
			}
		}
	}
	return sum
}
