package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"souk/bench/internal/measure"
)

// results are a section of the page.
type results struct {
	plan plan

	costs                 costs
	rows                  []row
	busyBefore, busyAfter string // how many processes wanted the cores
}

// busy is the load average of the last minute.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}

const heading = `# The catalogue, measured

Made by ` + "`make bench-catalogue`" + `, which runs ` + "`go run ./bench/catalogue`" + ` for one size at a time and replaces its section. The shop is that of ` + "`souk demo --scale`" + `,
rate limits off; requests come over one connection per client from the same cores. Uncached: no request is made twice, so that no kept
answer fits (lists differ by a price bound that leaves nothing out). Cached: eight addresses again and again. Times in ms;
CPU is what one answer to the one client takes of a processor, which others on the machine change less than how long it takes.
What PostgreSQL was asked meanwhile is in [plans](plans).
`

// write puts the section in the place of the one that is there of this size.
func (r *results) write(ctx context.Context) error {
	text, err := os.ReadFile(r.plan.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	section := r.section(ctx)
	measure.Say("\n%s", section)
	return os.WriteFile(r.plan.out, []byte(replace(string(text), r.plan.scale+" products\n", section)), 0o644)
}

// replace is the page with this section instead of the one with its title, by size.
func replace(page, title, section string) string {
	sections := []string{title + section}
	if _, rest, found := strings.Cut(page, "\n## "); found {
		for other := range strings.SplitSeq(rest, "\n## ") {
			if !strings.HasPrefix(other, title) {
				sections = append(sections, strings.TrimRight(other, "\n")+"\n")
			}
		}
	}
	slices.SortFunc(sections, func(a, b string) int { return size(a) - size(b) })
	return heading + "\n## " + strings.Join(sections, "\n## ")
}

// size orders sections: 500, 10k, 1m.
func size(section string) int {
	var n int
	var unit rune
	_, _ = fmt.Sscanf(section, "%d%c", &n, &unit) // without a unit it is that many
	switch unit {
	case 'k':
		return n * 1000
	case 'm':
		return n * 1_000_000
	}
	return n
}

func (r *results) section(ctx context.Context) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s, %d cores, %s, PostgreSQL %s, %s of each load. Load average before and after: %s and %s;\n"+
		"far above the number of cores others were at work on the machine, and times are longer than they would be.\n\n",
		time.Now().UTC().Format("2006-01-02"), r.plan.version(ctx), runtime.NumCPU(), runtime.Version(), measure.PostgresVersion(ctx),
		r.plan.seconds, r.busyBefore, r.busyAfter)
	r.costs.write(&b)
	const columns = " | 1 client: per second | p50 | p95 | p99 | 16 clients: per second | p50 | p95 | p99 | answers | CPU of each: souk | PostgreSQL |"
	b.WriteString("\n| Uncached" + columns + " Target |\n" + strings.Repeat("|---", 13) + "|\n")
	for _, w := range r.rows {
		w.write(&b, w.fresh, w.target)
	}
	b.WriteString("\n| Cached" + columns + "\n" + strings.Repeat("|---", 12) + "|\n")
	for _, w := range r.rows {
		w.write(&b, w.stored)
	}
	return b.String()
}

func (w row) write(b *strings.Builder, measured [2]answers, more ...string) {
	cells := []string{w.name}
	for _, a := range measured {
		cells = append(cells, fmt.Sprintf("%.0f", a.perSecond()), a.ms(50), a.ms(95), a.ms(99))
	}
	one, many := measured[0], measured[1]
	cells = append(cells, fmt.Sprintf("%d, %d", len(one.took), len(many.took)), one.each(one.souk), one.each(one.postgres))
	fmt.Fprintf(b, "| %s |\n", strings.Join(append(cells, more...), " | "))
}

func (c *costs) write(b *strings.Builder) {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	b.WriteString("| Cost | Measured | Target |\n|---|---|---|\n")
	for _, line := range [][3]string{
		{
			"first start, until it answers", seconds(c.first.Ready) + ": schema and the demo's 400 products with a year of trade " + seconds(c.first.Market) +
				", the other products " + seconds(c.first.Products) + ", listings " + seconds(c.first.Listings), "",
		},
		{"start that builds the index", seconds(c.build), ""},
		{"start with the saved index", fmt.Sprintf("%d ms", c.restart.Milliseconds()), "300 ms (a migrated database)"},
		{"memory of the server, resident, idle / after the loads", fmt.Sprintf("%.0f / %.0f MB", c.idleMB, c.loadedMB), "60 / 200 MB (a shop of 1,000)"},
		{"index", fmt.Sprintf("%.0f products, %.1f MB saved", c.documents, c.savedMB), ""},
		{"database / whole folder", fmt.Sprintf("%.0f / %.0f MB", c.databaseMB, c.folderMB), ""},
	} {
		fmt.Fprintf(b, "| %s |\n", strings.Join(line[:], " | "))
	}
}

// version is what the binary says of itself.
func (p plan) version(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, p.souk, "version").Output()
	if err != nil {
		return "souk of unknown version"
	}
	return strings.TrimSpace(string(out))
}
