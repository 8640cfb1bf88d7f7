package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/notifications"
	"souk/internal/payments"
	"souk/internal/platform/events"
	"souk/internal/platform/postgres"
	"souk/internal/verify"
)

// ErrDependency says that something that the shop stands on is down.
var ErrDependency = errs.New(errs.Unavailable, "dependency_down", "Something that the shop needs is down.")

// A State is how well a part of the shop is.
type State string

// How well a part can be.
const (
	Well    State = "well"
	Warning State = "warning"
	Sick    State = "sick"
)

// A Finding is what an examination found of one part, and what to do about it.
type Finding struct {
	What   string `json:"what"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// Examine looks at everything that the shop stands on and at the shop itself.
func (a *App) Examine(ctx context.Context, d *Database) []Finding {
	findings := []Finding{a.examineDatabase(ctx, d)}
	if findings[0].State == Sick {
		return findings
	}
	findings = append(findings, a.examineSchema(ctx))
	if findings[1].State == Sick {
		return findings
	}
	if a.Redis != nil {
		findings = append(findings, a.examineRedis(ctx))
	}
	return append(findings, a.examineRowSecurity(ctx), a.examineLog(ctx), a.examineSearch(ctx), a.examineJobs(ctx), a.examineFiles(), a.examineSettings(), a.examineMail(ctx), a.examineAdmin(ctx), a.examineFactors(ctx), a.examinePayments(ctx), a.examineBooks(ctx), a.examineLetterheads(ctx))
}

func (a *App) examineDatabase(ctx context.Context, d *Database) Finding {
	f := Finding{What: "PostgreSQL", State: Well}
	server, err := postgres.Scalar[string](ctx, a.Pool, `SELECT current_setting('server_version') AS version`, nil)
	if err != nil {
		return Finding{f.What, Sick, err.Error(), "Start PostgreSQL, or unset DATABASE_URL to let Souk start its own."}
	}
	fsync, err := postgres.Scalar[string](ctx, a.Pool, `SELECT current_setting('fsync') || ' ' || current_setting('full_page_writes') AS durability`, nil)
	if err != nil {
		return Finding{f.What, Sick, err.Error(), ""}
	}
	f.Detail = fmt.Sprintf("%s, %s", server, d.Origin)
	if fsync != "on on" {
		f.State, f.Remedy = Warning, "fsync or full_page_writes is off: a power cut can lose orders. Turn both on."
	}
	return f
}

func (a *App) examineSchema(ctx context.Context) Finding {
	missing, err := postgres.Pending(ctx, a.Pool)
	switch {
	case err != nil:
		return Finding{"Schema", Sick, err.Error(), ""}
	case len(missing) > 0:
		return Finding{"Schema", Sick, fmt.Sprintf("%d steps are missing, the first is %s", len(missing), missing[0]), "Run `souk migrate`."}
	}
	return Finding{"Schema", Well, "up to date", ""}
}

func (a *App) examineRowSecurity(ctx context.Context) Finding {
	switch on, err := postgres.HasRowSecurity(ctx, a.Pool); {
	case err != nil:
		return Finding{"Row security", Sick, err.Error(), ""}
	case !on:
		return Finding{
			"Row security", Warning, "vendors' reads have no second net: Souk may not act as the role souk_vendor",
			"As a database administrator: CREATE ROLE souk_vendor; GRANT souk_vendor TO the user of Souk. Then `souk psql -c 'SELECT souk_grant_vendor_reads()'`.",
		}
	}
	return Finding{"Row security", Well, "vendors read as the role souk_vendor", ""}
}

func (a *App) examineLetterheads(ctx context.Context) Finding {
	f := Finding{What: "Letterheads", State: Well, Detail: "every seller who sends invoices says who they are by law"}
	names, err := postgres.Column[string](ctx, a.Pool, `
		SELECT v.name FROM vendors v
		WHERE EXISTS (SELECT FROM invoices i WHERE i.vendor_id = v.id) AND NOT EXISTS (SELECT FROM letterheads h WHERE h.vendor_id = v.id) ORDER BY v.name`, nil)
	switch {
	case err != nil:
		return Finding{f.What, Sick, err.Error(), ""}
	case len(names) > 0:
		f.State, f.Detail = Warning, fmt.Sprintf("invoices of %d sellers name no business and no address, the first is %s", len(names), names[0])
		f.Remedy = "PUT /api/v1/admin/vendors/{vendor}/letterhead, or have them PUT /api/v1/vendor/letterhead. See docs/invoices.md."
	}
	return f
}

func (a *App) examineRedis(ctx context.Context) Finding {
	if err := a.Redis.Ping(ctx); err != nil {
		return Finding{"Redis", Warning, "each node counts its part of the rate limits for itself: " + err.Error(), "Start Redis, correct REDIS_URL, or unset it when there is one node."}
	}
	return Finding{"Redis", Well, "it answers; nodes share rate limits in it", ""}
}

// lateness is how far the event log may be behind before people notice.
const lateness = 30 * time.Second

func (a *App) examineLog(ctx context.Context) Finding {
	lag, err := events.Lag(ctx, a.Pool)
	switch {
	case err != nil:
		return Finding{"Event log", Sick, err.Error(), ""}
	case lag > lateness:
		return Finding{"Event log", Warning, fmt.Sprintf("the relay is %s behind", lag.Round(time.Second)), "Start `souk serve` or `souk worker`; look for a transaction that stays open."}
	}
	return Finding{"Event log", Well, "followed without delay", ""}
}

func (a *App) examineSearch(ctx context.Context) Finding {
	const what, start = "Search", "Start `souk serve`; look for a transaction that stays open, and for errors of search in the log."
	status, err := a.Search.Status(ctx)
	if err != nil {
		return Finding{what, Sick, err.Error(), ""}
	}
	nodes, err := a.Search.Nodes(ctx)
	if err != nil {
		return Finding{what, Sick, err.Error(), ""}
	}
	f := Finding{what, Well, fmt.Sprintf("%d products listed; nodes that answer: %d", status.Listed, len(nodes)), ""}
	if late := time.Duration(status.Lag * float64(time.Second)); late > lateness {
		f.State, f.Detail, f.Remedy = Warning, fmt.Sprintf("listings are %s behind", late.Round(time.Second)), start
		return f
	}
	for _, n := range nodes {
		f.Detail += fmt.Sprintf("; %s: %.1f MB, built %s", n.Host, float64(n.Size)/(1<<20), n.BuiltAt.UTC().Format(time.DateTime))
	}
	if status.Refused > 0 {
		f.State, f.Remedy = Warning, "Mend the product, or report it: the others are listed all the same. `souk search reindex` tries again."
		f.Detail = fmt.Sprintf("%d products cannot be listed, such as %s: %s", status.Refused, status.RefusedProduct, status.Problem)
	}
	for _, n := range nodes {
		if late := time.Duration(n.Lag * float64(time.Second)); late > lateness {
			f.State, f.Detail, f.Remedy = Warning, fmt.Sprintf("the index on %s is %s behind", n.Host, late.Round(time.Second)), start
		}
	}
	return f
}

func (a *App) examineJobs(ctx context.Context) Finding {
	queues, err := events.Queues(ctx, a.Pool)
	if err != nil {
		return Finding{"Jobs", Sick, err.Error(), ""}
	}
	waiting, discarded := int64(0), int64(0)
	for _, q := range queues {
		switch q.State {
		case "available", "retryable":
			waiting += q.Jobs
		case "discarded":
			discarded += q.Jobs
		}
	}
	f := Finding{"Jobs", Well, fmt.Sprintf("%d waiting", waiting), ""}
	if discarded > 0 {
		f.State, f.Detail, f.Remedy = Warning, fmt.Sprintf("%s, %d given up", f.Detail, discarded), "Look into river_job where state is 'discarded' with `souk psql`."
	}
	return f
}

// roomWanted is the free space below which a shop is in danger.
const roomWanted = 1 << 30

func (a *App) examineFiles() Finding {
	dir := a.Config.DataDir
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		if os.IsNotExist(err) {
			return Finding{"Data directory", Well, dir + " is not needed yet", ""}
		}
		return Finding{"Data directory", Sick, err.Error(), "Make the folder writable for the user who runs souk."}
	}
	free := int64(fs.Bavail) * fs.Bsize
	f := Finding{"Data directory", Well, fmt.Sprintf("%s, %.1f GB free", dir, float64(free)/(1<<30)), ""}
	if free < roomWanted {
		f.State, f.Remedy = Warning, "Make room: a database without any stops taking orders."
	}
	return f
}

func (a *App) examineSettings() Finding {
	switch {
	case !a.Config.Limited():
		return Finding{"Settings", Warning, "rate limits are off (SOUK_RATE_LIMITS)", "Turn them on unless this is a load test."}
	case a.Config.OutboundAllowPrivate:
		return Finding{"Settings", Warning, "outbound calls may reach private networks (SOUK_OUTBOUND_ALLOW_PRIVATE)", "Turn it off outside development."}
	}
	return Finding{"Settings", Well, "nothing dangerous is on", ""}
}

func (a *App) examineMail(ctx context.Context) Finding {
	server, isSMTP := a.Notifications.Sender.(*notifications.SMTP)
	if !isSMTP {
		return Finding{"Mail", Warning, "no server is set, so mail is kept in the database and reaches nobody", "Set SOUK_SMTP_URL and SOUK_MAIL_FROM: see docs/mail.md."}
	}
	if err := server.Check(ctx); err != nil {
		return Finding{"Mail", Sick, err.Error(), "Look at SOUK_SMTP_URL, then try `souk mail test --to you@example.com`."}
	}
	failed, err := a.Notifications.Failed(ctx, 24*time.Hour)
	switch {
	case err != nil:
		return Finding{"Mail", Sick, err.Error(), ""}
	case failed > 0:
		return Finding{"Mail", Warning, fmt.Sprintf("%d messages of the last day could not be sent", failed), "Ask GET /api/v1/admin/notifications/messages?status=failed what the server said."}
	}
	return Finding{"Mail", Well, "the server answers", ""}
}

func (a *App) examineAdmin(ctx context.Context) Finding {
	there, err := a.Accounts.HasAdmin(ctx)
	switch {
	case err != nil:
		return Finding{"Administrator", Sick, err.Error(), ""}
	case !there:
		return Finding{"Administrator", Warning, "there is none", "Run `souk user create-admin --email you@example.com`."}
	}
	return Finding{"Administrator", Well, "there is one", ""}
}

func (a *App) examineFactors(ctx context.Context) Finding {
	who, err := accounts.RequireMFASetting.Get(ctx, a.Settings)
	switch {
	case err != nil:
		return Finding{"Second factors", Sick, err.Error(), ""}
	case who == accounts.MFAOfNobody:
		return Finding{
			"Second factors", Warning, "a stolen password of staff is enough to run the shop",
			"When they have set one up: `souk settings set accounts.require_mfa staff_and_vendors`.",
		}
	}
	return Finding{"Second factors", Well, "asked for: " + who, ""}
}

func (a *App) examineBooks(ctx context.Context) Finding {
	report, err := verify.Run(ctx, a.Pool)
	switch {
	case err != nil:
		return Finding{"Invariants", Sick, err.Error(), ""}
	case !report.OK:
		return Finding{"Invariants", Sick, fmt.Sprintf("%d of %d do not hold, the first is %s: %s", len(report.Violations), report.Checked, report.Violations[0].Rule, report.Violations[0].Text), "Run `souk verify` for all of them."}
	}
	return Finding{"Invariants", Well, fmt.Sprintf("all %d hold", report.Checked), ""}
}

func (a *App) examinePayments(ctx context.Context) Finding {
	const what = "Payments"
	open, err := payments.OpenExceptions(ctx, a.DB, "")
	switch {
	case err != nil:
		return Finding{what, Sick, err.Error(), ""}
	case len(open) > 0:
		return Finding{
			what, Warning, fmt.Sprintf("%d things do not add up with providers, the oldest since %s", len(open), open[0].CreatedAt.Format(time.DateOnly)),
			"Run `souk doctor --fix`, then look at GET /api/v1/admin/reconciliation: see docs/reconciliation.md.",
		}
	}
	return Finding{what, Well, "nothing waits for staff", ""}
}

// Mend does what is safe to do about payments whoever runs the shop: it asks
// providers again about what does not add up and what was not heard of, and has
// what is due carried out.
func (a *App) Mend(ctx context.Context) []Finding {
	findings := []Finding{
		mended("Notices", a.Checkout.HearDue(ctx), "those that were due were looked into"),
		mended("Instructions", a.Checkout.CarryDue(ctx), "those that were due were given to providers"),
		mended("Overdue payments", a.Checkout.Watch(ctx), "providers were asked about them"),
	}
	open, err := payments.OpenExceptions(ctx, a.DB, "")
	if err != nil {
		return append(findings, mended("Exceptions", err, ""))
	}
	resolved := 0
	var problems []error
	for _, e := range open {
		done, err := a.Checkout.Reexamine(ctx, e.ID)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %s: %w", e.Kind, e.Subject, err))
		}
		if done {
			resolved++
		}
	}
	return append(findings, mended("Exceptions", errors.Join(problems...), fmt.Sprintf("%d were asked about again, %d add up now", len(open), resolved)))
}

func mended(what string, err error, done string) Finding {
	if err != nil {
		return Finding{what, Warning, err.Error(), "Providers are asked again by themselves. When it stays so, test the account: see docs/reconciliation.md."}
	}
	return Finding{what, Well, done, ""}
}
