package invoices

import (
	"testing"
	"time"
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
