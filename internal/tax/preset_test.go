package tax_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"souk/internal/tax"
	"souk/internal/taxid"
)

const presets = "/api/v1/admin/tax/presets/"

func applied(t *testing.T, w interface{ Bytes() []byte }) (a tax.Applied, actions map[string]int) {
	t.Helper()
	if err := json.Unmarshal(w.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	actions = map[string]int{}
	for _, z := range a.Zones {
		actions[z.Action]++
	}
	return a, actions
}

func TestThePresetOfTheUnionHasEveryMember(t *testing.T) {
	t.Parallel()
	tx, call := shop(t)
	a, actions := applied(t, call("admin", "POST", presets+"eu-vat", "", "").Body)
	if actions["create"] != 33 || a.Date == "" || len(a.Sources) == 0 {
		t.Errorf("made %v on %s after %v", actions, a.Date, a.Sources)
	}
	zones := &tax.Zones{DB: tx}
	members := 0
	for _, z := range a.Zones {
		if len(z.Rates) == 0 {
			continue // outside of the VAT area
		}
		members++
		standard, classes := int64(0), map[string]bool{}
		for _, r := range z.Rates {
			if r.Class == tax.Standard {
				standard = r.PPM
			}
			classes[r.Class] = true
		}
		for _, r := range z.Rates {
			if r.PPM > standard || r.Name != strings.ReplaceAll(fmt.Sprintf("VAT %g %%", float64(r.PPM)/10_000), ",", "") {
				t.Errorf("%s: %+v above or unlike %d", z.Name, r, standard)
			}
		}
		if standard < 170_000 || standard > 270_000 || len(classes) != 5 {
			t.Errorf("%s: a standard rate of %d, classes %v", z.Name, standard, classes)
		}
	}
	if members != 27 {
		t.Errorf("%d members", members)
	}
	for _, c := range []struct {
		country, postal, class string
		want                   int64
	}{
		{"DE", "10115", "standard", 190_000},
		{"DE", "10115", "reduced", 70_000},
		{"DE", "27498", "standard", 0},
		{"FI", "", "standard", 255_000},
		{"MC", "", "standard", 200_000},
		{"DK", "", "super-reduced", 250_000},
		{"ES", "28001", "super-reduced", 40_000},
		{"ES", "35001", "standard", 0},
		{"FI", "22100", "standard", 0},
		{"FR", "75001", "standard", 200_000},
		{"FR", "97110", "standard", 0},
		{"IT", "22061", "standard", 0},
		{"RO", "", "reduced", 110_000},
		{"US", "", "standard", 0},
	} {
		zone, err := zones.Match(t.Context(), tx, c.country, "", c.postal)
		if err != nil {
			t.Fatal(err)
		}
		got := int64(0)
		for _, r := range zone.For(c.class) {
			got += r.PPM
		}
		if got != c.want || (zone.ReverseCharge != (taxid.InUnion(c.country) || c.country == "MC") && got > 0) {
			t.Errorf("%s %s pays %d as %s, reverse charge %v, want %d", c.country, c.postal, got, c.class, zone.ReverseCharge, c.want)
		}
	}
}

func TestThePresetOfIndiaFollowsThePlaceOfSupply(t *testing.T) {
	t.Parallel()
	tx, call := shop(t)
	if _, actions := applied(t, call("admin", "POST", presets+"india-gst", "", `{"included": false}`).Body); actions["create"] != 3 {
		t.Fatalf("made %v", actions)
	}
	seller := tax.Seller{Country: "IN", Region: "KA"}
	for _, c := range []struct{ country, region, class, want string }{
		{"IN", "KA", "standard", "CGST 9 % SGST 9 %"},
		{"IN", "KL", "standard", "IGST 18 %"},
		{"IN", "KA", "reduced", "CGST 2.5 % SGST 2.5 %"},
		{"IN", "KL", "luxury", "IGST 40 %"},
		{"IN", "KL", "gold", "IGST 3 %"},
		{"IN", "KA", "gold", "CGST 1.5 % SGST 1.5 %"},
		{"IN", "KA", "zero", "GST 0 %"},
		{"IN", "LD", "standard", "IGST 18 %"},
		{"US", "CA", "reduced", "Zero-rated export"},
	} {
		zone, err := (&tax.Zones{}).Match(t.Context(), tx, c.country, c.region, "")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range zone.Levy(c.class, seller, tax.Buyer{Country: c.country, Region: c.region}).Rates {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != c.want || zone.Included {
			t.Errorf("%s-%s pays %s for %s, included %v, want %s", c.country, c.region, got, c.class, zone.Included, c.want)
		}
	}
	zone, err := (&tax.Zones{}).Match(t.Context(), tx, "IN", "LD", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := zone.Levy("standard", tax.Seller{Country: "IN", Region: "LD"}, tax.Buyer{Country: "IN", Region: "LD"}).Rates; len(got) != 2 || got[1].Name != "UTGST 9 %" {
		t.Errorf("within Lakshadweep it is %+v", got)
	}
}

func TestAPresetLeavesAloneWhatSomebodyHasEdited(t *testing.T) {
	t.Parallel()
	_, call := shop(t)
	const zones = "/api/v1/admin/tax/zones"
	want := func(body string, want map[string]int) tax.Applied {
		t.Helper()
		w := call("admin", "POST", presets+"india-gst", "", body)
		a, got := applied(t, w.Body)
		if w.Code != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
		return a
	}
	count := func() string { return call("admin", "GET", zones+"?include=total_count", "", "").Body.String() }
	want(`{"dry_run": true}`, map[string]int{"create": 3})
	if !strings.Contains(count(), `"total_count":0`) {
		t.Error("a dry run has made zones")
	}
	if w := call("admin", "POST", zones, "", `{"name": "Mine", "countries": ["IN"], "rates": [{"name": "GST 12 %", "rate_ppm": 120000}]}`); w.Code != 201 {
		t.Fatal(w.Body)
	}
	want(`{}`, map[string]int{"create": 2, "keep": 1}) // made by hand for the same place
	want(`{}`, map[string]int{"unchanged": 2, "keep": 1})
	a := want(`{"replace": true, "dry_run": true}`, map[string]int{"unchanged": 2, "replace": 1})
	if len(a.Zones[0].Had) != 1 || a.Zones[0].Had[0].Name != "GST 12 %" || a.Zones[0].Name != "Mine" {
		t.Errorf("does not tell what it would replace: %+v", a.Zones[0])
	}
	want(`{"replace": true}`, map[string]int{"unchanged": 2, "replace": 1})
	want(`{}`, map[string]int{"unchanged": 3})
	want(`{"included": false}`, map[string]int{"update": 2, "unchanged": 1}) // nobody has edited them; exports hold no tax anyway
	one := zones + "/" + a.Zones[0].ID.String()
	if w := call("admin", "PATCH", one, `"v3"`, `{"rates": [{"name": "GST 28 %", "rate_ppm": 280000}]}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	want(`{"included": false}`, map[string]int{"unchanged": 2, "keep": 1})
	if !strings.Contains(call("admin", "GET", one, "", "").Body.String(), "GST 28 %") {
		t.Error("an edited rate was overwritten")
	}
	for body, code := range map[string]int{`{"overwrite": true}`: 400, `{"replace": "yes"}`: 422} {
		if w := call("admin", "POST", presets+"india-gst", "", body); w.Code != code {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
	if w := call("admin", "POST", presets+"atlantis", "", ""); w.Code != 422 && w.Code != 404 {
		t.Errorf("no such preset: %d %s", w.Code, w.Body)
	}
	if w := call("customer", "POST", presets+"eu-vat", "", ""); w.Code != 403 {
		t.Errorf("a customer: %d", w.Code)
	}
}
