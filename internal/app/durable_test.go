package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// moneyed are the modules in which money and promises change hands.
var moneyed = []string{"checkout", "payments", "reconcile", "credit", "ledger", "orders", "invoices"}

// harmless are their transactions at whose ends nobody has to be killed, and why. All
// that come by HTTP pass points of package httpapi besides.
var harmless = map[string]string{
	"checkout.dropCapture": "the order stays dead: the next try drops it again",
	"checkout.refused":     "the provider is told again under the same key; carry.after_commit follows",
	"checkout.unanswered":  "it is due again in any case; carry.after_commit follows",
	"checkout.declined":    "the provider is asked again under the same key, and says the same",
	"checkout.disown":      "the provider is asked again, and says the same",
	"checkout.beginAgain":  "it is found again with the next round",
	"checkout.payOwn":      "comes by HTTP; pay.before_start follows",
	"checkout.Hear":        "takes a notice for a minute, or puts it off; sync's points are in between",
	"checkout.Watch":       "takes payments for a while; sync's points follow",
	"checkout.Reexamine":   "closes what adds up, which is looked at again",
	"payments.Remind":      "nothing but an event, once",
	"payments.TellDropped": "the provider is told again, and has forgotten already",
	"reconcile.Nights":     "nothing but an event, once a night",

	"payments.ForgetNotices": "removes what is old", "credit.Forget": "removes what is old", "orders.forgetSome": "removes what is old", "invoices.Forget": "removes what is old",
}

// A transaction that code opens by itself is a durable step. Its process can be
// killed just before it ends and just after, where it passes a crash point, and
// torture sees to it that there is a scenario for each. See package crash.
func TestDurableStepsPassCrashPoints(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, m := range moneyed {
		err := filepath.WalkDir(filepath.Join("..", m), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testpay") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || !opensTransaction(fn) {
					continue
				}
				name := m + "." + fn.Name.Name
				found[name] = true
				if passes := passesPoint(fn); passes == (harmless[name] != "") {
					t.Errorf("%s in %s: passes a crash point: %t, stands among the harmless: %t. It is one of them.", name, path, passes, !passes)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range harmless {
		if !found[name] {
			t.Errorf("%s opens no transaction any more: take it out of the list", name)
		}
	}
	if len(found) < 15 {
		t.Errorf("only %d durable steps were found", len(found))
	}
}

// opensTransaction reports that a function begins one of its own, and no savepoint in
// that of its caller.
func opensTransaction(fn *ast.FuncDecl) bool {
	return anyCall(fn, "InTx", func(call *ast.CallExpr) bool {
		in, isName := call.Args[1].(*ast.Ident)
		return !isName || in.Name != "tx"
	})
}

func passesPoint(fn *ast.FuncDecl) bool {
	return anyCall(fn, "Here", func(*ast.CallExpr) bool { return true })
}

// anyCall reports that a function makes a call of a name behind a point, such as
// postgres.InTx.
func anyCall(fn *ast.FuncDecl, name string, such func(*ast.CallExpr) bool) (made bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selected, ok := call.Fun.(*ast.SelectorExpr)
		made = made || ok && selected.Sel.Name == name && such(call)
		return true
	})
	return made
}
