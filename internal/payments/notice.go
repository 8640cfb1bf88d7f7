package payments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/crash"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/events"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Kept is a notice of a provider as it came. It was proven before it was kept.
type Kept struct {
	ID         id.Notice   `db:"id" json:"id"`
	Provider   string      `db:"provider" json:"provider"`
	EventID    string      `db:"event_id" json:"event_id"`
	Type       string      `db:"type" json:"type"`
	Ref        string      `db:"ref" json:"reference,omitempty" doc:"The provider's name for what it is about"`
	State      NoticeState `db:"state" json:"state" enum:"due,applied,ignored,given_up"`
	Problem    string      `db:"problem" json:"problem,omitempty"`
	Deliveries int         `db:"deliveries" json:"deliveries"`
	Attempts   int         `db:"attempts" json:"attempts"`
	HappenedAt time.Time   `db:"happened_at" json:"happened_at"`
	ReceivedAt time.Time   `db:"received_at" json:"received_at"`
	AppliedAt  *time.Time  `db:"applied_at" json:"applied_at,omitempty"`
}

// NoticeState is what has become of a notice.
type NoticeState string

// The states of a notice.
const (
	NoticeDue     NoticeState = "due"
	NoticeApplied NoticeState = "applied"
	NoticeIgnored NoticeState = "ignored"  // genuine, and none of our business
	NoticeGivenUp NoticeState = "given_up" // what it is about did not turn up
)

// patience is for how long a notice waits for the payment that it is about.
const patience = 24 * time.Hour

// noticeLimit is how large a notice may be, in bytes.
const noticeLimit = 1 << 20

// longestName is how long what names a notice, or what it is about, may be, in bytes.
const longestName = 255

// ErrNoNotice says that there is no such notice, or that it is not due.
var ErrNoNotice = errs.New(errs.NotFound, "not_found", "There is no such notice.")

// The durable steps of keeping a notice.
var (
	beforeKeep = crash.At("payments.notice.before_commit")
	afterKeep  = crash.At("payments.notice.after_commit")
)

// take is the door for the notices of providers: who proves to be one is
// answered as soon as the notice is kept, and looked into by a job.
func (p *Payments) take(w http.ResponseWriter, r *http.Request) error {
	provider, err := p.Online(r.PathValue("provider"))
	if err != nil {
		return httpapi.ErrNotFound
	}
	body, err := io.ReadAll(r.Body) // the guard bounds it
	if err != nil {
		return fmt.Errorf("read notice of %s: %w", provider.Method(), err)
	}
	notice, err := provider.Hear(r.Context(), r.Header, body)
	switch {
	case errors.Is(err, ErrNoAccount):
		return httpapi.ErrNotFound
	case err != nil:
		return err
	case !notice.writable():
		return ErrNotice
	}
	if err := p.keep(r.Context(), provider.Method(), notice, body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// writable reports that what a notice says of itself can be written down. Not every
// provider signs all of it.
func (n Notice) writable() bool {
	return !slices.ContainsFunc([]string{n.ID, n.Type, n.Ref}, func(s string) bool {
		return len(s) > longestName || !utf8.ValidString(s) || strings.Contains(s, "\x00")
	})
}

// recounted is what differs when Stripe delivers a notice again: how many of the
// shop's endpoints have still to take it.
var recounted = regexp.MustCompile(`"pending_webhooks":\s*[0-9]+`)

// saysTheSame reports that two notices of one name are the same.
func saysTheSame(a, b []byte) bool {
	return bytes.Equal(recounted.ReplaceAll(a, nil), recounted.ReplaceAll(b, nil))
}

// keep writes a notice down, once. One that is known by its name and says
// something else is shown to staff; the first stays.
func (p *Payments) keep(ctx context.Context, provider string, n Notice, body []byte) error {
	k := Kept{ID: id.New[id.Notice](), Provider: provider, EventID: n.ID, Type: n.Type, Ref: n.Ref, HappenedAt: n.At, State: NoticeDue}
	switch {
	case n.Foreign != "":
		k.State, k.Problem = NoticeIgnored, n.Foreign
	case n.Ref == "":
		k.State, k.Problem = NoticeIgnored, "it is about no payment"
	}
	err := postgres.InTx(ctx, p.DB, func(tx pgx.Tx) error {
		kept, err := insertNotice(ctx, tx, k, body)
		switch {
		case err != nil:
			return err
		case kept.Was != nil && !saysTheSame(kept.Was, body):
			return Except(ctx, tx, Exception{
				Provider: provider, Kind: ExceptionNotice, Subject: n.ID, Detail: map[string]any{"type": n.Type, "reference": n.Ref},
			})
		case kept.Rings:
			if err := events.Raise(ctx, tx, NoticeKept{k.ID}); err != nil {
				return err
			}
		}
		beforeKeep.Here()
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep notice %s of %s: %w", n.ID, provider, err)
	}
	afterKeep.Here()
	return nil
}

// ClaimNotice takes a notice that is due, for a minute. ErrNoNotice when it was
// applied, or somebody is at it.
func ClaimNotice(ctx context.Context, tx pgx.Tx, which id.Notice) (Kept, error) {
	k, err := claimNotice(ctx, tx, which)
	if errors.Is(err, postgres.ErrNoRow) {
		return Kept{}, ErrNoNotice
	}
	return k, err
}

// DueNotices lists those that nobody is at.
func DueNotices(ctx context.Context, db postgres.DB, limit int) ([]id.Notice, error) {
	return dueNotices(ctx, db, limit)
}

// UnappliedNotice puts a notice off: what it is about is not known yet, or could
// not be asked. After a day it is given up, and shown to staff: as one of a payment
// of ours where that is known, and else of one that nobody knows.
func UnappliedNotice(ctx context.Context, tx pgx.Tx, k Kept, about id.Payment, now time.Time, problem string) error {
	if now.Sub(k.ReceivedAt) < patience {
		return setNotice(ctx, tx, k.ID, NoticeDue, problem, min(2*time.Second<<min(k.Attempts, 10), 15*time.Minute))
	}
	if err := setNotice(ctx, tx, k.ID, NoticeGivenUp, problem, 0); err != nil {
		return err
	}
	kind := ExceptionUnknown
	if !about.IsZero() {
		kind = ExceptionUnread
	}
	return Except(ctx, tx, Exception{
		Provider: k.Provider, Kind: kind, Payment: about, Subject: k.Ref, Detail: map[string]any{"notice": k.ID, "type": k.Type, "problem": problem},
	})
}
