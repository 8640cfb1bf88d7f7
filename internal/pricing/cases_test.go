package pricing

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/tax"
)

// The cases of docs/pricing-cases.md, which were reckoned by hand: what the page
// says is what [Price] does.
func TestWorkedCases(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/pricing-cases.md")
	if err != nil {
		t.Fatal(err)
	}
	cases := regexp.MustCompile("(?m)^### (\\d+)\\. (.+)\n```\n((?:.+\n)+?)((?:= .+\n)+)```\n(.+)\n").FindAllStringSubmatch(string(page), -1)
	if headings := strings.Count(string(page), "\n### "); len(cases) != headings || len(cases) < 60 {
		t.Fatalf("%d cases can be read of %d headings", len(cases), headings)
	}
	for i, c := range cases {
		if c[1] != strconv.Itoa(i+1) {
			t.Errorf("case %s stands at place %d", c[1], i+1)
		}
		t.Run(c[1], func(t *testing.T) {
			t.Parallel()
			in, err := readCase(c[3])
			if err != nil {
				t.Fatalf("%s: %v", c[2], err)
			}
			in.levy()
			q := mustPrice(t, in.Snapshot)
			for want := range strings.Lines(c[4]) {
				want = strings.TrimPrefix(strings.TrimSpace(want), "= ")
				if got := in.answer(&q, want); got != want {
					t.Errorf("%s:\nthe page says %s\nthe shop says %s", c[2], want, got)
				}
			}
			sum := money.Zero(in.Currency)
			for _, step := range q.Trace {
				sum = sum.Plus(step.Amount)
			}
			if sum != q.Totals.GrandTotal {
				t.Errorf("%s: the steps come to %s of %s", c[2], sum, q.Totals.GrandTotal)
			}
		})
	}
}

// A workedCase is a snapshot as the page writes it.
type workedCase struct {
	Snapshot
	rates   []tax.Rate
	sellers map[id.Vendor]tax.Seller
	to      tax.Buyer
}

// fields fits a text to a pattern, and scans its groups.
func fields(text, pattern string) []string {
	found := regexp.MustCompile("^(?:" + pattern + ")$").FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	return found[1:]
}

func readCase(text string) (in workedCase, err error) {
	defer func() { // so that the reader below reads like the page
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("%v", wrong)
		}
	}()
	in.Explain, in.sellers = true, map[id.Vendor]tax.Seller{}
	for line := range strings.Lines(text) {
		in.read(strings.TrimSpace(line))
	}
	return in, nil
}

func (in *workedCase) read(line string) {
	if f := fields(line, `([A-Z]{3})(?:, tax (included|on top)(, per total)?(, half even)?: (.+))?`); f != nil {
		in.Currency = money.Currency(f[0])
		in.Tax = tax.Terms{Included: f[1] == "included", PerTotal: f[2] != "", HalfEven: f[3] != ""}
		in.rates = readRates(f[4])
	} else if f := fields(line, `([A-O]): (\d+) × (`+aPrice+`)(?:, (.+))?`); f != nil {
		in.readGoods(f)
	} else if f := fields(line, `list (\w+): ([^;]+)(?:; priority (\d+))?`); f != nil {
		in.readList(f)
	} else if f := fields(line, `parcel from (\w+): ([\d.]+)(?: (\w+))?`); f != nil {
		in.Parcels = append(in.Parcels, Parcel{
			Vendor: named16[id.Vendor](f[0]), Kind: cmp.Or(f[2], "standard"), Shipping: in.money(f[1]), Rates: in.rates,
		})
	} else if f := fields(line, `fee: ([\d.]+)`); f != nil {
		in.Fee = &Fee{Name: "Cash on delivery", Amount: in.money(f[0]), Rates: in.rates}
	} else if f := fields(line, `(\w+) sells from ([A-Z]{2})(?:-([A-Z]{2}))?`); f != nil {
		in.sellers[named16[id.Vendor](f[0])] = tax.Seller{Country: f[1], Region: f[2]}
	} else if f := fields(line, `taxed as in ([A-Z]{2})(?:-([A-Z]{2}))?(?:, business (\w+))?(?:, exempt by (\S+))?`); f != nil {
		in.to = tax.Buyer{Country: f[0], Region: f[1], TaxID: f[2], Exemption: f[3]}
	} else if f := fields(line, `buyer: (.+)`); f != nil {
		in.readBuyer(f[0])
	} else if f := fields(line, `([P-Z]): (.+)`); f != nil {
		in.readPromotion(f[0], strings.Split(f[1], "; "))
	} else {
		panic("cannot read " + line)
	}
}

// levy asks who sells and who buys which of the rates are charged, where the case
// says who that is.
func (in *workedCase) levy() {
	if in.to.Country == "" {
		return
	}
	of := func(vendor id.Vendor, rates []tax.Rate) tax.Levy {
		zone := tax.Zone{Terms: in.Tax, ReverseCharge: true, Rates: rates}
		return zone.Levy(tax.Standard, in.sellers[vendor], in.to)
	}
	for i := range in.Lines {
		l := &in.Lines[i]
		levy := of(l.Vendor, l.Rates)
		l.Rates, l.Relief, l.Why = levy.Rates, levy.Relief, levy.Why
	}
	for i := range in.Parcels {
		p := &in.Parcels[i]
		levy := of(p.Vendor, p.Rates)
		p.Rates, p.Relief, p.Why = levy.Rates, levy.Relief, levy.Why
	}
	if f := in.Fee; f != nil {
		levy := of(named16[id.Vendor]("Market"), f.Rates)
		f.Rates, f.Relief, f.Why = levy.Rates, levy.Relief, levy.Why
	}
}

func readRates(text string) (rates []tax.Rate) {
	if text == "" {
		return nil
	}
	for _, name := range strings.Split(text, " + ") {
		f := fields(name, `(?:\w+ )?([\d.]+ %)( compound)?(?: (within|between|abroad))?`)
		name, applies := strings.TrimSuffix(name, " "+f[2]), map[string]string{"within": tax.SameRegion, "between": tax.OtherRegion, "abroad": tax.OtherCountry}
		rates = append(rates, tax.Rate{Class: tax.Standard, Name: name, PPM: ppm(f[0]), Compound: f[1] != "", Applies: applies[f[2]]})
	}
	return rates
}

func (in *workedCase) readGoods(f []string) {
	l := Line{
		Key: len(in.Lines), Name: f[0], Vendor: named16[id.Vendor]("Red"), Variant: named16[id.Variant](f[0]), Product: named16[id.Product](f[0]),
		Quantity: count(f[1]), UnitPrice: in.price(f[2]), Rates: in.rates,
	}
	for _, word := range strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' }) {
		kind, name, _ := strings.Cut(strings.TrimSpace(word), " ")
		switch kind {
		case "from":
			l.Vendor = named16[id.Vendor](name)
		case "tag":
			l.Tags = append(l.Tags, named16[id.Tag](name))
		case "brand":
			l.Brand = named16[id.Brand](name)
		case "category":
			l.Categories = append(l.Categories, named16[id.Category](name))
		case "reduced":
			l.Reduced = true
		case "taxed":
			l.Rates = readRates(name)
		case "untaxed":
			l.Rates = nil
		case "set":
			l.SetOff = SetOff{in.money(strings.TrimPrefix(name, "off ")), "Unused time"}
		default:
			panic("cannot read " + word)
		}
	}
	in.Lines = append(in.Lines, l)
}

// price reads "8.50", or "10.00 USD at 0.9 in steps of 1.00 ending 0.99" of one
// that follows.
func (in *workedCase) price(text string) money.Amount {
	f := fields(text, `([\d.]+) ([A-Z]{3}) at ([\d.]+)(?: in steps of ([\d.]+)(?: ending ([\d.]+))?)?`)
	if f == nil {
		return in.money(text)
	}
	base, err := money.Parse(f[0], money.Currency(f[1]))
	if err != nil {
		panic(err)
	}
	whole, parts, _ := strings.Cut(f[2], ".")
	rate := count(whole + (parts + "000000000")[:9])
	rule := Currency{Currency: in.Currency, Base: base.Currency, RatePPB: &rate, RoundTo: 1}
	if f[3] != "" {
		rule.RoundTo = in.money(f[3]).Minor
	}
	if f[4] != "" {
		rule.Ending = in.money(f[4]).Minor
	}
	return rule.Derive(base)
}

// readList gives goods that stand above it the prices of a list.
func (in *workedCase) readList(f []string) {
	priority := int64(0)
	if f[2] != "" {
		priority = count(f[2])
	}
	for _, price := range strings.Split(f[1], ", ") {
		p := fields(price, `([A-O]) for ([\d.]+)(?: from (\d+))?`)
		list := ListPrice{List: named16[id.PriceList](f[0]), Name: f[0], Priority: int(priority), MinQuantity: count(cmp.Or(p[2], "1")), Price: in.money(p[1])}
		for i := range in.Lines {
			if l := &in.Lines[i]; l.Name == p[0] {
				l.Lists = append(l.Lists, list)
			}
		}
	}
}

func (in *workedCase) readBuyer(text string) {
	for _, fact := range strings.Split(text, ", ") {
		if f := fields(fact, `group (\w+)`); f != nil {
			in.Buyer.Groups = append(in.Buyer.Groups, f[0])
		} else if f := fields(fact, `plan (\w+)`); f != nil {
			in.Buyer.Plans = append(in.Buyer.Plans, named16[id.Plan](f[0]))
		} else if fact == "first order" {
			in.Buyer.FirstOrder = true
		} else if f := fields(fact, `to ([A-Z]{2})`); f != nil {
			in.Country = f[0]
		} else if f := fields(fact, `pays by (\w+)`); f != nil {
			in.Method = f[0]
		} else {
			panic("cannot read " + fact)
		}
	}
}

func (in *workedCase) readPromotion(name string, parts []string) {
	p := Promotion{ID: named16[id.Promotion](name), Name: name, Reward: in.readReward(parts[0])}
	for _, part := range parts[1:] {
		in.readOption(&p, part)
	}
	if bad := append(p.Conditions.Problems(""), p.Reward.Problems("")...); len(bad) > 0 {
		panic(bad.Err())
	}
	in.Promotions = append(in.Promotions, p)
}

const (
	aSum   = `([\d.]+(?: [A-Z]{3})?)`
	aShare = `([\d.]+ %)`
	aPrice = `[\d.]+(?: [A-Z]{3} at [\d.]+(?: in steps of [\d.]+(?: ending [\d.]+)?)?)?`
)

func (in *workedCase) readReward(text string) Reward {
	if f := fields(text, aShare+` off (\w+ )?shipping( from \w+)?`); f != nil {
		return Reward{Kind: ShippingOff, PPM: ppm(f[0]), Ways: strings.Fields(f[1]), Goods: readScope("goods" + f[2])}
	} else if f := fields(text, `(\w+ )?shipping for `+aSum); f != nil {
		return Reward{Kind: ShippingPrice, Ways: strings.Fields(f[0]), Amounts: in.amounts(f[1])}
	} else if f := fields(text, aShare+` off the order`); f != nil {
		return Reward{Kind: OrderPercentOff, PPM: ppm(f[0])}
	} else if f := fields(text, aSum+` off the order`); f != nil {
		return Reward{Kind: OrderAmountOff, Amounts: in.amounts(f[0])}
	} else if f := fields(text, aShare+` off (.+)`); f != nil {
		return Reward{Kind: PercentOff, PPM: ppm(f[0]), Goods: readScope(f[1])}
	} else if f := fields(text, aSum+` off each of (.+)`); f != nil {
		return Reward{Kind: AmountOffEach, Amounts: in.amounts(f[0]), Goods: readScope(f[1])}
	} else if f := fields(text, aSum+` off (.+)`); f != nil {
		return Reward{Kind: AmountOff, Amounts: in.amounts(f[0]), Goods: readScope(f[1])}
	} else if f := fields(text, `(.+) for `+aSum+` each`); f != nil {
		return Reward{Kind: FixedPrice, Goods: readScope(f[0]), Amounts: in.amounts(f[1])}
	} else if f := fields(text, `buy (\d+) of (.+), get (\d+) of (.+) for `+aShare+` less`); f != nil {
		return Reward{Kind: BuyGet, Buy: count(f[0]), BuyGoods: readScope(f[1]), Get: count(f[2]), Goods: readScope(f[3]), PPM: ppm(f[4])}
	}
	panic("cannot read " + text)
}

func (in *workedCase) readOption(p *Promotion, text string) {
	c, r := &p.Conditions, &p.Reward
	if f := fields(text, `if (\d+) of (.+)`); f != nil {
		c.MinQuantity, c.Goods = count(f[0]), readScope(f[1])
	} else if f := fields(text, `if group (\w+)`); f != nil {
		c.Groups = []string{f[0]}
	} else if f := fields(text, `if plan (\w+)`); f != nil {
		c.Plans = []id.Plan{named16[id.Plan](f[0])}
	} else if text == "if first order" {
		c.FirstOrder = true
	} else if f := fields(text, `if to ([A-Z]{2})`); f != nil {
		c.Countries = []string{f[0]}
	} else if f := fields(text, `if paid by (\w+)`); f != nil {
		c.Methods = []string{f[0]}
	} else if f := fields(text, `if (.+) for `+aSum); f != nil {
		c.Goods, c.MinSubtotal = readScope(f[0]), in.amounts(f[1])
	} else if f := fields(text, `at most (\d+) units`); f != nil {
		r.MaxUnits = count(f[0])
	} else if f := fields(text, `at most (\d+) times`); f != nil {
		r.MaxTimes = count(f[0])
	} else if f := fields(text, `at most `+aSum); f != nil {
		r.Most = in.amounts(f[0])
	} else if f := fields(text, `priority (\d+)`); f != nil {
		p.Priority = int(count(f[0]))
	} else if text == "exclusive" {
		p.Exclusive = true
	} else if f := fields(text, `group (\w+)`); f != nil {
		p.Group = f[0]
	} else if f := fields(text, `platform pays `+aShare); f != nil {
		p.PlatformPPM = ppm(f[0])
	} else if f := fields(text, `by (\w+)`); f != nil {
		p.Vendor = named16[id.Vendor](f[0])
	} else {
		panic("cannot read " + text)
	}
}

func readScope(text string) (c Scope) {
	if goods, but, found := strings.Cut(text, " except "); found {
		c.Except, text = []id.Product{named16[id.Product](but)}, goods
	}
	if f := fields(text, `tag (\w+)`); f != nil {
		c.Tags = []id.Tag{named16[id.Tag](f[0])}
	} else if f := fields(text, `brand (\w+)`); f != nil {
		c.Brands = []id.Brand{named16[id.Brand](f[0])}
	} else if f := fields(text, `category (\w+)`); f != nil {
		c.Categories = []id.Category{named16[id.Category](f[0])}
	} else if f := fields(text, `goods from (\w+)`); f != nil {
		c.Vendors = []id.Vendor{named16[id.Vendor](f[0])}
	} else if text == "full-price goods" {
		c.FullPrice = true
	} else if f := fields(text, `([A-O])(?: and ([A-O]))?`); f != nil {
		c.Products = []id.Product{named16[id.Product](f[0])}
		if f[1] != "" {
			c.Products = append(c.Products, named16[id.Product](f[1]))
		}
	} else if text != "goods" {
		panic("cannot read goods " + text)
	}
	return c
}

// answer is what the quote says in the words in which a line of the page asks.
func (in *workedCase) answer(q *Quote, asked string) string {
	if f := fields(asked, `told: (.+)`); f != nil {
		at := slices.IndexFunc(q.Trace, func(s Step) bool { return strings.HasPrefix(s.Kind, "tax") && s.Text == f[0] })
		if at < 0 {
			return fmt.Sprintf("told: %+v", q.Trace)
		}
		return asked
	}
	if f := fields(asked, `([P-Z]) (?:does|takes) .+`); f != nil {
		return in.became(q, f[0], strings.Contains(asked, "the platform pays"))
	}
	if strings.HasPrefix(asked, "bears ") {
		var parts []string
		for _, p := range q.Parcels {
			share := strings.TrimRight(string(p.Vendor[:]), "\x00") + " " + p.Fee.Decimal()
			if len(p.FeeTaxes) > 0 {
				share += " (tax " + sharesText(p.FeeTaxes) + ")"
			}
			parts = append(parts, share)
		}
		return "bears " + strings.Join(parts, ", ")
	}
	if text, told := strings.CutPrefix(asked, "told "); told {
		var steps []string
		for _, step := range q.Trace {
			if step.Kind == "price_list" {
				steps = append(steps, step.Text)
			}
		}
		if slices.Contains(steps, text) {
			return asked
		}
		return "told " + strings.Join(steps, " | ")
	}
	for kind, each := range map[string]func(PricedLine) string{
		"costs": func(l PricedLine) string { return l.Unit.Price.Decimal() },
		"tax":   func(l PricedLine) string { return sharesText(l.Taxes) },
		"pays":  func(l PricedLine) string { return l.Total.Decimal() },
	} {
		if !strings.HasPrefix(asked, kind+" ") || strings.Contains(asked, "total") {
			continue
		}
		var parts []string
		for _, name := range strings.Split(strings.TrimPrefix(asked, kind+" "), ", ") {
			name, _, _ = strings.Cut(name, " ")
			if i := slices.IndexFunc(in.Lines, func(l Line) bool { return l.Name == name }); i >= 0 {
				parts = append(parts, name+" "+each(q.Lines[i]))
			} else if at, found := q.parcelOf(named16[id.Vendor](name)); found {
				parts = append(parts, name+" "+sharesText(q.Parcels[at].ShippingTaxes))
			}
		}
		return kind + " " + strings.Join(parts, ", ")
	}
	text := ""
	for _, sum := range []struct {
		name   string
		amount money.Amount
	}{{"discount", q.Totals.Discount}, {"shipping", q.Totals.Shipping}, {"fee", q.Totals.Fee}, {"tax", q.Totals.Tax}} {
		if !sum.amount.IsZero() {
			text += sum.name + " " + sum.amount.Decimal() + ", "
		}
	}
	return text + "total " + q.Totals.GrandTotal.Decimal()
}

// became is what became of a promotion.
func (in *workedCase) became(q *Quote, name string, platform bool) string {
	at := slices.IndexFunc(q.Verdicts, func(v Verdict) bool { return v.Name == name })
	if v := q.Verdicts[at]; v.Reason != "" {
		return name + " does not apply: " + v.Reason
	}
	var off, paid []string
	taken, borne := money.Zero(in.Currency), money.Zero(in.Currency)
	note := func(of string, discounts []Discount) {
		for _, d := range discounts {
			if d.Name == name {
				off, taken, borne = append(off, of+" "+d.Amount.Decimal()), taken.Plus(d.Amount), borne.Plus(d.Platform)
				if !d.Platform.IsZero() {
					paid = append(paid, of+" "+d.Platform.Decimal())
				}
			}
		}
	}
	for i, l := range q.Lines {
		note(in.Lines[i].Name, l.Discounts)
	}
	for _, p := range q.Parcels {
		note(strings.TrimRight(string(p.Vendor[:]), "\x00"), p.ShippingDiscounts)
	}
	text := fmt.Sprintf("%s takes %s (%s)", name, taken.Decimal(), strings.Join(off, ", "))
	if platform {
		text += ", the platform pays " + borne.Decimal()
		if len(paid) > 0 {
			text += " (" + strings.Join(paid, ", ") + ")"
		}
	}
	return text
}

func sharesText(shares []tax.Share) string {
	var parts []string
	for _, s := range shares {
		parts = append(parts, s.Amount.Decimal())
	}
	return strings.Join(parts, " + ")
}

// named16 is the id of what has a name: they sort as their names do.
func named16[T ~[16]byte](name string) (made T) {
	copy(made[:], name)
	return made
}

func count(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// ppm reads "12.5 %", to four decimals.
func ppm(text string) int64 {
	share, err := money.Parse(strings.TrimSuffix(text, " %"), "CLF")
	if err != nil {
		panic(err)
	}
	return share.Minor
}

func (in *workedCase) money(text string) money.Amount {
	amount, err := money.Parse(text, in.Currency)
	if err != nil {
		panic(err)
	}
	return amount
}

// amounts reads "5.00", or "5.00 EUR" of another currency than the cart's.
func (in *workedCase) amounts(text string) Amounts {
	number, other, _ := strings.Cut(text, " ")
	currency := cmp.Or(money.Currency(other), in.Currency)
	amount, err := money.Parse(number, currency)
	if err != nil {
		panic(err)
	}
	return Amounts{currency: amount.Minor}
}
