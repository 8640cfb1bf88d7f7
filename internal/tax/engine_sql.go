package tax

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// remoteRow is a row of what a cart's engine has said: an engine that has said
// nothing yet is one row of zeros.
type remoteRow struct {
	Name      string          `db:"name"`
	Version   int64           `db:"version"`
	Countries []string        `db:"countries"`
	Question  []byte          `db:"question"`
	Engine    string          `db:"engine"`
	Answer    json.RawMessage `db:"answer"`
	Failure   string          `db:"failure"`
}

// ReadRemote reads the engine that is set up and what it has said of a cart, for
// callers who read in a pipeline of their own. No row is no engine.
const ReadRemote = `
	SELECT e.name, e.version, e.countries, a.question, coalesce(a.engine, '') AS engine, a.answer, coalesce(a.failure, '') AS failure
	FROM tax_engines e LEFT JOIN tax_answers a ON a.cart_id = @cart AND a.until > now()
	WHERE e.enabled`

// Asks is the engine that is asked, by the country where goods go.
type Asks struct {
	countries []string
	remote    Remote
}

// For is the engine that is asked about goods that go to a place, nil where the
// table knows.
func (a *Asks) For(to Place) *Remote {
	if a == nil || !slices.Contains(a.countries, to.Country) {
		return nil
	}
	r := a.remote
	r.To, r.From = to, map[id.Vendor]Place{}
	return &r
}

// TakeRemote reads what ReadRemote selects.
func TakeRemote(rows pgx.Rows) (*Asks, error) {
	found, err := postgres.Rows[remoteRow](rows)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	a := &Asks{countries: found[0].Countries, remote: Remote{Engine: found[0].Name, Version: found[0].Version, Kept: map[Key]Kept{}}}
	for _, f := range found {
		if f.Question == nil {
			continue
		}
		kept := Kept{Engine: f.Engine, Failure: f.Failure}
		if f.Answer != nil {
			kept.Answer = &Answer{}
			if err := json.Unmarshal(f.Answer, kept.Answer); err != nil {
				return nil, fmt.Errorf("read answer of %s: %w", f.Engine, err)
			}
		}
		a.remote.Kept[Key(f.Question)] = kept
	}
	return a, nil
}

// How long what was said holds: rates change rarely, the table stands in while
// the engine is down, and a failure is for those who ask at once.
const (
	answerHolds  = 24 * time.Hour
	standInHolds = 5 * time.Minute
	failureHolds = 10 * time.Second
)

func queueKept(b *postgres.Batch, cart id.Cart, key Key, k Kept) {
	holds := answerHolds
	if k.Failure != "" {
		holds = standInHolds
	}
	var answer []byte
	if k.Answer == nil {
		holds = failureHolds
	} else {
		answer = mustJSON(k.Answer)
	}
	b.Queue(`
		INSERT INTO tax_answers (cart_id, question, engine, answer, failure, until)
		SELECT @cart, @question, @engine, @answer, @failure, now() + @holds::interval
		FROM carts WHERE id = @cart
		ON CONFLICT (cart_id, question) DO UPDATE
		SET engine = excluded.engine, answer = excluded.answer, failure = excluded.failure, until = excluded.until`,
		pgx.NamedArgs{"cart": cart, "question": key[:], "engine": k.Engine, "answer": answer, "failure": k.Failure, "holds": holds})
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // nothing in an answer has no JSON
	}
	return text
}

const setupColumns = `SELECT name, enabled, base_url, key_sealed, countries, on_failure, timeout_ms, codes, updated_at, version FROM tax_engines `

// readSetup is how the engine is set up; the zero Setup where none is.
func readSetup(ctx context.Context, db postgres.DB) (Setup, error) {
	return setup(ctx, db, setupColumns)
}

func lockSetup(ctx context.Context, tx pgx.Tx) (Setup, error) {
	return setup(ctx, tx, setupColumns+`FOR UPDATE`)
}

func setup(ctx context.Context, db postgres.DB, sql string) (Setup, error) {
	s, err := postgres.Get[Setup](ctx, db, sql, nil)
	if errors.Is(err, postgres.ErrNoRow) {
		return Setup{}, nil
	}
	if err != nil {
		return Setup{}, fmt.Errorf("read tax engine: %w", err)
	}
	return s, nil
}

func writeSetup(ctx context.Context, tx pgx.Tx, s Setup) error {
	_, err := postgres.Exec(ctx, tx, `
		INSERT INTO tax_engines (name, enabled, base_url, key_sealed, countries, on_failure, timeout_ms, codes)
		VALUES (@name, @enabled, @base_url, @key, @countries, @on_failure, @timeout, @codes)
		ON CONFLICT (name) DO UPDATE
		SET enabled = excluded.enabled, base_url = excluded.base_url, key_sealed = excluded.key_sealed, countries = excluded.countries,
		    on_failure = excluded.on_failure, timeout_ms = excluded.timeout_ms, codes = excluded.codes, updated_at = now(), version = tax_engines.version + 1`,
		pgx.NamedArgs{
			"name": s.Name, "enabled": s.Enabled, "base_url": s.BaseURL, "key": s.Sealed, "countries": s.Countries, "on_failure": s.OnFailure,
			"timeout": s.TimeoutMS, "codes": mustJSON(s.Codes),
		})
	if err != nil {
		return fmt.Errorf("set up tax engine %s: %w", s.Name, err)
	}
	return nil
}

// Reseal seals the key of the engine with the newest master key, and says how
// many there were.
func (z *Zones) Reseal(ctx context.Context, tx pgx.Tx) (int, error) {
	s, err := lockSetup(ctx, tx)
	if err != nil || s.Name == "" {
		return 0, err
	}
	sealed, old, err := z.Vault.Renew(s.sealedFor(), s.Sealed)
	if err != nil || !old {
		return 0, err
	}
	_, err = postgres.Exec(ctx, tx, `UPDATE tax_engines SET key_sealed = @key WHERE name = @name`, pgx.NamedArgs{"key": sealed, "name": s.Name})
	return 1, err
}

// Forget drops what engines have said of carts that became orders, and what no
// longer holds: an order keeps who said what itself. It is a sweep.
func (z *Zones) Forget(ctx context.Context) error {
	err := postgres.InTx(ctx, z.DB, func(tx pgx.Tx) error {
		_, err := postgres.Exec(ctx, tx, `
			DELETE FROM tax_answers a USING carts c WHERE c.id = a.cart_id AND (a.until < now() OR c.order_id IS NOT NULL)`, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget answers of tax engines: %w", err)
	}
	return nil
}
