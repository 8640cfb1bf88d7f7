package invoices

import (
	"testing"
	"time"

	"souk/internal/id"
	"souk/internal/platform/pgtest"
)

// R24: the year of an invoice changes at midnight where the shop is, and with the
// fiscal year there.
func TestTheYearChangesAtTheRightMidnight(t *testing.T) {
	t.Parallel()
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	indian, calendarYear := calendar{kolkata, time.April}, calendar{time.UTC, time.January}
	for _, c := range []struct {
		at        string
		cal       calendar
		day, year string
	}{
		{"2026-12-31T23:59:59Z", calendarYear, "2026-12-31", "2026"},
		{"2027-01-01T00:00:00Z", calendarYear, "2027-01-01", "2027"},
		{"2027-03-31T18:29:59Z", indian, "2027-03-31", "2627"}, // 23:59:59 in Kolkata
		{"2027-03-31T18:30:00Z", indian, "2027-04-01", "2728"},
		{"2099-04-01T12:00:00Z", indian, "2099-04-01", "9900"},
		{"2026-12-31T23:00:00Z", indian, "2027-01-01", "2627"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		day := c.cal.day(at)
		if got := day.Format(time.DateOnly); got != c.day || c.cal.year(day) != c.year {
			t.Errorf("%s: day %s of %s, want %s of %s", c.at, got, c.cal.year(day), c.day, c.year)
		}
	}
}

// The clocks of nodes differ: a number never stands on an earlier day than the one
// before it.
func TestDaysFollowNumbers(t *testing.T) {
	t.Parallel()
	tx := pgtest.Tx(t)
	vendor := id.New[id.Vendor]()
	if _, err := tx.Exec(t.Context(), `INSERT INTO vendors (id, slug, name) VALUES ($1, $2, 'Smith')`, vendor, vendor.String()); err != nil {
		t.Fatal(err)
	}
	for at, c := range []struct{ asked, want string }{{"2026-05-02", "2026-05-02"}, {"2026-05-01", "2026-05-02"}, {"2026-05-03", "2026-05-03"}} {
		got, err := nextSerial(t.Context(), tx, vendor, KindInvoice, "2026", c.asked)
		if err != nil {
			t.Fatal(err)
		}
		if want := (serial{at + 1, c.want}); got != want {
			t.Errorf("on %s got %+v, want %+v", c.asked, got, want)
		}
	}
}
