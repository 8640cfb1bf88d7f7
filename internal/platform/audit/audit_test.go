package audit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/audit"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestNothingSecretOrPersonalIsWritten(t *testing.T) {
	t.Parallel()
	body := `{"password":"p4ss","nested":{"api_key":"sk_1","Email":"a@b.c","list":[{"otp":"123456"}]},"credential":{"rawId":"cr3d","response":{"signature":"s1gn"}},"roles":["admin"],"limit":3,"settings":{"accounts.verify_email":true}}`
	got := string(audit.Mask([]byte(body)))
	for _, secret := range []string{"p4ss", "sk_1", "a@b.c", "123456", "cr3d", "s1gn"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s stands in %s", secret, got)
		}
	}
	for _, shown := range []string{`"roles":["admin"]`, `"limit":3`} {
		if !strings.Contains(got, shown) {
			t.Errorf("%s is missing in %s", shown, got)
		}
	}
	for _, unread := range []string{"", "password=p4ss", `{"password":"p4ss"`} {
		if got := audit.Mask([]byte(unread)); got != nil {
			t.Errorf("%q becomes %s", unread, got)
		}
	}
}

// The chain holds whatever the order in which writers commit, with several
// sealers at once, and every entry is in it in the end.
func TestTheChainHoldsUnderRaces(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	ctx := auth.With(t.Context(), auth.Actor{User: id.New[id.User]()})
	const writers, each = 8, 25
	var writing, sealing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
					return audit.Write(ctx, tx, audit.Entry{Action: fmt.Sprintf("test-%d-%d", w, i), After: json.RawMessage(`{"a": 1}`)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	for range 3 {
		sealing.Go(func() {
			for {
				if _, err := audit.Seal(ctx, pool); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	sealing.Wait()
	// Other tests' transactions in this cluster may hold the horizon back.
	for report := (audit.Report{}); report.Sealed < writers*each; {
		if _, err := audit.Seal(ctx, pool); err != nil {
			t.Fatal(err)
		}
		var err error
		if report, err = audit.Verify(ctx, pool); err != nil || !report.OK || report.Sealed+report.Waiting != writers*each {
			t.Fatalf("%+v, %v", report, err)
		}
	}
	if _, err := pool.Exec(ctx, `UPDATE audit_log SET actor = 'somebody else'`); err == nil {
		t.Error("an entry can be edited")
	}
	if _, err := pool.Exec(ctx, `TRUNCATE audit_log CASCADE`); err == nil {
		t.Error("the trail can be emptied")
	}
}
