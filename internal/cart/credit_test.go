package cart

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/pricing"
)

// The cases of docs/pricing-cases.md in which gift cards and store credit pay.
func TestWorkedCasesOfCredit(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/pricing-cases.md")
	if err != nil {
		t.Fatal(err)
	}
	cases := regexp.MustCompile("(?m)^#### Credit (\\d+)\\. (.+)\n```\n((?:.+\n)+?)= (.+)\n```\n").FindAllStringSubmatch(string(page), -1)
	if headings := strings.Count(string(page), "\n#### Credit "); len(cases) != headings || len(cases) < 10 {
		t.Fatalf("%d cases can be read of %d headings", len(cases), headings)
	}
	for i, c := range cases {
		if c[1] != strconv.Itoa(i+1) {
			t.Errorf("case %s stands at place %d", c[1], i+1)
		}
		if got := paid(t, strings.Split(strings.TrimSpace(c[3]), "\n")); got != c[4] {
			t.Errorf("%s:\nthe page says %s\nthe shop says %s", c[2], c[4], got)
		}
	}
}

var (
	toPay    = regexp.MustCompile(`^([A-Z]{3}) ([\d.]+) to pay( for a gift card)?$`)
	aCredit  = regexp.MustCompile(`^(card [A-Z]|store credit): ([\d.]+) ([A-Z]{3})(?:, (.+))?$`)
	mostOfIt = regexp.MustCompile(`^at most ([\d.]+)$`)
)

// paid reads a case and says what pays it.
func paid(t *testing.T, lines []string) string {
	t.Helper()
	amount := func(text string, c string) money.Amount {
		a, err := money.Parse(text, money.Currency(c))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	total := toPay.FindStringSubmatch(lines[0])
	sum := amount(total[2], total[1])
	p := Priced{Quote: pricing.Quote{Totals: pricing.Totals{GrandTotal: sum, Fee: money.Zero(sum.Currency), Rounding: money.Zero(sum.Currency)}}}
	p.Lines = []Line{{GiftCard: total[3] != ""}}
	var r reading
	for _, line := range lines[1:] {
		f := aCredit.FindStringSubmatch(line)
		if f == nil {
			t.Fatalf("cannot read %q", line)
		}
		c := Credit{Hint: strings.TrimPrefix(f[1], "card "), Balance: amount(f[2], f[3]), Used: f[4] != "not used"}
		if f[1] != "store credit" {
			c.Card = id.New[id.GiftCard]()
		}
		if most := mostOfIt.FindStringSubmatch(f[4]); most != nil {
			c.Most = &[]int64{amount(most[1], f[3]).Minor}[0]
		} else if f[4] != "not used" {
			c.State = f[4]
		}
		r.credits = append(r.credits, c)
	}
	r.spend(&p)
	told := ""
	for _, c := range p.Credits {
		told += fmt.Sprintf("%s pays %s, ", c.Hint, c.Pays.Decimal())
	}
	return told + "due " + p.Due.Decimal()
}
