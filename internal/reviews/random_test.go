package reviews_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"souk/internal/app/apptest"
	"souk/internal/platform/pgtest"
	"souk/internal/reviews"
)

// said is what the model knows of a review.
type said struct {
	reviews.Own
	author   string // "" once erased
	product  int
	stars    int
	status   reviews.Status
	held     reviews.Hold
	votes    map[string]bool
	reports  map[string]bool // open ones
	reported map[string]bool // all of them
}

// model is the reviews of a shop as a naive program keeps them.
type model struct {
	t     *testing.T
	shop  *apptest.App
	rng   *rand.Rand
	goods []apptest.Goods
	users []string
	all   []*said
	texts int
}

// Whatever people do, in whatever order: ratings, votes and reports are what a
// recount gives, and what the model has.
func TestRatingsEqualARecount(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			shop := apptest.New(t, pgtest.Tx(t))
			m := &model{t: t, shop: shop, rng: rand.New(rand.NewPCG(seed, 1)), users: []string{"ann", "bob", "cat", "dan", "eve", "fay"}}
			for range 3 {
				m.goods = append(m.goods, shop.Product(t, apptest.Stock(50)))
			}
			for _, who := range m.users {
				received(t, shop, who, m.goods...)
			}
			steps := []func(){m.post, m.post, m.edit, m.edit, m.remove, m.approve, m.reject, m.report, m.report, m.vote, m.vote, m.unvote}
			for i := range 200 {
				if i == 90 || i == 150 {
					m.erase()
				}
				steps[m.rng.IntN(len(steps))]()
				if i%20 == 19 {
					m.compare()
				}
			}
			shop.WantSound(t)
		})
	}
}

func (m *model) call(as, method, path, body string, want int, headers ...string) apptest.Answer {
	m.t.Helper()
	return m.shop.Call(m.t, as, method, path, body, headers...).Want(m.t, want)
}

func (m *model) user() string { return m.users[m.rng.IntN(len(m.users))] }

// any is one of the reviews that fit, nil when there is none.
func (m *model) any(fits func(*said) bool) *said {
	var some []*said
	for _, s := range m.all {
		if fits(s) {
			some = append(some, s)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[m.rng.IntN(len(some))]
}

func isShown(s *said) bool   { return s.status == reviews.StatusPublished }
func hasAuthor(s *said) bool { return s.author != "" }

// text is new each time, and doubtful at times.
func (m *model) text() (body string, hold reviews.Hold) {
	m.texts++
	body = fmt.Sprintf("Opinion number %d of somebody or other.", m.texts)
	if m.rng.IntN(4) == 0 {
		return body + " More at www.example.org", reviews.HeldForLinks
	}
	return body, ""
}

func (s *said) publishUnless(hold reviews.Hold) {
	s.status, s.held = reviews.StatusPublished, hold
	if hold != "" {
		s.status = reviews.StatusPending
	}
}

func (m *model) post() {
	who, product, n := m.user(), m.rng.IntN(len(m.goods)), 1+m.rng.IntN(5)
	body, hold := m.text()
	if m.any(func(s *said) bool { return s.author == who && s.product == product }) != nil {
		m.call(who, "POST", at(m.goods[product]), stars(n, body), http.StatusConflict)
		return
	}
	s := &said{author: who, product: product, stars: n, votes: map[string]bool{}, reports: map[string]bool{}, reported: map[string]bool{}}
	s.Own = apptest.Read[reviews.Own](m.t, m.call(who, "POST", at(m.goods[product]), stars(n, body), http.StatusCreated))
	s.publishUnless(hold)
	m.all = append(m.all, s)
}

func (m *model) edit() {
	s := m.any(hasAuthor)
	if s == nil {
		return
	}
	n := 1 + m.rng.IntN(5)
	body, hold := m.text()
	edits(m.t, m.shop, s.author, s.Own, stars(n, body))
	s.stars = n
	switch {
	case s.status == reviews.StatusRejected, s.held == reviews.HeldForRejection:
		hold = reviews.HeldForRejection
	case s.held == reviews.HeldForReports:
		hold = reviews.HeldForReports
	}
	s.publishUnless(hold)
}

func (m *model) remove() {
	s := m.any(hasAuthor)
	switch {
	case s == nil:
	case s.status == reviews.StatusRejected, s.held == reviews.HeldForRejection, s.held == reviews.HeldForReports:
		m.call(s.author, "DELETE", mine(s.Own), "", http.StatusConflict)
	case m.rng.IntN(2) == 0:
		m.call(s.author, "DELETE", mine(s.Own), "", http.StatusNoContent)
		m.all = slices.DeleteFunc(m.all, func(other *said) bool { return other == s })
	}
}

func (m *model) approve() {
	if s := m.any(func(s *said) bool { return !isShown(s) }); s != nil {
		decides(m.t, m.shop, s.Own, "approve", http.StatusOK)
		s.publishUnless("")
		clear(s.reports)
	}
}

func (m *model) reject() {
	if s := m.any(func(s *said) bool { return s.status != reviews.StatusRejected }); s != nil && m.rng.IntN(3) == 0 {
		decides(m.t, m.shop, s.Own, "reject", http.StatusOK)
		s.status, s.held = reviews.StatusRejected, ""
		clear(s.reports)
	}
}

func (m *model) report() {
	s, who := m.any(isShown), m.user()
	if s == nil {
		return
	}
	want := http.StatusNoContent
	switch {
	case s.author == who:
		want = http.StatusForbidden
	case s.reported[who]:
		want = http.StatusConflict
	default:
		s.reports[who], s.reported[who] = true, true
	}
	m.call(who, "POST", of(s.Own)+"/report", `{"reason": "other"}`, want)
	if len(s.reports) >= 3 {
		s.publishUnless(reviews.HeldForReports)
	}
}

func (m *model) vote() {
	s, who := m.any(isShown), m.user()
	switch {
	case s == nil:
	case s.author == who:
		m.call(who, "PUT", of(s.Own)+"/vote", "", http.StatusForbidden)
	default:
		m.call(who, "PUT", of(s.Own)+"/vote", "", http.StatusOK)
		s.votes[who] = true
	}
}

func (m *model) unvote() {
	if s, who := m.any(isShown), m.user(); s != nil {
		m.call(who, "DELETE", of(s.Own)+"/vote", "", http.StatusNoContent)
		delete(s.votes, who)
	}
}

// erase makes the reviews of a user nobody's, but for those that nobody saw.
func (m *model) erase() {
	who := m.users[0]
	m.users = m.users[1:]
	m.call(who, "DELETE", "/me", "", http.StatusNoContent)
	if err := m.shop.Relay.Flush(m.t.Context(), m.shop.DB); err != nil {
		m.t.Fatal(err)
	}
	m.all = slices.DeleteFunc(m.all, func(s *said) bool { return s.author == who && !isShown(s) })
	for _, s := range m.all {
		delete(s.votes, who)
		delete(s.reports, who)
		if s.author == who {
			s.author = ""
		}
	}
}

// compare counts again what everybody sees.
func (m *model) compare() {
	m.t.Helper()
	for i, g := range m.goods {
		sum, counts, shown := 0, make([]int, 5), map[string]int{}
		for _, s := range m.all {
			if s.product == i && isShown(s) {
				sum += s.stars
				counts[s.stars-1]++
				shown[s.ID.String()] = len(s.votes)
			}
		}
		got := listed(m.t, m.shop, g, "?limit=100")
		votes := map[string]int{}
		for _, r := range got.Data {
			votes[r.ID.String()] = r.Helpful
		}
		if !maps.Equal(votes, shown) {
			m.t.Errorf("votes for what is shown are %v, want %v", votes, shown)
		}
		for n, want := range counts {
			if bar := got.Rating.Histogram[4-n]; bar.Rating != n+1 || bar.Count != want {
				m.t.Errorf("%+v, want %v", got.Rating, counts)
			}
		}
		if got.Rating.Count != len(shown) || got.Rating.Count > 0 && fmt.Sprintf("%.2f", got.Rating.Average) != fmt.Sprintf("%.2f", float64(sum)/float64(len(shown))) {
			m.t.Errorf("%+v, want %d stars of %d", got.Rating, sum, len(shown))
		}
	}
	m.shop.WantSound(m.t)
}
