package ledger_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"souk/internal/ledger"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

// source is the file with the kinds and the posting table.
func source(t *testing.T) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "ledger.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// kinds are the constants of type Kind.
func kinds(t *testing.T) (list []ledger.Kind) {
	t.Helper()
	ast.Inspect(source(t), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Kind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, ledger.Kind(text))
		}
		return true
	})
	slices.Sort(list)
	return list
}

// A kind that only some places know is left out of a report, or refused.
func TestEveryKindIsWhereKindsAreTold(t *testing.T) {
	t.Parallel()
	known := kinds(t)
	if len(known) < 18 {
		t.Fatalf("found only %v", known)
	}
	var charted []ledger.Kind
	for _, line := range ledger.Chart() {
		charted = append(charted, line.Kind)
		if !slices.Contains([]ledger.Class{ledger.Asset, ledger.Liability, ledger.Revenue, ledger.Expense}, line.Class) ||
			line.Normal != ledger.DebitSide && line.Normal != ledger.CreditSide {
			t.Errorf("%+v", line)
		}
	}
	check, err := postgres.Scalar[string](t.Context(), pgtest.Tx(t), `
		SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ledger_accounts_kind_check'`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var stored []ledger.Kind
	for _, match := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(check, -1) {
		stored = append(stored, ledger.Kind(match[1]))
	}
	var filtered []ledger.Kind
	for name := range strings.SplitSeq(ledger.KindFilter(), ",") {
		filtered = append(filtered, ledger.Kind(name))
	}
	for where, list := range map[string][]ledger.Kind{"the chart": charted, "the schema": stored, "the filter of GET /admin/ledger": filtered} {
		if slices.Sort(list); !slices.Equal(list, known) {
			t.Errorf("%s has %v, want %v", where, list, known)
		}
	}
	guide, err := os.ReadFile("../../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range ledger.Chart() {
		if row := fmt.Sprintf("| `%s` | %s | %s |", line.Kind, line.Class, line.Normal); !strings.Contains(string(guide), row) {
			t.Errorf("docs/ledger.md does not have the row %s", row)
		}
	}
	table := source(t).Doc.Text()
	for _, kind := range known {
		if !strings.Contains(table, string(kind)) {
			t.Errorf("the posting table does not name %s", kind)
		}
	}
}

// The other side of what the class has is the exception: what is on its way out of
// the bank lowers what is there.
func TestNormalSidesFollowTheClass(t *testing.T) {
	t.Parallel()
	for _, line := range ledger.Chart() {
		debit := line.Class == ledger.Asset || line.Class == ledger.Expense
		if (line.Normal == ledger.DebitSide) != debit && line.Kind != ledger.PayoutsInTransit {
			t.Errorf("%+v", line)
		}
	}
}
