package importer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"souk/internal/catalog"
	"souk/internal/money"
)

// parse reads the products of a file, and what is wrong with them.
func parse(t testing.TB, file string) (name string, products []Product, problems []string) {
	t.Helper()
	table, err := openTable(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	f, err := formatOf("auto", table)
	if err != nil {
		t.Fatal(err)
	}
	var group []row
	read := func() {
		p, bad := f.read(group, "USD")
		products = append(products, p)
		for _, b := range bad {
			problems = append(problems, strings.TrimSuffix(fmt.Sprintf("%d %s: %s", b.Row, b.Column, b.Reason), " "))
		}
	}
	for {
		r, fault, err := table.next()
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if len(group) > 0 && (err != nil || !continues(group, r)) {
			read()
			group = nil
		}
		if err != nil {
			return f.name, products, problems
		}
		if fault != "" {
			problems = append(problems, fmt.Sprintf("%d: %s", r.number, fault))
			continue
		}
		group = append(group, r)
	}
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ptr[T any](v T) *T { return &v }

func usd(minor, compareAt int64) []Price {
	p := Price{Amount: money.Of(minor, "USD")}
	if compareAt > 0 {
		p.CompareAt = ptr(money.Of(compareAt, "USD"))
	}
	return []Price{p}
}

func TestWholeFiles(t *testing.T) {
	t.Parallel()
	kettle := Product{
		Handle: "quiet-kettle", Title: "Quiet Kettle", Description: "<p>Boils, and does not whistle.</p>",
		Vendor: "Hollow Oak", Brand: "Hollow Oak", Kind: "Kettle", Status: catalog.Active,
		Categories: [][]string{{"Home & Garden", "Kitchen & Dining", "Kettles"}}, Tags: []string{"kitchen", "tea"},
		Attributes:  map[string][]string{"color": {"sand", "moss"}, "gender": {"unisex"}, "age_group": {"adult"}, "condition": {"new"}},
		OptionNames: []string{"Colour", "Litres"}, SEOTitle: "Quiet kettle", SEODescription: "A kettle for people who read.",
		Images: []Image{
			{URL: "https://pictures.example/kettle-1.jpg", Alt: "The kettle from the left"},
			{URL: "https://pictures.example/kettle-2.jpg", Alt: "The kettle from above"},
			{URL: "https://pictures.example/kettle-3.jpg", Alt: "Its lid"},
		},
		Variants: []Variant{
			{
				SKU: "HO-K1-S", Barcode: "0012345678905", Options: []string{"Sand", "1.0"}, Prices: usd(3990, 4990), OnHand: ptr(12),
				Tracked: ptr(true), Backorders: ptr(false), Taxable: ptr(true), RequiresShipping: ptr(true), WeightGrams: 900,
				Image: "https://pictures.example/kettle-sand.jpg",
			},
			{
				SKU: "HO-K1-M", Options: []string{"Moss", "1.0"}, Prices: usd(3990, 0), OnHand: ptr(0),
				Tracked: ptr(true), Backorders: ptr(true), Taxable: ptr(true), RequiresShipping: ptr(true), WeightGrams: 900,
			},
		},
	}
	course := Product{
		Handle: "tea-course", Title: "Tea Course", Description: "An evening, in a video.", Vendor: "Hollow Oak", Brand: "Hollow Oak",
		Kind: "Course", Status: catalog.InDraft, Categories: [][]string{{"Course"}},
		Variants: []Variant{{
			SKU: "HO-C1", Options: []string{}, Prices: usd(1500, 0),
			Tracked: ptr(false), Taxable: ptr(false), RequiresShipping: ptr(false),
		}},
	}
	card := Product{
		Handle: "gift-card", Title: "Gift Card", Vendor: "Hollow Oak", Brand: "Hollow Oak", Status: catalog.Active, OptionNames: []string{"Amount"},
	}
	press := Product{
		Handle: "old-press", Title: "Old Press", Vendor: "Brass & Bean", Brand: "Brass & Bean", Kind: "Press", Status: catalog.Archived,
		Categories: [][]string{{"Press"}},
		Variants: []Variant{{
			SKU: "BB-1", Options: []string{}, Prices: usd(2450, 0), OnHand: ptr(3), Tracked: ptr(true), Backorders: ptr(false), WeightGrams: 1250,
		}},
	}
	lamp := Product{
		Handle: "lamp", Title: "Desk Lamp", Description: "Bends.", Kind: "Lamp", Status: catalog.Active,
		Categories: [][]string{{"Home", "Lighting"}, {"Office"}}, Tags: []string{"light", "desk"},
		Attributes:  map[string][]string{"voltage": {"230 V"}, "wattage": {"9 W"}},
		OptionNames: []string{"Color"}, SEOTitle: "Lamp", SEODescription: "A lamp.",
		Images: []Image{{URL: "https://pictures.example/lamp.jpg"}},
		Variants: []Variant{
			{
				SKU: "LAMP-BLACK", Options: []string{"Black"}, Prices: usd(2999, 0), OnHand: ptr(5000),
				Tracked: ptr(true), Backorders: ptr(false), WeightGrams: 907, Image: "https://pictures.example/lamp-black.jpg",
			},
			{
				SKU: "LAMP-WHITE", Options: []string{"White"}, Prices: usd(2999, 3500), OnHand: ptr(3),
				Tracked: ptr(true), Backorders: ptr(true), WeightGrams: 907, Image: "https://pictures.example/lamp-white.jpg",
			},
		},
	}
	cable := Product{
		Handle: "cable", Title: "Cable", Status: catalog.InDraft, Categories: [][]string{{"Office"}},
		Images: []Image{{URL: "https://pictures.example/cable.jpg"}},
		Variants: []Variant{{
			SKU: "CABLE", Options: []string{}, Prices: usd(450, 0), OnHand: ptr(7), Tracked: ptr(false), WeightGrams: 100,
			Image: "https://pictures.example/cable.jpg",
		}},
	}
	euros := Product{Handle: "lamp", FurtherPrices: []FurtherPrice{
		{SKU: "LAMP-BLACK", Price: Price{Amount: money.Of(2799, "EUR")}},
		{SKU: "LAMP-WHITE", Price: Price{Amount: money.Of(2799, "EUR"), CompareAt: ptr(money.Of(3100, "EUR"))}},
	}}
	for name, want := range map[string]struct {
		format   string
		products []Product
		problems []string
	}{
		"shopify-2026.csv": {"shopify", []Product{kettle, course, card, press}, []string{"6 Gift card: gift cards cannot be imported as products"}},
		"spree.csv":        {"spree", []Product{lamp, cable, euros}, nil},
	} {
		format, products, problems := parse(t, testdata(t, name))
		unexported := cmpopts.IgnoreUnexported(Product{}, Variant{}, FurtherPrice{}, Image{})
		if diff := cmp.Diff(want.products, products, unexported); diff != "" || format != want.format {
			t.Errorf("%s as %s: %s", name, format, diff)
		}
		if diff := cmp.Diff(want.problems, problems); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A file in the classic columns of Shopify that a test needs: name a column,
// or leave it out.
func shopify(columns string, rows ...string) string {
	return columns + "\n" + strings.Join(rows, "\n") + "\n"
}

func TestWhatIsWrongWithAFile(t *testing.T) {
	t.Parallel()
	const simple = "Handle,Title,Variant SKU,Variant Price"
	const options = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"
	for _, c := range []struct {
		name     string
		file     string
		problems []string
		variants []string // SKUs that are left
	}{
		{"too many cells", shopify(simple, "a,A,a,1,5", "b,B,b,1"), []string{"2: has 5 cells, but the header has 4"}, []string{"b"}},
		{"few cells are no problem", shopify(simple+",Variant Barcode,Tags", "a,A,a,1"), nil, []string{"a"}},
		{"NUL", shopify(simple, "a,A\x00,a,1", "b,B,b,1"), []string{"2: contains a NUL character"}, []string{"b"}},
		{"empty lines", shopify(simple, "a,A,a,1", "", " , , ,", "b,B,b,x"), []string{`5 Variant Price: "x" is not a price in USD: write it as 1234.50`}, []string{"a"}},
		{"no price", shopify(simple, "a,A,a,"), []string{"2 Variant Price: has no price"}, nil},
		{"thousands", shopify(simple, `a,A,a,"1,234.50"`), []string{`2 Variant Price: "1,234.50" is not a price in USD: write it as 1234.50`}, nil},
		{"decimal comma", shopify(simple, `a,A,a,"1.234,50"`), []string{`2 Variant Price: "1.234,50" is not a price in USD: write it as 1234.50`}, nil},
		{"negative price", shopify(simple, "a,A,a,-1"), []string{"2 Variant Price: a price cannot be negative: -1"}, nil},
		{"words", shopify(simple, "a,A,a,abc"), []string{`2 Variant Price: "abc" is not a price in USD: write it as 1234.50`}, nil},
		{"too many decimals", shopify(simple, "a,A,a,1.999"), []string{`2 Variant Price: "1.999" is not a price in USD: write it as 1234.50`}, nil},
		{"zeros are no decimals", shopify(simple, "a,A,a,1.9900000"), nil, []string{"a"}},
		{"huge price", shopify(simple, "a,A,a,10000000000.01", "b,B,b,99999999999999999999"), []string{
			"2 Variant Price: the price 10000000000.01 is too large", "3 Variant Price: the price 99999999999999999999 is too large",
		}, nil},
		{"free", shopify(simple, "a,A,a,0"), nil, []string{"a"}},
		{"draft without a price", shopify(simple+",Status", "a,A,a,,draft"), nil, []string{"a"}},
		{
			"compare-at price", shopify(simple+",Variant Compare At Price", "a,A,a,5,4", "b,B,b,5,x"),
			[]string{`3 Variant Compare At Price: "x" is not a price in USD: write it as 1234.50`},
			[]string{"a"},
		},
		{"stock", shopify(simple+",Variant Inventory Qty", "a,A,a,1,-1", "b,B,b,1,1.5", "c,C,c,1,1000000001", "d,D,d,1,3.0"), []string{
			"2 Variant Inventory Qty: stock cannot be negative: -1", `3 Variant Inventory Qty: "1.5" is not a whole number`,
			"4 Variant Inventory Qty: 1000000001 is too many",
		}, []string{"d"}},
		{"weight", shopify(simple+",Variant Grams", "a,A,a,1,-5", "b,B,b,1,NaN", "c,C,c,1,heavy", "d,D,d,1,12.4"), []string{
			`2 Variant Grams: "-5" is not a weight`, `3 Variant Grams: "NaN" is not a weight`, `4 Variant Grams: "heavy" is not a weight`,
		}, []string{"d"}},
		{"flags", shopify(simple+",Variant Taxable", "a,A,a,1,maybe", "b,B,b,1,no"), []string{`2 Variant Taxable: "maybe" is neither TRUE nor FALSE`}, []string{"b"}},
		{
			"policy", shopify(simple+",Variant Inventory Policy", "a,A,a,1,perhaps", "b,B,b,1,continue"),
			[]string{`2 Variant Inventory Policy: "perhaps" is neither TRUE nor FALSE`},
			[]string{"b"},
		},
		{"status", shopify(simple+",STATUS", "a,A,a,1,sold", "b,B,b,1,unlisted"), []string{`2 STATUS: "sold" is not a status: active, draft and archived are`}, []string{"b"}},
		{"published", shopify(simple+",Published", "a,A,a,1,x"), []string{`2 Published: "x" is neither TRUE nor FALSE`}, nil},
		{"same SKU", shopify(options, "a,A,Size,S,x,1", "a,,,M,x,1", "a,,,L,y,1"), []string{"3 Variant SKU: has the same SKU as row 2: x"}, []string{"x", "y"}},
		{"no SKUs", shopify(options, "a,A,Size,S,,1", "a,,,M,,1"), nil, []string{"", ""}},
		{"same options", shopify(options, "a,A,Size,S,x,1", "a,,,S,y,1"), []string{"3 Option1 Value: has the same options (S) as row 2"}, []string{"x"}},
		{"second without options", shopify(simple, "a,A,x,1", "a,,y,1"), []string{"3 value1: is a second variant without options: row 2 has none, either"}, []string{"x"}},
		{"no value", shopify(options, "a,A,Size,S,x,1", "a,,,,y,1"), []string{`3 Option1 Value: has no value for the option "Size"`}, []string{"x"}},
		{
			"value without an option", shopify(options+",Option2 Value", "a,A,Size,S,x,1,", "a,,,M,y,1,Red"),
			[]string{`3 Option2 Value: has the value "Red" for an option without a name`},
			[]string{"x"},
		},
		{"default title", shopify(options, "a,A,Title,Default Title,x,1"), nil, []string{"x"}},
		{"an option called title", shopify(options, "a,A,Title,Default Title,x,1", "a,,,Deluxe,y,1"), nil, []string{"x", "y"}},
		{"pictures only", shopify(simple+",Image Src", "a,A,a,1,https://x.example/1.jpg", "a,,,,https://x.example/2.jpg"), nil, []string{"a"}},
		{"two problems of a row", shopify(simple+",Variant Grams", "a,A,a,x,y"), []string{
			`2 Variant Price: "x" is not a price in USD: write it as 1234.50`, `2 Variant Grams: "y" is not a weight`,
		}, nil},
		{"currency", "souk_handle,title,sku,price,currency\na,A,a,1,EUR\nb,B,b,1,EURO\nc,C,c,1.5,jpy\n", []string{
			`3 currency: "EURO" is not a currency`, `4 price: "1.5" is not a price in JPY: write it as 1234.50`,
		}, []string{"a"}},
		{"souk's compare-at price", "souk_handle,title,sku,price,compare_at_price\na,A,a,5,4\n", []string{"2 compare_at_price: is not above the price"}, nil},
		{"further prices", "souk_handle,title,sku,price,further_prices\na,A,a,1,EUR\nb,B,b,1,XXX 1\nc,C,c,1,EUR 1.5/1.2\nd,D,d,,JPY 12/15 | EUR 1\n", []string{
			`2 further_prices: "EUR" is not of the form "EUR 9.50" or, with the price that is struck out, "EUR 9.50/12.00"`,
			`3 further_prices: "XXX 1" is not of the form "EUR 9.50" or, with the price that is struck out, "EUR 9.50/12.00"`,
			"4 further_prices: is not above the price: 1.2",
		}, []string{"d"}},
		{"attributes", "souk_handle,title,sku,price,attributes\na,A,a,1,color\n", []string{`2 attributes: is not of the form {"name": ["value"]}`}, nil},
		{
			"unit of weight", "slug,sku,name,price,option1_name,category1,weight,weight_unit\na,a,A,1,,,1,stone\nb,b,B,1,,,1,OZ\n",
			[]string{`2 weight: "stone" is not a unit of weight: use g, kg, oz or lb`},
			[]string{"b"},
		},
		{"one vendor's handle is another's", "souk_handle,title,vendor_slug,sku,price\na,A,x,1,1\na,A,y,2,1\n", nil, []string{"1", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, products, problems := parse(t, c.file)
			var skus []string
			for _, p := range products {
				for _, v := range p.Variants {
					skus = append(skus, v.SKU)
				}
			}
			if diff := cmp.Diff(c.problems, problems); diff != "" {
				t.Errorf("problems: %s", diff)
			}
			if diff := cmp.Diff(c.variants, skus); diff != "" {
				t.Errorf("variants: %s", diff)
			}
		})
	}
}

func TestStatusOfAFile(t *testing.T) {
	t.Parallel()
	for cells, want := range map[string]catalog.Status{
		",":              "",
		"TRUE,":          catalog.Active,
		"FALSE,":         catalog.InDraft,
		"TRUE,draft":     catalog.InDraft,
		"FALSE,active":   catalog.InDraft,
		"TRUE,Active":    catalog.Active,
		"TRUE,archived":  catalog.Archived,
		"FALSE,archived": catalog.Archived,
	} {
		_, products, _ := parse(t, shopify("Handle,Title,Variant Price,Published,Status", "a,A,1,"+cells))
		if got := products[0].Status; got != want {
			t.Errorf("published, status %s: %q, want %q", cells, got, want)
		}
	}
}

// What a file has no column for is nil, not false or 0.
func TestWhatAFileDoesNotSay(t *testing.T) {
	t.Parallel()
	_, products, _ := parse(t, shopify("Handle,Title,Variant SKU,Variant Price", "a,,a,5"))
	want := Product{Handle: "a", Variants: []Variant{{SKU: "a", Options: []string{}, Prices: []Price{{Amount: money.Of(500, "USD"), KeepCompareAt: true}}}}}
	if diff := cmp.Diff(want, products[0], cmpopts.IgnoreUnexported(Product{}, Variant{})); diff != "" {
		t.Error(diff)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, file, format, problem string }{
		{"shopify", "auto", "HANDLE, Title ,Variant Price\n", "shopify", ""},
		{"behind empty lines", "", "\n,,\nHandle,Title,Variant Price\n", "shopify", ""},
		{"spree", "spree", "slug,name,price,option1_name,category1\n", "spree", ""},
		{"souk", "auto", "\uFEFFsouk_handle;title;price\n", "souk", ""},
		{"empty", "auto", "", "", "The file is empty: its first line must name the columns."},
		{"empty lines only", "auto", "\n\r\n", "", "The file is empty: its first line must name the columns."},
		{"no text at all", "auto", "PK\x03\x04\x00\x00\n", "", ErrUnreadable.Message},
		{"UTF-16 without a mark", "auto", utf16Bytes("Handle,Title,Variant Price\n", 0), "shopify", ""},
		{"UTF-16 without a mark, big endian", "auto", utf16Bytes("Handle,Title,Variant Price\n", 1), "shopify", ""},
		{"JSON", "auto", "\n{\"handle\": \"a\"}\n", "souk-jsonl", ""},
		{"Medusa", "auto", "Product Id,Product Handle,Product Title,Variant Title\n", "medusa", ""},
		{"WooCommerce", "auto", "ID,Type,SKU,Name,Published,Sale price,Regular price\n", "woocommerce", ""},
		{"open quote", "auto", "\"Handle,Title\n", "", ErrUnreadable.Message},
		{"no header", "souk", "mug,Mug,5.00\n", "", "The header line is not one that is known here. The first line must name the columns: souk has souk_handle, title, price."},
		{
			"of another kind", "spree", "Handle,Title,Variant Price\n", "",
			"The header line is not one that is known here. The first line must name the columns: spree has slug, name, price, option1_name, category1.",
		},
		{"unheard of", "etsy", "Handle,Title,Variant Price\n", "", "There is no format etsy."},
	} {
		table, err := openTable(strings.NewReader(c.file))
		var f format
		if err == nil {
			f, err = formatOf(c.from, table)
		}
		said := ""
		if err != nil {
			said = err.Error()
		}
		if f.name != c.format || said != c.problem {
			t.Errorf("%s: format %q, %q", c.name, f.name, said)
		}
	}
	_, err := formatOf("auto", mustOpen(t, "what,is,this\n"))
	if !errors.Is(err, ErrUnknownFormat) || !strings.Contains(err.Error(), "shopify has handle, title, variant price or url handle") {
		t.Errorf("an unknown header is %v", err)
	}
}

func mustOpen(t *testing.T, file string) *table {
	t.Helper()
	table, err := openTable(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Mug": "Mug", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"＝1": "'＝1", "'tis": "''tis", "'=1": "''=1", "1=1": "1=1", "'": "''",
	} {
		got := guard(text)
		if got != want || unguard(got) != text {
			t.Errorf("%q is guarded as %q and read as %q", text, got, unguard(got))
		}
	}
	for text, want := range map[string]string{"'": "'", "'Ndrangheta": "'Ndrangheta", "O'Neill": "O'Neill"} {
		if got := unguard(text); got != want {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for _, items := range [][]string{nil, {"a"}, {"a", "b"}, {"a | b", `c\`, `\|`, "", "d"}, {"", ""}} {
		if got := split(join(items)); !slices.Equal(got, items) {
			t.Errorf("%q is read as %q from %q", items, got, join(items))
		}
	}
	for cell, want := range map[string][]string{`a|b`: {"a", "b"}, `C:\new | x\`: {`C:\new`, `x\`}} {
		if got := split(cell); !slices.Equal(got, want) {
			t.Errorf("%q is read as %q", cell, got)
		}
	}
}

// FuzzPrices: a price is read as what it says, or refused; it never is another.
func FuzzPrices(f *testing.F) {
	for _, seed := range []string{"19.99", "1,234.50", "1.234,50", "-1", "abc", "1.999", "007.5", "1e3", "+5", " 5 ", "10000000000.01", "٣", "0x1f", ""} {
		f.Add(seed, "USD")
		f.Add(seed, "JPY")
	}
	f.Fuzz(func(t *testing.T, text, code string) {
		currency := money.Currency(code)
		if !currency.Valid() {
			return
		}
		c := &cells{row: row{table: &table{}}, currency: currency}
		a := c.amountOf("price", text, currency)
		switch {
		case text != "" && (a == nil) != (len(c.problems) == 1):
			t.Fatalf("%q: %v with problems %v", text, a, c.problems)
		case a == nil:
		case a.Minor < 0 || a.Minor > maxPrice || strings.ContainsAny(text, ",eExX+-"):
			t.Errorf("%q was read as %s", text, a)
		default:
			again, err := money.Parse(a.Decimal(), currency)
			if err != nil || again != *a {
				t.Errorf("%q is %s, which is read as %s, %v", text, a, again, err)
			}
		}
	})
}

// What Shopify says of how much is in a variant is told in Souk's units, and
// written as it was read.
func TestShopifyMeasures(t *testing.T) {
	t.Parallel()
	const columns = "Handle,Title,Variant SKU,Variant Price,Unit Price Total Measure,Unit Price Total Measure Unit"
	for cells, want := range map[string]catalog.Content{
		"500,g": {Amount: 500, Unit: "g"}, "2,kg": {Amount: 2, Unit: "kg"}, "1.5,kg": {Amount: 1500, Unit: "g"}, "75,cl": {Amount: 750, Unit: "ml"}, "0.75,L": {Amount: 750, Unit: "ml"},
		"12,FLOZ": {Amount: 355, Unit: "ml"}, "0.5,m2": {Amount: 5000, Unit: "cm2"}, "6,item": {Amount: 6, Unit: "piece"}, "2500,mg": {Amount: 3, Unit: "g"}, ",": {}, ",kg": {},
	} {
		_, products, problems := parse(t, shopify(columns, "a,A,a,5,"+cells))
		if len(problems) > 0 || products[0].Variants[0].Content != want {
			t.Errorf("%s is %+v, want %+v; %v", cells, products[0].Variants[0].Content, want, problems)
		}
	}
	for cells, problem := range map[string]string{
		"5,stone": `2 Unit Price Total Measure Unit: "stone" is no unit that prices are told by: use g, kg, ml, cl, l, cm, m, m2 or item`,
		"0,g":     `2 Unit Price Total Measure: "0" is not how much is in it: write a number above zero`,
		"much,g":  `2 Unit Price Total Measure: "much" is not how much is in it: write a number above zero`,
		"NaN,kg":  `2 Unit Price Total Measure: "NaN" is not how much is in it: write a number above zero`,
	} {
		_, _, problems := parse(t, shopify(columns, "a,A,a,5,"+cells))
		if strings.Join(problems, "\n") != problem {
			t.Errorf("%s: %q, want %q", cells, problems, problem)
		}
	}
	for _, unit := range []string{"g", "kg", "ml", "l", "cm", "m", "cm2", "m2", "piece"} {
		for _, amount := range []int{1, 2500, 10_000, 99_999_999} {
			written := shopifyMeasure(catalog.Content{Amount: amount, Unit: unit})
			_, products, problems := parse(t, shopify(columns, "a,A,a,5,"+written["Unit Price Total Measure"]+","+written["Unit Price Total Measure Unit"]))
			if len(problems) > 0 {
				t.Fatalf("%d %s: %v", amount, unit, problems)
			}
			if again := shopifyMeasure(products[0].Variants[0].Content); !maps.Equal(again, written) {
				t.Errorf("%d %s is written %v, and then %v", amount, unit, written, again)
			}
		}
	}
}
