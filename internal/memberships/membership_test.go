package memberships

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/pgtest"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func monthly(rank int, price int64) Plan {
	return Plan{ID: id.New[id.Plan](), Rank: rank, PauseDays: 30, Interval: Interval{"month", 1}, Prices: []money.Amount{usd(price)}}
}

func bought(p Plan) Purchase {
	return Purchase{Plan: p, Order: id.New[id.Order](), Paid: p.Prices[0], Value: p.Prices[0], SetOff: usd(0), Method: "stripe"}
}

// upgradeOf is an order for a better plan, placed at a moment.
func upgradeOf(m *Membership, now time.Time, to Plan) Purchase {
	b, off := bought(to), m.Unused(now, "USD")
	b.SetOff, b.AsOf = usd(min(off.Amount.Minor, b.Value.Minor)), off.At
	b.Paid = b.Value.Minus(b.SetOff)
	return b
}

func TestPeriodsAreCalendarMonths(t *testing.T) {
	t.Parallel()
	gold := monthly(1, 999)
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	for _, want := range []string{"2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"} {
		if got := m.EndsAt.Format(time.DateOnly); got != want {
			t.Errorf("ends %s, want %s", got, want)
		}
		m.Extend(m.EndsAt.AddDate(0, 0, -3), bought(gold))
	}
	for _, test := range []struct {
		unit string
		n    int
		want string
	}{{"day", 3, "2026-02-03"}, {"week", 2, "2026-02-14"}, {"month", 13, "2027-02-28"}, {"year", 2, "2028-01-31"}} {
		if got := (Interval{test.unit, test.n}).After(noon, noon.Day()).Format(time.DateOnly); got != test.want {
			t.Errorf("%d %s: %s, want %s", test.n, test.unit, got, test.want)
		}
	}
}

// 10 of 28 days of a period of 5.60 are left: 2.00. At 8.00 for 30 days they are
// 7 days and a half of the better plan.
func TestAnUpgradeCarriesOnWhatWasNotUsed(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 560), monthly(2, 800)
	silver.Interval, gold.Interval = Interval{"day", 28}, Interval{"day", 30}
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	now := noon.AddDate(0, 0, 18)
	m.Extend(now, bought(gold))
	old, paid, carried := m.Periods[0], m.Periods[1], m.Periods[2]
	if !old.Ends.Equal(now) || old.Credited != usd(200) || !paid.Starts.Equal(now) || carried.Paid != usd(200) ||
		carried.Ends.Sub(carried.Starts) != 180*time.Hour || carried.Plan != gold.ID || !m.EndsAt.Equal(carried.Ends) {
		t.Errorf("periods: %+v", m.Periods)
	}
}

// What is set off is counted by days, of which a begun one is used: 9 of 28 days
// are left of 5.60, which is 1.80. A price below that leaves time of the rest.
func TestAnUpgradeIsPaidInPartByUnusedDays(t *testing.T) {
	t.Parallel()
	silver, gold, best := monthly(1, 560), monthly(2, 800), monthly(3, 100)
	silver.Interval, gold.Interval, best.Interval = Interval{"day", 28}, Interval{"day", 30}, Interval{"day", 30}
	silver.Name = "Silver"
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	now := noon.AddDate(0, 0, 18).Add(time.Hour)
	if off := m.Unused(now, "USD"); off.Amount != usd(180) || off.Text() != "Unused time of Silver: 9 of 28 days" {
		t.Errorf("unused: %+v", off)
	}
	if off := m.Unused(now, "EUR"); !off.Amount.IsZero() {
		t.Errorf("in another currency: %+v", off)
	}
	order := upgradeOf(&m, now, gold)
	m.Extend(now.Add(30*time.Hour), order) // paid for a day later: the price stands
	if first := m.Periods[1]; len(m.Periods) != 2 || m.Periods[0].Credited != usd(180) || first.Paid != usd(620) || first.SetOff != usd(180) || first.Value != usd(800) {
		t.Fatalf("periods: %+v", m.Periods)
	}
	// A period that was paid for by credit is worth its whole price: 8.00 at once.
	now = m.Periods[1].Starts
	order = upgradeOf(&m, now, best)
	m.Extend(now, order)
	rest := m.Periods[3]
	if m.Periods[1].Credited != usd(800) || !m.Periods[2].Paid.IsZero() || m.Periods[2].SetOff != usd(100) || rest.Paid != usd(700) || rest.Ends.Sub(rest.Starts) != 210*24*time.Hour {
		t.Errorf("periods: %+v", m.Periods)
	}
}

// What an order sets off is counted when it is placed. A period that begins while it
// waits is counted when the money comes: 10 of its 30 days are used by then.
func TestTimeThatBeginsWhileAnUpgradeWaitsIsUsedAsItPasses(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 900), monthly(2, 1800)
	silver.Interval, gold.Interval = Interval{"day", 30}, Interval{"day", 30}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	order := upgradeOf(&m, day(25), gold)
	m.Extend(day(26), bought(silver))
	m.Extend(day(40), order)
	second, better, rest := m.Periods[1], m.Periods[2], m.Periods[3]
	if order.SetOff != usd(150) || second.Credited != usd(600) || better.SetOff != usd(150) || rest.Paid != usd(450) || rest.Ends.Sub(rest.Starts) != 180*time.Hour {
		t.Errorf("%v was to be set off: %+v", order.SetOff, m.Periods)
	}
}

// A plan of which nothing is paid in the end, because what was to be set off has
// been given back, has no time, and adds none of what that had paid for.
func TestNothingIsAddedOfWhatWasGivenBack(t *testing.T) {
	t.Parallel()
	silver, best := monthly(1, 900), monthly(3, 100)
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	now := noon.AddDate(0, 0, 10)
	order := upgradeOf(&m, now, best)
	m.Periods[0].Refunded = usd(900) // of an order for other things, too, which stand
	m.Extend(now, order)
	if !order.Paid.IsZero() || !m.EndsAt.Equal(now) {
		t.Errorf("%v was to be paid; lasts until %v: %+v", order.Paid, m.EndsAt, m.Periods)
	}
}

// Nothing was paid for a trial, and half of what was paid has been given back of
// a period. What was to be set off and is gone makes the new period shorter.
func TestOnlyWhatWasPaidAndKeptIsSetOff(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 600), monthly(2, 1000)
	silver.Interval, gold.Interval, silver.TrialDays = Interval{"day", 30}, Interval{"day", 30}, 14
	trial := Try(id.New[id.User](), nil, noon, Purchase{Plan: silver, Paid: usd(0), Method: "stripe"})
	if off := trial.Unused(noon.AddDate(0, 0, 3), "USD"); !off.Amount.IsZero() {
		t.Errorf("a trial: %v", off)
	}
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	m.Periods[0].Refunded = usd(300)
	now := noon.AddDate(0, 0, 10)
	off := m.Unused(now, "USD")
	if off.Amount != usd(200) {
		t.Errorf("half of it given back: %v", off)
	}
	order := bought(gold)
	order.SetOff, order.AsOf, order.Paid = off.Amount, now, usd(800)
	if !m.Revoke(now, m.Periods[0].Order) {
		t.Fatal("not revoked")
	}
	again := Join(m.User, nil, now, order)
	if p := again.Periods[0]; p.Value != usd(800) || !p.SetOff.IsZero() || p.Ends.Sub(p.Starts) != 24*24*time.Hour {
		t.Errorf("8.00 of 10.00 paid: %+v", p)
	}
}

// Of 9.00, 6.00 went into the price of 18.00, and all that on after a pause. Then
// 5.00 is given back: 3.00 of that are the days that were used, and 2.00 went on.
func TestWhatWasGivenBackIsNotSetOffAgain(t *testing.T) {
	t.Parallel()
	silver, gold, best := monthly(1, 900), monthly(2, 1800), monthly(3, 3000)
	silver.Interval, gold.Interval, best.Interval = Interval{"day", 30}, Interval{"day", 30}, Interval{"day", 30}
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	m.Extend(day(10), upgradeOf(&m, day(10), gold))
	for _, err := range []error{m.Pause(day(10)), m.Resume(day(15))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := m.Unused(day(25), "USD").Amount
	m.Periods[0].Refunded = usd(500)
	m.spread()
	if after := m.Unused(day(25), "USD").Amount; before != usd(1200) || after != usd(1067) { // of 20 of 30 days
		t.Errorf("%v, and %v after 5.00 was given back: %+v", before, after, m.Periods)
	}
}

// Who was paused in between is a member by what the order has paid all the same,
// so money back ends that, too.
func TestMoneyBackEndsWhatAPauseHasCarriedOn(t *testing.T) {
	t.Parallel()
	gold := monthly(1, 900)
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	for _, err := range []error{m.Pause(noon.AddDate(0, 0, 10)), m.Resume(noon.AddDate(0, 0, 15))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !m.Revoke(noon.AddDate(0, 0, 16), m.Periods[0].Order) || m.Status != Cancelled {
		t.Errorf("%s", m.Status)
	}
}

// Money back for an order ends a membership as long as something of what it has
// paid lasts, whatever it went into, and not what later orders have paid for.
func TestMoneyBackEndsWhatItHasPaidForAndNothingElse(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 900), monthly(2, 1800)
	silver.Interval, gold.Interval = Interval{"day", 30}, Interval{"day", 30}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	first, second, last := bought(silver), bought(silver), bought(gold)

	m := Join(id.New[id.User](), nil, noon, first)
	m.Extend(day(20), second)
	paused := m.Pause(day(25))
	resumed := m.Resume(day(35)) // the first lasts until day 40, the second until 70
	better := upgradeOf(&m, day(50), gold)
	m.Extend(day(50), better) // until 80, with 20 days of the second in it
	again := m.Pause(day(60))
	more := m.Resume(day(65)) // until 85
	m.Extend(day(82), last)
	if err := errors.Join(paused, resumed, again, more); err != nil || better.SetOff != usd(600) || !m.EndsAt.Equal(day(115)) {
		t.Fatalf("%v, %v set off, until %v: %+v", err, better.SetOff, m.EndsAt, m.Periods)
	}
	for name, c := range map[string]struct {
		order Purchase
		over  int // the day on which all is that it has paid for
	}{"the first": {first, 40}, "the second": {second, 85}, "the better": {better, 85}, "the last": {last, 115}} {
		for _, on := range []int{82, 84, 85, 90, 114} {
			is := m
			is.Periods = slices.Clone(m.Periods)
			if ended := is.Revoke(day(on), c.order.Order); ended != (on < c.over) || ended != (is.Status == Cancelled) {
				t.Errorf("%s, on day %d: %v, %s", name, on, ended, is.Status)
			}
		}
	}
}

// Who is paused has what was left when the time stopped, however long ago that is.
func TestMoneyBackEndsWhatAPauseKeeps(t *testing.T) {
	t.Parallel()
	gold := monthly(1, 900)
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	if err := m.Pause(noon.AddDate(0, 0, 27)); err != nil {
		t.Fatal(err)
	}
	if !m.Revoke(noon.AddDate(0, 0, 40), m.Periods[0].Order) || m.Status != Cancelled {
		t.Errorf("%s", m.Status)
	}
}

func TestADowngradeWaitsForTheEndOfThePeriod(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 560), monthly(2, 800)
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	if err := m.Downgrade(gold); err != nil || m.Renews() != gold.ID {
		t.Errorf("%v; renews %s", err, m.Renews())
	}
	if err := m.Downgrade(silver); err != nil || m.Renews() != silver.ID {
		t.Fatalf("%v; renews %s", err, m.Renews())
	}
	if p, _ := m.At(noon.AddDate(0, 0, 20)); p.Plan != gold.ID {
		t.Error("lower at once")
	}
	end := m.EndsAt
	m.Extend(end.AddDate(0, 0, -2), bought(silver))
	if p, _ := m.At(end.Add(-time.Hour)); p.Plan != gold.ID {
		t.Error("lower before the period's end")
	}
	if p, _ := m.At(end); p.Plan != silver.ID {
		t.Error("not lower after the period's end")
	}
	if err := m.Downgrade(gold); !errors.Is(err, ErrNotLower) {
		t.Errorf("up: %v", err)
	}
}

// The order for the next period may be paid after its member has chosen otherwise:
// that period is theirs, and then it is as they said.
func TestARenewalThatWasOrderedChangesNoMind(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 560), monthly(2, 800)
	renewed := func(change func(m *Membership) error) Membership {
		t.Helper()
		m := Join(id.New[id.User](), nil, noon, bought(gold))
		late := bought(gold)
		m.Ordered(late.Order)
		if err := change(&m); err != nil {
			t.Fatal(err)
		}
		m.Extend(m.EndsAt.Add(-time.Hour), late)
		return m
	}
	if m := renewed(func(m *Membership) error { return m.Downgrade(silver) }); m.Renews() != silver.ID || m.Plan.ID != gold.ID {
		t.Errorf("the plan after %s is %s, want %s", m.Plan.ID, m.Renews(), silver.ID)
	}
	m := renewed(func(m *Membership) error { return m.Cancel(noon) })
	if got := m.Tick(m.EndsAt); got != Changed || m.Status != Cancelled || len(m.Periods) != 2 {
		t.Errorf("who has cancelled is %s after %d periods", m.Status, len(m.Periods))
	}
	m = Join(id.New[id.User](), nil, noon, bought(gold))
	if err := m.Cancel(noon); err != nil {
		t.Fatal(err)
	}
	if m.Extend(noon.Add(time.Hour), bought(gold)); m.CancelAtEnd {
		t.Error("who buys anew does not go on")
	}
}

// What was given away is not renewed, whatever its member asks for; what was paid for
// with what the shop owed is.
func TestAGiftIsNotRenewed(t *testing.T) {
	t.Parallel()
	silver, gold := monthly(1, 560), monthly(2, 800)
	m := Grant(id.New[id.User](), nil, noon, noon.AddDate(0, 0, 10), gold, "USD", "a test")
	for name, err := range map[string]error{"resume": m.Resume(noon), "downgrade": m.Downgrade(silver)} {
		if !errors.Is(err, ErrState) || !m.CancelAtEnd {
			t.Errorf("%s: %v", name, err)
		}
	}
	byCard := bought(gold)
	byCard.Method = ""
	m = Join(id.New[id.User](), nil, noon, byCard)
	if err := m.Cancel(noon); err != nil {
		t.Fatal(err)
	}
	if err := m.Resume(noon); err != nil || m.CancelAtEnd {
		t.Errorf("taken back: %v, %v", err, m.CancelAtEnd)
	}
}

func TestAPauseKeepsTheRestOfThePeriod(t *testing.T) {
	t.Parallel()
	gold := monthly(1, 900)
	gold.Interval = Interval{"day", 30}
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	if err := m.Pause(noon.AddDate(0, 0, 10)); err != nil {
		t.Fatal(err)
	}
	if _, has := m.At(noon.AddDate(0, 0, 11)); has {
		t.Error("benefits while paused")
	}
	if err := m.Resume(noon.AddDate(0, 0, 15)); err != nil {
		t.Fatal(err)
	}
	rest := m.Periods[1]
	if rest.Kind != Carried || rest.Paid != usd(600) || !m.EndsAt.Equal(noon.AddDate(0, 0, 35)) {
		t.Errorf("rest: %+v until %v", rest, m.EndsAt)
	}
	// It runs on by itself after the days that the plan allows.
	if err := m.Pause(noon.AddDate(0, 0, 20)); err != nil {
		t.Fatal(err)
	}
	if got := m.Tick(noon.AddDate(0, 0, 49)); got != Nothing {
		t.Errorf("early: %v", got)
	}
	if got := m.Tick(noon.AddDate(0, 0, 50)); got != Changed || m.Status != Active || !m.EndsAt.Equal(noon.AddDate(0, 0, 65)) {
		t.Errorf("%v, %s until %v", got, m.Status, m.EndsAt)
	}
}

func TestACancelledMembershipRunsOutAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	gold := monthly(1, 900)
	gold.GraceDays = 5
	m := Join(id.New[id.User](), nil, noon, bought(gold))
	end := m.EndsAt
	if err := m.Cancel(noon); err != nil || !m.BenefitsUntil.Equal(end) {
		t.Fatalf("%v; benefits until %v", err, m.BenefitsUntil)
	}
	if err := m.Resume(noon); err != nil || m.CancelAtEnd || !m.BenefitsUntil.Equal(end.AddDate(0, 0, 5)) {
		t.Errorf("taken back: %v, %+v", err, m)
	}
	if err := m.Cancel(noon); err != nil {
		t.Fatal(err)
	}
	if got := m.Tick(end); got != Changed || m.Status != Cancelled || m.DueAt != nil {
		t.Errorf("%v, %s", got, m.Status)
	}
	for name, err := range map[string]error{"cancel": m.Cancel(end), "pause": m.Pause(end), "resume": m.Resume(end), "downgrade": m.Downgrade(gold), "end": m.CancelNow(end, "")} {
		if !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing is carried on of a period that has no time, as one has whose whole price
// was to be set off of time that ran out meanwhile.
func TestAPauseCarriesOnNoPeriodWithoutTime(t *testing.T) {
	t.Parallel()
	silver := monthly(1, 900)
	m := Join(id.New[id.User](), nil, noon, bought(silver))
	gone := bought(silver)
	gone.SetOff, gone.Paid = gone.Value, usd(0)
	m.Extend(noon.AddDate(0, 0, 5), gone)
	for _, err := range []error{m.Pause(noon.AddDate(0, 0, 10)), m.Resume(noon.AddDate(0, 0, 15))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(m.Periods) != 3 || !m.EndsAt.Equal(m.Periods[2].Ends) || m.Periods[2].Ends.Sub(m.Periods[2].Starts) != 18*24*time.Hour {
		t.Errorf("%+v", m.Periods)
	}
}

// The table in Go and the trigger in the database are one.
func TestTheDatabaseKnowsTheSameMoves(t *testing.T) {
	t.Parallel()
	tx, ctx := pgtest.Tx(t), t.Context()
	user := id.New[id.User]()
	if _, err := tx.Exec(ctx, `INSERT INTO users (id, username) VALUES ($1, $1::uuid::text)`, user); err != nil {
		t.Fatal(err)
	}
	for from := range moves {
		for to := range moves {
			sub, err := tx.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			m := id.New[id.Membership]()
			paused := `CASE WHEN $1::text = 'paused' THEN now() END`
			if _, err := sub.Exec(ctx, `INSERT INTO memberships (id, user_id, status, ends_at, benefits_until, currency, paused_at, paused_until)
				VALUES ($2, $3, $1, now(), now(), 'USD', `+paused+`, `+paused+`)`, string(from), m, user); err != nil {
				t.Fatal(err)
			}
			_, err = sub.Exec(ctx, `UPDATE memberships SET status = $1, paused_at = `+paused+`, paused_until = `+paused+` WHERE id = $2`, string(to), m)
			var pg *pgconn.PgError
			refused := errors.As(err, &pg) && pg.ConstraintName == "memberships_moves"
			if err != nil && !refused {
				t.Fatal(err)
			}
			if may := from == to || from.May(to); may == refused {
				t.Errorf("%s to %s: Go says %v, the database says %v", from, to, may, !refused)
			}
			if err := sub.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
}
