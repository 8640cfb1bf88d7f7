package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/bench/internal/measure"
)

// explained is a statement that PostgreSQL was asked, with the plan of the
// slowest time.
type explained struct {
	sql   string
	plan  []string
	ms    float64
	times int
	by    []string // the workloads, in their order
}

const (
	sampled   = 24              // requests of each workload
	idleFor   = 5 * time.Second // in which the shop asks what nobody waits for
	widestRow = 200             // letters of a line of a plan
	logName   = "postgres.log"  // in the folder of the cluster
)

// explain asks a little of each workload while PostgreSQL writes down how it
// answers, and keeps the distinct statements in file. What the shop asks while
// nobody is there is left out.
func (s *shop) explain(ctx context.Context, loads []workload, file string) (err error) {
	if err := s.autoExplain(ctx, true); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.autoExplain(context.WithoutCancel(ctx), false)) }()
	log, err := os.Open(filepath.Join(s.dir, "pg", logName))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	time.Sleep(idleFor)
	idle, err := readPlans(log)
	if err != nil {
		return err
	}
	var asked []*explained
	for _, w := range loads {
		for range sampled {
			var took []time.Duration
			w.follow = 1
			if err := s.walk(ctx, w, time.Now(), &took); err != nil {
				return err
			}
		}
		found, err := readPlans(log)
		if err != nil {
			return err
		}
		asked = merge(asked, idle, found, w.name)
	}
	return writePlans(file, asked, s.scale)
}

// autoExplain makes all connections of a shop that starts now explain what
// they do, or not.
func (s *shop) autoExplain(ctx context.Context, on bool) error {
	changes := []string{`RESET ALL`}
	if on {
		changes = []string{
			`SET session_preload_libraries = 'auto_explain'`, `SET auto_explain.log_min_duration = 0`,
			`SET auto_explain.log_analyze = on`, `SET auto_explain.log_buffers = on`,
		}
	}
	err := s.database(ctx, func(db *pgx.Conn) error {
		for _, change := range changes {
			if _, err := db.Exec(ctx, `ALTER DATABASE souk `+change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !on {
		return err
	}
	s.Stop()
	_, err = s.Start(ctx)
	return err
}

var (
	explainedRow = regexp.MustCompile(`LOG:  duration: ([\d.]+) ms  plan:$`)
	planRow      = regexp.MustCompile(`\(cost=`)
)

// readPlans reads on in the log of PostgreSQL: a line that says so is followed
// by the statement and its plan, behind a tab each.
func readPlans(log io.Reader) ([]explained, error) {
	text, err := io.ReadAll(log)
	if err != nil {
		return nil, err
	}
	var (
		found []explained
		in    bool
	)
	for row := range strings.Lines(string(text)) {
		row = strings.TrimRight(row, "\n")
		inner, more := strings.CutPrefix(row, "\t")
		switch {
		case !more:
			begins := explainedRow.FindStringSubmatch(row)
			if in = begins != nil; in {
				ms, err := strconv.ParseFloat(begins[1], 64)
				if err != nil {
					return nil, err
				}
				found = append(found, explained{ms: ms, times: 1})
			}
		case in:
			found[len(found)-1].add(inner)
		}
	}
	return found, nil
}

func (e *explained) add(row string) {
	if e.plan == nil && !planRow.MatchString(row) {
		e.sql = strings.TrimSpace(e.sql + " " + strings.Join(strings.Fields(strings.TrimPrefix(row, "Query Text:")), " "))
		return
	}
	if letters := []rune(row); len(letters) > widestRow {
		row = string(letters[:widestRow]) + "…"
	}
	e.plan = append(e.plan, row)
}

// merge adds what a workload asked, a statement once.
func merge(asked []*explained, idle, found []explained, workload string) []*explained {
	for _, f := range found {
		same := func(e *explained) bool { return e.sql == f.sql }
		if slices.ContainsFunc(idle, func(e explained) bool { return same(&e) }) {
			continue
		}
		at := slices.IndexFunc(asked, same)
		if at < 0 {
			asked = append(asked, &f)
			f.by = []string{workload}
			continue
		}
		e := asked[at]
		if e.times++; f.ms > e.ms {
			e.ms, e.plan = f.ms, f.plan
		}
		if !slices.Contains(e.by, workload) {
			e.by = append(e.by, workload)
		}
	}
	return asked
}

func writePlans(file string, asked []*explained, scale string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Statements that PostgreSQL %s was asked by the workloads of bench/catalogue, %s products:\n"+
		"%d requests each, one after the other, with auto_explain, which makes them slower. The plan is that of the slowest time.\n",
		measure.PostgresVersion(context.Background()), scale, sampled)
	for _, e := range asked {
		fmt.Fprintf(&b, "\n-- asked %d×, slowest %.2f ms; %s\n%s\n\n%s\n", e.times, e.ms,
			strings.Join(e.by, "; "), e.sql, strings.Join(e.plan, "\n"))
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
