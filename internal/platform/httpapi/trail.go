package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/audit"
	"souk/internal/platform/postgres"
)

// isAudited decides which operations stand in the audit trail: whatever staff
// and vendors change, and whatever changes how people sign in and who they are.
// What shoppers do stands in the event log; their path pays nothing here.
func isAudited(op *operation) bool {
	rest, ok := strings.CutPrefix(op.path, "/api/v1/")
	changes := op.method != http.MethodGet || strings.HasSuffix(rest, "/callback") // a login provider sends browsers back with a GET
	if !ok || !changes || op.id == "auth-refresh" {
		return false
	}
	for _, door := range []string{"admin/", "vendor/", "auth/", "setup", "me/mfa", "me/email", "me/sessions", "me/identities", "me/export"} {
		if strings.HasPrefix(rest, door) {
			return true
		}
	}
	return rest == "me" && op.method == http.MethodDelete
}

// note is what a handler adds to the audit trail.
type note struct {
	before  any
	subject string
}

// Before tells the audit trail what was there before a change.
func Before(ctx context.Context, v any) {
	if ex := from(ctx); ex != nil {
		ex.note.before = v
	}
}

// Subject tells the audit trail what an operation was about, where its path
// does not.
func Subject(ctx context.Context, id string) {
	if ex := from(ctx); ex != nil {
		ex.note.subject = id
	}
}

// audit writes down what the request has done, in the transaction that does it.
func (ex *exchange) audit(ctx context.Context, tx pgx.Tx, status int) error {
	if !ex.op.audited {
		return nil
	}
	return audit.Write(ctx, tx, ex.entry(status))
}

func (ex *exchange) entry(status int) audit.Entry {
	e := audit.Entry{
		Action: ex.op.id, Outcome: status, Subject: ex.note.subject, Address: ex.client.String(), RequestID: ex.id, After: audit.Mask(ex.body),
	}
	if e.Subject == "" {
		e.Subject = ex.pathIDs()
	}
	if ex.note.before != nil {
		if text, err := json.Marshal(ex.note.before); err == nil { // it has been an answer
			e.Before = audit.Mask(text)
		}
	}
	return e
}

// pathIDs is the parameters of the path in the order of their names, shortened
// where somebody made them long.
func (ex *exchange) pathIDs() string {
	var names []string
	for segment := range strings.SplitSeq(ex.op.path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	sort.Strings(names)
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = clip(ex.r.PathValue(name))
	}
	return strings.ToValidUTF8(strings.ReplaceAll(strings.Join(ids, " "), "\x00", ""), "")
}

// auditDone writes down what an operation without a transaction of ours has
// done. It is done, whatever becomes of the entry: a failure is for the log.
func (ex *exchange) auditDone(ctx context.Context) {
	if !ex.op.audited {
		return
	}
	status := ex.status // of a raw operation, which has answered
	if status == 0 {
		status = ex.op.status
	}
	err := postgres.InTx(ctx, ex.router.config.DB, func(tx pgx.Tx) error { return ex.audit(ctx, tx, status) })
	if err != nil {
		ex.logFailure("write into the audit trail", err)
	}
}

// auditRefusal writes down that somebody was not let in, where that may be an
// attack: at the doors of staff and vendors, and at the sign-in. One address has
// ten such entries a minute, so that a flood fills no disk; the log has the rest.
func (ex *exchange) auditRefusal(err error) {
	if ex.op == nil || !ex.op.audited || ex.op.id == "" || ex.router.config.DB == nil {
		return
	}
	var status int
	switch errs.KindOf(err) {
	case errs.Unauthenticated:
		status = http.StatusUnauthorized
	case errs.Forbidden:
		status = http.StatusForbidden
	case errs.TooMany:
		status = http.StatusTooManyRequests
	default:
		return
	}
	entry := []ask{{who: subject{class: limitRefusals, addr: Household(ex.client)}, bucket: refusals}}
	if limiter := ex.router.limiter; limiter.local.take(entry, limiter.clock.Now().UnixNano())[0].refused {
		return
	}
	ctx := auth.With(context.WithoutCancel(ex.r.Context()), ex.actor) // a client that leaves was here all the same
	err = postgres.InTx(ctx, ex.router.config.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil { // nobody waits for the disk to be told no
			return err
		}
		return audit.Write(ctx, tx, ex.entry(status))
	})
	if err != nil {
		ex.router.log.ErrorContext(ctx, "audit a refusal", "request_id", ex.id, "error", err)
	}
}

// limitRefusals is the class in which entries of refusals are counted.
const limitRefusals Class = "refusals"

var refusals = newBucket(limitRefusals, false, 10, time.Minute)
