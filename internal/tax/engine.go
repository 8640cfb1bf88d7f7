package tax

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// An Engine says what the tax of a sale is. There are two: the shop's own table
// of rates, and TaxJar. One that calls somebody else's network is never asked
// inside a transaction.
type Engine interface {
	Tax(ctx context.Context, q Question) (Answer, error)
}

// A Question is what one vendor sells and sends to one buyer at once. Its key is
// a hash of all that it says, so what was answered holds for exactly this.
type Question struct {
	Engine   string         `json:"engine"`
	Version  int64          `json:"version"` // of how the engine is set up
	Currency money.Currency `json:"currency"`
	From     Place          `json:"from"`
	To       Place          `json:"to"`
	Lines    []Asked        `json:"lines"`
	Shipping money.Amount   `json:"shipping"` // after discounts
}

// Asked is a line of a question. What is taxed is UnitPrice × Quantity - Discount.
type Asked struct {
	Variant   id.Variant   `json:"variant"`
	Class     string       `json:"class"`
	Quantity  int64        `json:"quantity"`
	UnitPrice money.Amount `json:"unit_price"`
	Discount  money.Amount `json:"discount"`
}

// Amount is what is taxed of a line.
func (a Asked) Amount() money.Amount {
	return money.Of(a.UnitPrice.Minor*a.Quantity, a.UnitPrice.Currency).Minus(a.Discount)
}

// A Place is an address as far as engines ask.
type Place struct {
	Country    string `json:"country"`
	Region     string `json:"region"`
	PostalCode string `json:"postal_code"`
	City       string `json:"city,omitempty"`
	Line1      string `json:"line1,omitempty"`
}

// An Answer is the tax of each line, in the order of the question, and of the
// shipping. It goes on top of the prices.
type Answer struct {
	Lines    [][]Share `json:"lines"`
	Shipping []Share   `json:"shipping"`
}

// A Key names a question.
type Key [sha256.Size]byte

// Key is the hash of the question.
func (q Question) Key() Key {
	text, err := json.Marshal(q)
	if err != nil {
		panic(err) // there is nothing in it that has no JSON
	}
	return sha256.Sum256(text)
}

// total is the tax of all of it.
func (a Answer) total(c money.Currency) money.Amount {
	sum := Total(c, a.Shipping)
	for _, shares := range a.Lines {
		sum = sum.Plus(Total(c, shares))
	}
	return sum
}

// Remote is an engine's part in the price of a cart: where things go and come
// from, and what it has said so far.
type Remote struct {
	Engine  string
	Version int64
	To      Place
	From    map[id.Vendor]Place
	Kept    map[Key]Kept
}

// Kept is what became of a question: an answer, whoever gave it, or why there is
// none.
type Kept struct {
	Engine  string  // who has answered
	Answer  *Answer // nil where nobody has
	Failure string  // why the engine that was asked has not
}

// A Source is who said what the tax of a cart or an order is.
type Source struct {
	Engine    string `json:"engine" enum:"table,taxjar" doc:"Whose answer it is; that of the table where it stands in"`
	Failure   string `json:"failure,omitempty" doc:"Why the engine that was asked has not answered"`
	Exemption string `json:"exemption,omitempty" doc:"The certificate by which the buyer pays no tax"`
}

// The reasons for which an engine does not answer.
var (
	// ErrEngine says that an engine could not be asked, or that its answer is not
	// to be believed.
	ErrEngine = errs.New(errs.Unavailable, "tax_unavailable", "The tax of this order cannot be reckoned at the moment. Try again in a minute.")
	// ErrPending says that the tax of a cart has not been asked for yet.
	ErrPending = errs.New(errs.Conflict, "tax_pending", "The tax of this cart is not known yet. Read the cart, which asks for it, and order then.")
)

// table is the shop's own rates as an engine: it stands in for others.
type table struct{ db postgres.DB }

// Tax charges the rates of the place on top of the amounts, whatever the prices
// of the zone hold elsewhere.
func (t table) Tax(ctx context.Context, q Question) (Answer, error) {
	zone, err := (&Zones{}).Match(ctx, t.db, q.To.Country, q.To.Region, q.To.PostalCode)
	if err != nil {
		return Answer{}, err
	}
	seller, buyer := Seller{Country: q.From.Country, Region: q.From.Region}, Buyer{Country: q.To.Country, Region: q.To.Region}
	var items []Item
	for _, l := range q.Lines {
		items = append(items, Item{l.Amount(), zone.Levy(l.Class, seller, buyer).Rates})
	}
	items = append(items, Item{q.Shipping, zone.LevyShipping(seller, buyer).Rates})
	terms := zone.Terms
	terms.Included = false
	all := ChargeAll(items, terms)
	return Answer{Lines: all[:len(q.Lines)], Shipping: all[len(q.Lines)]}, nil
}

// Ask puts the questions of a cart to its engine, and keeps what became of
// them. No transaction may be open: an engine takes its time.
func (z *Zones) Ask(ctx context.Context, cart id.Cart, questions []Question) error {
	told, err := z.Answer(ctx, questions)
	if err != nil || len(told) == 0 {
		return err
	}
	return postgres.InTx(ctx, z.DB, func(tx pgx.Tx) error { return Keep(ctx, tx, cart, told) })
}

// Told is what became of a question.
type Told struct {
	Question Key
	Kept     Kept
}

// Keep notes for a cart what became of its questions.
func Keep(ctx context.Context, tx pgx.Tx, cart id.Cart, told []Told) error {
	b := postgres.NewBatch()
	for _, t := range told {
		queueKept(b, cart, t.Question, t.Kept)
	}
	if err := b.Send(ctx, tx); err != nil {
		return fmt.Errorf("keep %d answers about tax: %w", len(told), err)
	}
	return nil
}

// Answer puts questions to their engine, with no transaction open. Where it fails,
// and staff have said so, the table answers; else the failure is kept for a few
// seconds, so that an engine that is down is not asked by everybody.
func (z *Zones) Answer(ctx context.Context, questions []Question) (told []Told, err error) {
	s, err := readSetup(ctx, z.DB)
	if err != nil {
		return nil, err
	}
	questions = slices.DeleteFunc(slices.Clone(questions), func(q Question) bool { return q.Engine != s.Name || q.Version != s.Version })
	if len(questions) == 0 || !s.Enabled {
		return nil, nil // it was set up anew meanwhile
	}
	engine, err := z.engine(s)
	if err != nil {
		return nil, err
	}
	for _, q := range questions {
		told = append(told, Told{q.Key(), z.ask(ctx, s, engine, q)})
	}
	return told, nil
}

func (z *Zones) ask(ctx context.Context, s Setup, engine Engine, q Question) Kept {
	answer, err := engine.Tax(ctx, q)
	if err == nil {
		return Kept{Engine: s.Name, Answer: &answer}
	}
	z.Log.WarnContext(ctx, "a tax engine does not answer", "engine", s.Name, "error", err)
	kept := Kept{Engine: s.Name, Failure: reason(s.Name, err)}
	if s.OnFailure != "table" {
		return kept
	}
	if answer, err = (table{z.DB}).Tax(ctx, q); err != nil {
		z.Log.ErrorContext(ctx, "the table of tax rates cannot stand in", "error", err)
		return kept
	}
	kept.Engine, kept.Answer = "table", &answer
	return kept
}
