package demo

import (
	_ "embed"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"souk/internal/accounts"
	"souk/internal/catalog"
	"souk/internal/invoices"
)

//go:embed market.json
var marketJSON []byte

// fiction is what market.json says.
var fiction = func() *market {
	m := &market{}
	if err := json.Unmarshal(marketJSON, m); err != nil {
		panic(err) // it is embedded
	}
	return m
}()

// market is the words that the demo is made of.
type market struct {
	House      invoices.Letterhead   `json:"house"` // of the market itself, which sells memberships
	Vendors    []seller              `json:"vendors"`
	Goods      []good                `json:"goods"`
	Attributes []catalog.Attribute   `json:"attributes"`
	Types      []catalog.ProductType `json:"types"`
	Makes      map[string][]string   `json:"makes"` // what goods are made of, or kinds of them
	Moods      []string              `json:"moods"`
	Colours    [][2]string           `json:"colours"` // name and hex
	Tags       []string              `json:"tags"`
	Openings   []string              `json:"openings"`
	Details    []string              `json:"details"`
	Streets    []string              `json:"streets"`
	Places     []place               `json:"places"`
	Stars      []string              `json:"stars"` // given names of people
	Plants     []string              `json:"plants"`
	Praise     map[string][]string   `json:"praise"`  // what buyers say, by their stars
	Remarks    map[string][]string   `json:"remarks"` // and of what
	Replies    []string              `json:"replies"` // of vendors, to complaints
}

// Pictures names the pictures that the demo needs.
func Pictures() []string {
	var names []string
	for _, g := range fiction.Goods {
		names = append(names, g.Picture)
	}
	return names
}

// A seller is a vendor. Days count from the opening of a market of 396 days.
type seller struct {
	Slug        string   `json:"slug"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Joined      float64  `json:"joined"`    // the day; below 0, so many days ago and not approved
	Suspended   float64  `json:"suspended"` // the day; 0 is never
	Reason      string   `json:"reason"`    // of the suspension
	Pace        float64  `json:"pace"`      // hours until a parcel leaves
	Commission  int      `json:"commission_bps"`
	Brands      []string `json:"brands"`

	Registered *accounts.TaxRegistration `json:"registered"`
	Letterhead *invoices.Letterhead      `json:"letterhead"` // nil of whom nobody has approved
}

// fullYear is the number of days that market.json speaks of.
const fullYear = 396

type good struct {
	Vendor   string   `json:"vendor"`
	Picture  string   `json:"picture"`
	Noun     string   `json:"noun"`
	Category []string `json:"category"`
	Of       string   `json:"of"`
	Options  string   `json:"options"` // "colour", "size", "colour size", "shoe", "pack" or none
	Price    [2]int64 `json:"price"`   // the lowest and the highest, in minor units
	Grams    int      `json:"grams"`

	Attributes map[string][]string `json:"attributes"` // values to take in turn, beside what it is made of
}

type place struct {
	Country    string `json:"country"`
	Region     string `json:"region"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
}

// plan is what the demo sets out to do.
type plan struct {
	*market
	opening  time.Time
	present  time.Time
	articles []article
	buyers   []buyer
	orders   []time.Time
}

func (m *market) plan(o Options, present time.Time) plan {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	opening := present.Truncate(24*time.Hour).AddDate(0, -o.Scale.Months, 0)
	return plan{
		market: m, opening: opening, present: present,
		articles: m.articles(rng, o.Scale.Products),
		buyers:   m.buyers(rng, o.Scale.Customers),
		orders:   moments(rng, opening.Add(3*24*time.Hour), present, o.Scale.Orders),
	}
}

// day is a moment that market.json names by its day.
func (p plan) day(n float64) time.Time {
	if n < 0 {
		return p.present.Add(time.Duration(n * 24 * float64(time.Hour)))
	}
	return p.opening.Add(time.Duration(n / fullYear * float64(p.present.Sub(p.opening))))
}

// A buyer is somebody who orders, with an account or without.
type buyer struct {
	name, email string
	address     accounts.PostalAddress
}

// buyers are named after a star and a plant each.
func (m *market) buyers(rng *rand.Rand, n int) []buyer {
	list := make([]buyer, 0, n)
	for i := range n {
		list = append(list, m.buyer(rng, m.Stars[i%len(m.Stars)], m.Plants[(i+i/len(m.Stars)*3)%len(m.Plants)], ""))
	}
	return list
}

func (m *market) buyer(rng *rand.Rand, star, plant, number string) buyer {
	at := pick(rng, m.Places)
	name := star + " " + plant
	return buyer{name, strings.ToLower(star+"."+plant) + number + "@demo.test", accounts.PostalAddress{
		Name: name, Line1: itoa(1+rng.IntN(98)) + " " + pick(rng, m.Streets),
		City: at.City, Region: at.Region, PostalCode: at.PostalCode, Country: at.Country,
	}}
}

// weekdays, seasons and hours say how eager people are to buy, from Sunday, January and midnight.
var (
	weekdays = [7]float64{1.25, 0.9, 0.85, 0.9, 1.0, 1.05, 1.3}
	seasons  = [12]float64{0.85, 0.85, 0.95, 1, 1, 0.95, 0.85, 0.9, 1, 1.1, 1.4, 1.5}
	hours    = [24]float64{2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 10, 9, 8, 8, 8, 9, 11, 13, 14, 13, 9, 4}
)

// moments spreads n orders over the days, in order: more of them as the market
// grows, at the weekend, before the holidays and in the evening.
func moments(rng *rand.Rand, from, to time.Time, n int) []time.Time {
	var weights []float64
	var starts []time.Time
	total := to.Sub(from).Hours()
	for at := from.Truncate(time.Hour); at.Before(to); at = at.Add(time.Hour) {
		growth := 0.35 + 1.1*at.Sub(from).Hours()/total
		starts = append(starts, at)
		weights = append(weights, growth*weekdays[at.Weekday()]*seasons[at.Month()-1]*hours[at.Hour()])
	}
	list := make([]time.Time, 0, n)
	for range n {
		at := starts[weighted(rng, weights)].Add(time.Duration(rng.Float64() * float64(time.Hour)))
		if at.After(to) { // in the hour that has not ended
			at = to.Add(-time.Minute)
		}
		list = append(list, at)
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// weighted draws an index, the heavier the likelier; -1 where all weigh nothing.
func weighted(rng *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	at := rng.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return slices.IndexFunc(weights, func(w float64) bool { return w > 0 })
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// spread is around middle: mostly near it, seldom far, never more than three
// times as much.
func spread(rng *rand.Rand, middle time.Duration) time.Duration {
	return time.Duration(float64(middle) * min(math.Exp(0.45*rng.NormFloat64()), 3))
}
