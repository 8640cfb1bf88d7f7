package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"souk/internal/platform/postgres"
)

// staticAddress makes this program the static ceiling, in a process of its own.
const staticAddress = "SOUK_BENCH_STATIC"

// serveStatic answers 1 KB of stored JSON and nothing else.
func serveStatic(address string) {
	body := []byte(`{"data":"` + strings.Repeat("x", 1013) + `"}`)
	ln, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	panic(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})))
}

// process is a child that told its address on its first line.
type process struct {
	cmd     *exec.Cmd
	address string
}

func startStatic(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), staticAddress+"=127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the static ceiling: %w", err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start the static ceiling: %w", err)
	}
	return &process{cmd, strings.TrimSpace(address)}, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

var (
	wrkRate = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkTail = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)`)
	wrkBad  = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// wrk loads a URL over 64 connections.
func wrk(ctx context.Context, url string, d time.Duration) (sample, error) {
	out, err := exec.CommandContext(ctx, "wrk", "-t2", "-c64", "-d"+d.String(), "--latency", url).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk %s: %w\n%s", url, err, out)
	}
	if bad := wrkBad.FindSubmatch(out); bad != nil {
		return sample{}, fmt.Errorf("wrk %s: %s answers were errors", url, bad[1])
	}
	rate, tail := wrkRate.FindSubmatch(out), wrkTail.FindSubmatch(out)
	if rate == nil || tail == nil {
		return sample{}, fmt.Errorf("wrk %s: not understood:\n%s", url, out)
	}
	perSecond, err := strconv.ParseFloat(string(rate[1]), 64)
	if err != nil {
		return sample{}, err
	}
	p99, err := time.ParseDuration(string(tail[1]) + string(tail[2]))
	return sample{perSecond, p99}, err
}

// pgbench is the commit ceiling: a cluster with the settings of Souk's own.
type pgbench struct {
	cluster *postgres.Cluster
	url     string
}

func startPgbench(ctx context.Context, p plan) (*pgbench, error) {
	cluster, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(p.dir, "ceiling")})
	if err != nil {
		return nil, err
	}
	b := &pgbench{cluster, cluster.URL("postgres")}
	if out, err := exec.CommandContext(ctx, postgres.Program("pgbench"), "--initialize", "--scale=10", "--quiet", b.url).CombinedOutput(); err != nil {
		b.stop(ctx)
		return nil, fmt.Errorf("prepare pgbench: %w\n%s", err, out)
	}
	return b, nil
}

var pgbenchRate = regexp.MustCompile(`tps = ([\d.]+) \(without`)

func (b *pgbench) run(ctx context.Context, d time.Duration) (float64, error) {
	out, err := exec.CommandContext(ctx, postgres.Program("pgbench"), "--client=16", "--jobs=2",
		fmt.Sprintf("--time=%d", int(d.Seconds())), b.url).CombinedOutput()
	rate := pgbenchRate.FindSubmatch(out)
	if err != nil || rate == nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return strconv.ParseFloat(string(rate[1]), 64)
}

func (b *pgbench) stop(ctx context.Context) { _ = b.cluster.Stop(context.WithoutCancel(ctx)) }
