package invoices

import (
	"strconv"
	"strings"

	"souk/internal/accounts"
	"souk/internal/tax"
)

// A sheet is a document in words, as its page and its PDF show it alike.
type sheet struct {
	Lang, Title, Number string
	Facts               []fact
	Seller, Buyer       []string // the first line is a name
	From, To            string   // what stands above them
	Head                []string // of the columns of lines
	Discounts, Rates    bool     // there are any, so there is a column for them
	Rows                []row
	TaxHead             []string
	TaxRows             [][]string
	Sums                []fact // the last is what it comes to
	Notes               []string
	Foot                []string
	language            language
}

type fact struct{ Label, Value string }

// A row is a line of the document. Its figures stand in the order of the columns
// behind the first.
type row struct {
	Title, Detail string
	Figures       []figure
}

// A figure knows its column, for screens on which columns have no room.
type figure struct{ Label, Value string }

func sheetOf(i Invoice) sheet {
	l := languageOf(i.Locale)
	s := sheet{
		Lang: l.code, Title: l.say(titleOf(i)), Number: i.Number, From: l.say("from"), To: l.say("to"), language: l,
		Seller: sellerLines(l, i.Seller), Buyer: buyerLines(l, i.Buyer),
		TaxHead: []string{l.say("tax"), l.say("rate"), l.say("net"), l.say("tax")},
		Sums:    []fact{{l.say("sum_net"), l.sum(i.Net)}, {l.say("sum_tax"), l.sum(i.Tax)}, {l.say("sum_" + string(i.Kind)), l.sum(i.Total) + " " + string(i.Currency)}},
	}
	s.Facts = facts(l, i)
	for _, line := range i.Lines {
		s.Discounts, s.Rates = s.Discounts || !line.Discount.IsZero(), s.Rates || rates(l, line) != ""
	}
	s.Head = []string{l.say("article"), l.say("quantity"), l.say("unit")}
	if s.Discounts {
		s.Head = append(s.Head, l.say("discount"))
	}
	if s.Rates {
		s.Head = append(s.Head, l.say("tax"))
	}
	s.Head = append(s.Head, l.say("net"), l.say("total"))
	for _, line := range i.Lines {
		s.Rows = append(s.Rows, s.row(l, line))
	}
	for _, t := range i.Taxes {
		s.TaxRows = append(s.TaxRows, taxRow(l, t))
	}
	s.Notes = notes(l, i)
	s.Foot = footLines(i.Seller)
	return s
}

func titleOf(i Invoice) string {
	if i.Kind == KindInvoice && i.Seller.Address.Country == "IN" && i.Seller.TaxID != "" { // section 31 of the CGST Act, 2017
		return "tax_invoice"
	}
	return string(i.Kind)
}

func facts(l language, i Invoice) []fact {
	list := []fact{{l.say("number"), i.Number}, {l.say("issued_on"), l.date(i.IssuedOn)}}
	if i.Corrects != nil {
		list = append(list, fact{l.say("corrects"), l.say("of_day", "number", i.Corrects.Number, "day", l.date(i.Corrects.On))})
	}
	list = append(list, fact{l.say("order"), i.OrderNumber}, fact{l.say("ordered_on"), l.date(i.OrderedOn)})
	to := l.country(i.SuppliedTo.Country)
	if i.SuppliedTo.Region != "" {
		to = accounts.RegionName(i.SuppliedTo.Country, i.SuppliedTo.Region) + ", " + to
	}
	return append(list, fact{l.say("supplied_to"), to})
}

func sellerLines(l language, p Party) []string {
	list := append([]string{p.Address.Name}, addressLines(l, p.Address)...)
	if p.Trading != "" {
		list = append(list, l.say("trading_as", "name", p.Trading))
	}
	return taxLine(l, list, p)
}

func buyerLines(l language, p Party) []string {
	if p.Address.Name == "" {
		return []string{l.say("forgotten")}
	}
	return taxLine(l, append([]string{p.Address.Name}, addressLines(l, p.Address)...), p)
}

func taxLine(l language, list []string, p Party) []string {
	if p.TaxID != "" {
		list = append(list, l.say("tax_id")+" "+p.TaxID)
	}
	return list
}

func addressLines(l language, a accounts.PostalAddress) []string {
	var list []string
	for _, line := range []string{a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), accounts.RegionName(a.Country, a.Region), l.country(a.Country)} {
		if line != "" {
			list = append(list, line)
		}
	}
	return list
}

// row is one line in words; units and discounts only where units are told.
func (s sheet) row(l language, line Line) row {
	r := row{Title: line.Title, Detail: line.Detail}
	if line.Kind != Goods {
		r.Title = l.say(string(line.Kind))
	}
	if line.Kind == Goods && line.Quantity == 0 {
		r.Title = l.say("money_of", "title", line.Title)
	}
	if line.SKU != "" {
		r.Detail = strings.TrimPrefix(r.Detail+" · "+line.SKU, " · ")
	}
	quantity, unit, discount := "", "", ""
	if line.Quantity > 0 {
		quantity, unit = strconv.Itoa(line.Quantity), l.sum(line.Unit)
		if !line.Discount.IsZero() {
			discount = "-" + l.sum(line.Discount)
		}
	}
	values := []string{quantity, unit}
	if s.Discounts {
		values = append(values, discount)
	}
	if s.Rates {
		values = append(values, rates(l, line))
	}
	values = append(values, l.sum(line.Net()), l.sum(line.Total))
	for at, value := range values {
		r.Figures = append(r.Figures, figure{s.Head[at+1], value})
	}
	return r
}

// rates is what is charged on a line: 9 % + 9 %.
func rates(l language, line Line) string {
	var list []string
	for _, t := range line.Taxes {
		if t.PPM > 0 {
			list = append(list, l.rate(t.PPM))
		}
	}
	if len(list) == 0 && !line.Tax.IsZero() {
		return l.sum(line.Tax)
	}
	return strings.Join(list, " + ")
}

func taxRow(l language, t TaxSum) []string {
	label, rate := t.Label, ""
	switch t.Label {
	case "":
		label = l.say("tax")
		if t.Tax.IsZero() {
			label = l.say("no_tax")
		}
	case tax.ReverseCharge:
		label = strings.TrimSuffix(l.say("reverse_charge"), ".")
	case tax.Exempt:
		label = strings.TrimSuffix(l.say("exempt"), ".")
	}
	if t.PPM > 0 {
		rate = l.rate(t.PPM)
	}
	return []string{label, rate, l.sum(t.Net), l.sum(t.Tax)}
}

func notes(l language, i Invoice) []string {
	list := []string{l.say("in_currency", "currency", string(i.Currency))}
	if i.TaxIncluded && !i.Tax.IsZero() {
		list = append(list, l.say("prices_hold_tax"))
	}
	reversed := false
	for _, t := range i.Taxes {
		switch t.Label {
		case tax.ReverseCharge:
			reversed = true
			list = append(list, l.say("reverse_charge"))
		case tax.Exempt:
			list = append(list, l.say("exempt"))
		}
	}
	if titleOf(i) == "tax_invoice" && !reversed { // rule 46(p) of the CGST Rules, 2017
		list = append(list, l.say("no_reverse_charge"))
	}
	if !i.Credit.IsZero() {
		list = append(list, l.say("credit", "amount", l.sum(i.Credit)+" "+string(i.Currency)))
	}
	list = append(list, l.say(settled(i)))
	if i.Reason != "" {
		list = append(list, l.say("reason", "reason", i.Reason))
	}
	return list
}

// settled says what becomes, or has become, of the money.
func settled(i Invoice) string {
	switch {
	case i.Kind == KindCreditNote && i.Paid:
		return "given_back"
	case i.Kind == KindCreditNote:
		return "not_owed"
	case i.Paid:
		return "paid"
	}
	return "unpaid"
}

func footLines(p Party) []string {
	var contact []string
	for _, text := range []string{p.Register, p.Email, p.Address.Phone} {
		if text != "" {
			contact = append(contact, text)
		}
	}
	var list []string
	if p.Note != "" {
		list = strings.Split(p.Note, "\n")
	}
	if contact != nil {
		list = append(list, strings.Join(contact, " · "))
	}
	return list
}
