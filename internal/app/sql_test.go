package app_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"souk/internal/platform/pgtest"
)

// A statement is a whole SQL literal of the house.
type statement struct {
	file   string // under internal
	line   int
	module string
	sql    string
}

// Every SQL literal must PREPARE against the migrated schema, so that a wrong
// column name fails here and not at two in the morning.
func TestEverySQLLiteralPrepares(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	statements := houseSQL(t)
	if len(statements) < 50 {
		t.Fatalf("found only %d SQL literals: has the house changed its way of writing them?", len(statements))
	}
	for i, s := range statements {
		sub, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sub.Prepare(t.Context(), fmt.Sprintf("house_%d", i), positional(s.sql)); err != nil {
			t.Errorf("internal/%s:%d: %v\n%s", s.file, s.line, err, s.sql)
		}
		if err := sub.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// owners says which module writes which tables.
var owners = map[string][]string{
	"mfa":               {"totp_factors", "recovery_codes", "mfa_attempts", "passkeys", "webauthn_answers"},
	"accounts":          {"users", "credentials", "roles", "user_roles", "sessions", "refresh_tokens", "signing_keys", "setup_tokens", "addresses", "mail_tokens", "mail_requests", "login_failures", "avatars", "customer_groups", "customer_group_members"},
	"idp":               {"login_providers", "oidc_identities"},
	"vendors":           {"vendors", "vendor_members", "vendor_invitations"},
	"apikeys":           {"api_keys"},
	"catalog":           {"brands", "categories", "tags", "attributes", "product_types", "products", "product_slugs", "product_changes", "product_options", "product_categories", "product_tags", "media", "variants", "variant_components", "variant_media", "product_relations", "collections"},
	"inventory":         {"locations", "stock_levels", "stock_movements", "reservations"},
	"tax":               {"tax_zones", "tax_rates", "tax_exemptions", "tax_engines", "tax_answers"},
	"shipping":          {"shipping_zones", "shipping_options", "shipments", "shipment_lines", "tracking_events"},
	"ledger":            {"ledger_accounts", "ledger_txns", "ledger_entries", "ledger_periods", "ledger_period_balances", "ledger_period_changes"},
	"payments":          {"payments", "payment_events", "payment_accounts", "payment_refs", "payment_instructions", "payment_disputes", "payment_exceptions", "webhook_inbox", "saved_methods", "dropped_methods", "test_payments", "test_payment_entries"},
	"pricing":           {"prices", "price_history", "currencies", "price_lists", "price_list_prices"},
	"promotions":        {"promotions", "coupons", "promotion_redemptions"},
	"credit":            {"gift_cards", "gift_card_entries", "store_credits", "store_credit_entries"},
	"memberships":       {"plans", "memberships", "membership_periods", "membership_renewals", "membership_upgrades", "membership_events", "product_gates", "product_gate_plans"},
	"orders":            {"orders", "vendor_orders", "order_lines", "order_line_components", "adjustments", "order_notes", "refunds", "refund_lines", "refund_requests"},
	"invoices":          {"letterheads", "invoice_counters", "invoices", "invoice_lines"},
	"digital":           {"digital_files", "licence_keys", "digital_grants"},
	"reviews":           {"reviews", "product_ratings", "review_votes", "review_reports", "review_photos"},
	"wishlist":          {"wishlists", "wishlist_items", "product_alerts", "wishlist_due"},
	"cart":              {"quote_epochs", "quote_features", "carts", "cart_items", "cart_coupons", "cart_gift_cards"},
	"reconcile":         {"provider_movements", "reconciliations", "reconciliation_places"},
	"search":            {"listed_products", "listings", "listings_due", "listings_refused", "facet_values", "product_pages", "translated_pages", "bought_together", "popularity_due", "past_queries", "search_nodes"},
	"feeds":             {"feeds", "feed_files"},
	"privacy":           {"data_exports"},
	"importer":          {"imports", "import_findings", "import_changes", "import_rows", "import_mappings", "product_exports"},
	"platform/audit":    {"audit_log", "audit_seals"},
	"notifications":     {"messages", "notification_preferences"},
	"platform/events":   {"events", "event_cursors", "river_job", "river_queue", "river_leader", "river_client"},
	"platform/httpapi":  {"idempotency_keys"},
	"platform/settings": {"settings"},
}

var written = regexp.MustCompile(`(?i)\b(?:INSERT\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|MERGE\s+INTO)\s+([a-z_]+)`)

func TestAModuleWritesOnlyItsOwnTables(t *testing.T) {
	owner := map[string]string{}
	for module, tables := range owners {
		for _, table := range tables {
			owner[table] = module
		}
	}
	checked := 0
	for _, s := range houseSQL(t) {
		sql := regexp.MustCompile(`(?i)\bFOR\s+(NO\s+KEY\s+)?UPDATE\b|\bDO\s+UPDATE\s+SET\b|\bON\s+UPDATE\b`).ReplaceAllString(s.sql, "")
		for _, match := range written.FindAllStringSubmatch(sql, -1) {
			table := strings.ToLower(match[1])
			if strings.Contains(strings.ToLower(sql), "create temp table "+table) {
				continue
			}
			checked++
			if got := owner[table]; got != s.module {
				t.Errorf("internal/%s:%d: %s writes %s, which belongs to %q", s.file, s.line, s.module, table, got)
			}
		}
	}
	if checked < 50 {
		t.Errorf("checked only %d writes", checked)
	}
}

var looksLikeSQL = regexp.MustCompile(`(?is)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\s.*\s`)

// houseSQL finds the string literals, constants joined by + included, that are
// whole statements. What is put together with values at run time is tested by
// use; parts of such have a name that ends in "Fragment".
func houseSQL(t *testing.T) []statement {
	t.Helper()
	var found []statement
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel := strings.TrimPrefix(filepath.ToSlash(path), "../")
		m := module(filepath.ToSlash(filepath.Dir(rel)))
		if m == "platform/pgtest" || isTenant(m) {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		constants := stringConstants(file)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if len(n.Names) > 0 && strings.HasSuffix(n.Names[0].Name, "Fragment") {
					return false
				}
			case *ast.Field: // struct tags are not SQL
				return false
			case *ast.Ident: // found where it is declared
				return false
			case ast.Expr:
				text, whole := constantString(n, constants)
				if _, sum := n.(*ast.BinaryExpr); sum && !whole {
					return false // put together at run time, and tested by use
				}
				if !whole {
					return true
				}
				if looksLikeSQL.MatchString(text) && !strings.Contains(text, "%s") && isStatement(text) {
					found = append(found, statement{rel, set.Position(n.Pos()).Line, m, text})
				}
				return false
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func isTenant(m string) bool {
	for _, name := range tenants {
		if m == name {
			return true
		}
	}
	return false
}

// isStatement tells SQL from English that begins with "Select" or "With".
func isStatement(s string) bool {
	return regexp.MustCompile(`\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\b`).MatchString(s)
}

func stringConstants(file *ast.File) map[string]string {
	constants := map[string]string{}
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST {
			continue
		}
		for _, spec := range general.Specs {
			value := spec.(*ast.ValueSpec)
			if len(value.Names) == 1 && len(value.Values) == 1 {
				if s, ok := constantString(value.Values[0], constants); ok {
					constants[value.Names[0].Name] = s
				}
			}
		}
	}
	return constants
}

// constantString is the value of a literal, a constant of the same file, or a
// sum of such.
func constantString(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.Ident:
		s, ok := constants[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		left, ok := constantString(e.X, constants)
		if !ok || e.Op != token.ADD {
			return "", false
		}
		right, ok := constantString(e.Y, constants)
		return left + right, ok
	}
	return "", false
}

var named = regexp.MustCompile(`([^@\w])@([a-zA-Z_]\w*)`)

// positional turns pgx's @names into $1, $2 … as pgx itself does.
func positional(sql string) string {
	order := map[string]int{}
	return named.ReplaceAllStringFunc(sql, func(m string) string {
		name := m[strings.Index(m, "@")+1:]
		if _, ok := order[name]; !ok {
			order[name] = len(order) + 1
		}
		return m[:strings.Index(m, "@")] + "$" + strconv.Itoa(order[name])
	})
}
