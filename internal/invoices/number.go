package invoices

import (
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // zones are known on machines without them, too

	"souk/internal/platform/settings"
)

// A calendar tells the day on which something is issued, and its fiscal year.
type calendar struct {
	zone  *time.Location
	first time.Month // of a fiscal year
}

func calendarOf(ctx context.Context, s *settings.Settings) (calendar, error) {
	month, err := FiscalYearMonth.Get(ctx, s)
	if err != nil {
		return calendar{}, err
	}
	name, err := TimeZone.Get(ctx, s)
	if err != nil {
		return calendar{}, err
	}
	zone, err := time.LoadLocation(name)
	return calendar{zone, time.Month(month)}, err
}

// day is the day of a moment, at midnight UTC, as dates are kept.
func (c calendar) day(at time.Time) time.Time {
	year, month, day := at.In(c.zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// year is what the fiscal year of a day is called: 2026 where it is a calendar year,
// and 2627 where it goes from 2026 into 2027.
func (c calendar) year(day time.Time) string {
	from := day.Year()
	if c.first == time.January {
		return fmt.Sprintf("%04d", from)
	}
	if day.Month() < c.first {
		from--
	}
	return fmt.Sprintf("%02d%02d", from%100, (from+1)%100)
}

// number is a prefix of up to 4 letters, I or C, the year, and a serial number of 6
// digits: 16 letters at most for the first million, as rule 46(b) of the CGST Rules,
// 2017, wants it, and never the same for two documents of a seller.
func number(prefix string, kind Kind, year string, serial int) string {
	letter := "I"
	if kind == KindCreditNote {
		letter = "C"
	}
	return fmt.Sprintf("%s%s%s-%06d", prefix, letter, year, serial)
}
