// Package audit is the trail of who did what with the shop, and of what was
// refused.
//
// Owns: entries ([Write]), which are written in the transaction of their cause,
// and the chain of hashes over them ([Seal], [Verify]).
// Tables: audit_log, audit_seals.
// Raises: nothing. Calls: postgres, auth.
//
// httpapi writes an entry for every change that staff, vendors and credentials
// make, so a module does nothing for it. Entries are chained in the order of
// their commits, by one sealer behind the writers: nobody waits for the chain,
// and an entry that is edited, removed, added or moved afterwards breaks it.
package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// Entry is one line of the trail.
type Entry struct {
	ID           id.Audit        `db:"id" json:"id"`
	At           time.Time       `db:"at" json:"at"`
	Action       string          `db:"action" json:"action" doc:"The operation, as the API's document calls it, or a command."`
	Outcome      int             `db:"outcome" json:"outcome" doc:"The HTTP status; 0 of a command."`
	Actor        string          `db:"actor" json:"actor"`
	User         id.User         `db:"user_id" json:"user_id,omitzero"`
	Session      id.Session      `db:"session_id" json:"session_id,omitzero"`
	Key          id.APIKey       `db:"key_id" json:"key_id,omitzero"`
	Impersonator id.User         `db:"impersonator_id" json:"impersonator_id,omitzero"`
	Subject      string          `db:"subject" json:"subject" doc:"What it was done to."`
	Address      string          `db:"address" json:"address"`
	RequestID    string          `db:"request_id" json:"request_id"`
	Before       json.RawMessage `db:"before" json:"before,omitempty"`
	After        json.RawMessage `db:"after" json:"after,omitempty" doc:"What was sent; secrets and personal data are masked."`
}

// Write adds an entry of the actor of ctx. The caller fills what was done; who
// did it is known here.
func Write(ctx context.Context, tx pgx.Tx, e Entry) error {
	actor := auth.From(ctx)
	e.ID, e.Actor = id.New[id.Audit](), actor.Name()
	e.User, e.Session, e.Key, e.Impersonator = actor.User, actor.Session, actor.Key, actor.Impersonator
	if err := insert(ctx, tx, e); err != nil {
		return fmt.Errorf("write %s into the audit trail: %w", e.Action, err)
	}
	return nil
}

// masked is the names of members whose values do not belong into a trail that
// forgets nothing.
var masked = []string{
	"password", "token", "secret", "otp", "code", "credential", "session", "key", "email", "phone", "name", "line1", "line2", "address", "postal", "city", "body",
	"description", "detail", "note", "reason", "comment", "logo",
}

// Mask is a JSON body with what is secret or personal blotted out. What does not
// parse is left out whole.
func Mask(body []byte) json.RawMessage {
	var v any
	if len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return nil
	}
	text, err := json.Marshal(blot(v))
	if err != nil {
		return nil // what was parsed can be written
	}
	return text
}

func blot(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if _, nested := member.(map[string]any); isMasked(name) && (!nested || isWholeSecret(name)) {
				v[name] = "•••"
				continue
			}
			v[name] = blot(member)
		}
	case []any:
		for i := range v {
			v[i] = blot(v[i])
		}
	}
	return v
}

// isWholeSecret reports whether all that stands under a name is secret, whatever
// its members are called: what a passkey sends is named by browsers.
func isWholeSecret(name string) bool { return strings.EqualFold(name, "credential") }

func isMasked(name string) bool {
	name = strings.ToLower(name)
	for _, part := range masked {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Seal chains the entries that no transaction can slip in front of any more, and
// says how many. One process seals at a time; others do nothing meanwhile.
func Seal(ctx context.Context, db postgres.DB) (sealed int, err error) {
	for {
		n := 0
		err := postgres.InTx(ctx, db, func(tx pgx.Tx) (err error) {
			n, err = seal(ctx, tx, sealBatch)
			return err
		})
		if err != nil {
			return sealed, fmt.Errorf("seal the audit trail: %w", err)
		}
		if sealed += n; n < sealBatch {
			return sealed, nil
		}
	}
}

const sealBatch = 1000

// Report is what is wrong with the chain, if anything is.
type Report struct {
	OK      bool   `json:"ok"`
	Sealed  int64  `json:"sealed"`
	Waiting int64  `json:"waiting" doc:"Entries of the last moments, which are not chained yet."`
	Head    string `json:"head" doc:"The hash of the last seal: kept elsewhere, it proves all before it."`
	Broken  string `json:"broken,omitempty" doc:"The first entry that is not what was sealed."`
}

// Verify computes the chain again.
func Verify(ctx context.Context, db postgres.DB) (Report, error) {
	r, err := postgres.Get[standing](ctx, db, selectStanding, nil)
	if err != nil {
		return Report{}, fmt.Errorf("read the audit trail: %w", err)
	}
	broken, err := postgres.Column[string](ctx, db, `SELECT what FROM audit_broken() AS what LIMIT 1`, nil) // rule J3 of `souk verify` asks the same
	if err != nil {
		return Report{}, fmt.Errorf("check the audit trail: %w", err)
	}
	report := Report{OK: len(broken) == 0, Sealed: r.Sealed, Waiting: r.Waiting, Head: hex.EncodeToString(r.Head)}
	if !report.OK {
		report.Broken = broken[0]
	}
	return report, nil
}
