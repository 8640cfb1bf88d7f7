package promotions_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/promotions"
)

// The linter says in words what a merchant may not have meant, and nothing of
// what is in order.
func TestLint(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, pgtest.DB(t))
	vera := a.Owner(t, "vera")
	add := func(as, name, fields string) {
		t.Helper()
		a.Call(t, as, "POST", door(as), `{"name": "`+name+`", "status": "active", `+fields+`}`).Want(t, 201)
	}
	lint := func() string {
		t.Helper()
		return a.Call(t, apptest.Admin, "GET", "/admin/promotions/lint", "").Want(t, 200).Body
	}
	const sixty, fifty = `"reward": {"kind": "percent_off", "percent_ppm": 600000}`, `"reward": {"kind": "percent_off", "percent_ppm": 500000}`
	add(apptest.Admin, "Spring", sixty+`, "stacking_group": "season"`)
	add(apptest.Admin, "Autumn", fifty+`, "stacking_group": "season"`)
	if body := lint(); body != `{"findings":[]}`+"\n" && body != `{"findings":[]}` {
		t.Errorf("of one group they do not stack: %s", body)
	}
	add(apptest.Admin, "Ladder", `"reward": {"kind": "percent_off", "percent_ppm": 500000, "goods": {"full_price": true}}`)
	add(apptest.Admin, "Germans", sixty+`, "conditions": {"countries": ["DE"]}, "stacking_group": "season"`)
	add(apptest.Admin, "Austrians", sixty+`, "conditions": {"countries": ["AT"]}`)
	add(apptest.Admin, "Secret", percentOff+`, "needs_code": true`)
	add(apptest.Admin, "Euros", `"reward": {"kind": "amount_off", "amounts": {"EUR": 100}}`)
	add(apptest.Admin, "Welcome", percentOff+`, "conditions": {"first_order": true}`)
	add(apptest.Admin, "Loser", percentOff+`, "exclusive": true, "priority": -1`)
	add(apptest.Admin, "Over", percentOff+`, "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"`)
	add("vera", "Hers", percentOff)
	a.InTx(t, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE vendors SET status = 'suspended', status_reason = 'x' WHERE id = @id`, pgx.NamedArgs{"id": vera})
		return err
	})
	body := lint()
	for _, want := range []string{
		"Spring and Ladder stack to 110 %", "Secret needs a code, and has none", "Euros names no amount in USD", "Welcome is for first orders",
		"Loser never applies: Spring has the higher priority", "Over ended at 2020-02-01T00:00:00Z", "Hers is of a vendor who sells nothing now",
	} {
		if !strings.Contains(body, want) && !strings.Contains(body, strings.Replace(want, "Spring and Ladder", "Ladder and Spring", 1)) {
			t.Errorf("the linter does not say %q: %s", want, body)
		}
	}
	for _, fine := range []string{"Spring and Autumn", "Autumn and Spring", "Germans and Austrians", "Austrians and Germans"} {
		if strings.Contains(body, fine) {
			t.Errorf("the linter says %q: %s", fine, body)
		}
	}
}

// Three that no two of make too much may come to everything together. The linter
// names all that stack, and none that cannot stand beside the others.
func TestLintFindsStacksOfMany(t *testing.T) {
	t.Parallel()
	const percent = `{"name": "%s", "status": "active", "reward": {"kind": "percent_off", "percent_ppm": %d}%s}`
	type made struct {
		name   string
		ppm    int
		beside string // further fields
	}
	manyCodes := make([]made, promotions.MaxCodes+1) // of which a cart takes all but one
	for i := range manyCodes {
		manyCodes[i] = made{fmt.Sprint("Code ", i), 95_000, `, "needs_code": true`}
	}
	for name, c := range map[string]struct {
		made  []made
		wants string // the one stack; "" is none
	}{
		"three":                           {[]made{{"A", 400_000, ""}, {"B", 350_000, ""}, {"C", 300_000, ""}}, "A, B and C stack to 105 %"},
		"three that leave something":      {[]made{{"A", 400_000, ""}, {"B", 350_000, ""}, {"C", 249_999, ""}}, ""},
		"the larger of a group":           {[]made{{"A", 400_000, `, "stacking_group": "g"`}, {"B", 350_000, ""}, {"C", 300_000, ""}, {"D", 200_000, `, "stacking_group": "g"`}}, "A, B and C stack to 105 %"},
		"more codes than a cart takes":    {manyCodes, ""},
		"all of one group":                {[]made{{"A", 400_000, `, "stacking_group": "g"`}, {"B", 350_000, `, "stacking_group": "g"`}, {"C", 300_000, `, "stacking_group": "g"`}}, ""},
		"one stands alone":                {[]made{{"A", 400_000, ""}, {"B", 350_000, `, "exclusive": true`}, {"C", 300_000, ""}}, ""},
		"two and two share a country":     {[]made{{"A", 400_000, `, "conditions": {"countries": ["DE", "AT"]}`}, {"B", 350_000, `, "conditions": {"countries": ["AT", "CH"]}`}, {"C", 300_000, `, "conditions": {"countries": ["CH", "DE"]}`}}, ""},
		"all share a country":             {[]made{{"A", 400_000, `, "conditions": {"countries": ["DE", "AT"]}`}, {"B", 350_000, `, "conditions": {"countries": ["AT", "CH"]}`}, {"C", 300_000, `, "conditions": {"countries": ["CH", "AT"]}`}}, "A, B and C stack to 105 %"},
		"what a pair does is said of it":  {[]made{{"A", 600_000, ""}, {"B", 500_000, ""}}, ""},
		"a small one beside a large pair": {[]made{{"A", 600_000, ""}, {"B", 500_000, ""}, {"C", 10_000, ""}}, "A, B and C stack to 111 %"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := apptest.New(t, pgtest.Tx(t))
			for _, m := range c.made {
				a.Call(t, apptest.Admin, "POST", "/admin/promotions", fmt.Sprintf(percent, m.name, m.ppm, m.beside)).Want(t, 201)
			}
			body := a.Call(t, apptest.Admin, "GET", "/admin/promotions/lint", "").Want(t, 200).Body
			if n := strings.Count(body, " on the goods that all of them lower"); n > 1 || (n == 1) != (c.wants != "") || !strings.Contains(body, c.wants) {
				t.Errorf("want %q: %s", c.wants, body)
			}
		})
	}
}
