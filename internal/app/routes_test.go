package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"souk/internal/accounts"
	"souk/internal/app"
	"souk/internal/auth"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// Every route says who may use it, and the door that it is behind agrees.
func TestEveryRouteHasAPermissionOrAReason(t *testing.T) {
	t.Parallel()
	shop := app.Unplugged()
	declared, used := shop.Grants.Declared(), map[auth.Permission]bool{}
	routes := shop.Router.Routes()
	if len(routes) < 80 {
		t.Fatalf("the shop has only %d routes: is every module mounted?", len(routes))
	}
	for _, r := range routes {
		name := r.Method + " " + r.Path
		used[r.Permission] = true
		switch {
		case (r.Permission == "") == (strings.TrimSpace(r.PublicReason) == ""):
			t.Errorf("%s: say who may use it, with httpapi.Needs or httpapi.Public, not both", name)
		case r.Permission != "" && !slices.Contains(declared, r.Permission):
			t.Errorf("%s needs %s, which no module declares, so nobody can be given it", name, r.Permission)
		case strings.HasPrefix(r.Path, "/api/v1/admin/") && (r.Permission == "" || !r.Permission.Staff()):
			t.Errorf("%s stands under /admin and lets in who is no staff", name)
		case strings.HasPrefix(r.Path, "/api/v1/vendor/") && !r.Permission.Vendors():
			t.Errorf("%s stands under /vendor and needs %q, which is no vendor's", name, r.Permission)
		case strings.HasPrefix(r.Path, "/api/v1/me") && r.Permission != auth.AsCustomer:
			t.Errorf("%s stands under /me and needs %q, not %s", name, r.Permission, auth.AsCustomer)
		}
	}
	// What a route asks for within itself, and what comes with payouts and statements: teams have the role already.
	later := []auth.Permission{accounts.CanImpersonateAndWrite, auth.VendorFinance}
	for _, p := range declared {
		if !used[p] && !slices.Contains(later, p) {
			t.Errorf("%s is declared and no route needs it", p)
		}
	}
}

// Every route that is mounted is in the OpenAPI document, and the other way
// round.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	shop := app.Unplugged()
	text, err := shop.Router.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct{ Summary, OperationID string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range shop.Router.Routes() {
		path := strings.ReplaceAll(r.Path, "{$}", "")
		operation, there := document.Paths[path][strings.ToLower(r.Method)]
		if there == (r.Hidden != "") {
			t.Errorf("%s %s: in the document %t, though it is hidden for the reason %q", r.Method, r.Path, there, r.Hidden)
		}
		if there && (operation.Summary == "" || operation.OperationID != r.OperationID || ids[operation.OperationID]) {
			t.Errorf("%s %s: has no summary, or its operation id %q is not its own", r.Method, r.Path, operation.OperationID)
		}
		ids[operation.OperationID] = true
		delete(document.Paths[path], strings.ToLower(r.Method))
	}
	for path, left := range document.Paths {
		for method := range left {
			t.Errorf("%s %s is documented and not mounted", strings.ToUpper(method), path)
		}
	}
}

// A constraint that has a meaning in code has that name in the schema, or its
// breach would be an internal error.
func TestNamedConstraintsExist(t *testing.T) {
	t.Parallel()
	there, err := postgres.Column[string](t.Context(), pgtest.Tx(t), `
		SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
		UNION SELECT m[1] FROM pg_proc, regexp_matches(prosrc, 'CONSTRAINT = ''(\w+)''', 'g') m WHERE pronamespace = 'public'::regnamespace`, nil)
	if err != nil {
		t.Fatal(err)
	}
	named := postgres.Named()
	if len(named) < 10 {
		t.Fatalf("only %d constraints are named", len(named))
	}
	for _, name := range named {
		if !slices.Contains(there, name) {
			t.Errorf("%s has a meaning in code and is not in the schema", name)
		}
	}
}
