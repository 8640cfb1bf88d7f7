package fakes

import (
	"slices"
	"sync"
	"time"

	"souk/internal/clock"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/payments"
)

// Book is what a provider has written down of money that moved. Nothing is ever
// taken out of it.
type Book struct {
	Clock clock.Clock

	mu      sync.Mutex
	entries []Entry
}

// Entry is money that came in for the shop, or left when it is below zero.
type Entry struct {
	At      time.Time
	Kind    payments.Kind
	Ref     string     // the provider's name for it
	Payment id.Payment // what it was told that it is for; zero of a payout
	Amount  money.Amount
	Fee     money.Amount // what the provider keeps of it
}

// Write adds an entry.
func (b *Book) Write(e Entry) Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.At = b.Clock.Now()
	if e.Fee.Currency == "" {
		e.Fee = money.Zero(e.Amount.Currency)
	}
	b.entries = append(b.entries, e)
	return e
}

// Entries lists all of them, the oldest first.
func (b *Book) Entries() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entries)
}

// Of lists those of a payment.
func (b *Book) Of(p id.Payment) []Entry {
	return slices.DeleteFunc(b.Entries(), func(e Entry) bool { return e.Payment != p })
}

// Balance is what the provider owes to the shop.
func (b *Book) Balance(c money.Currency) money.Amount {
	sum := money.Zero(c)
	for _, e := range b.Entries() {
		if e.Amount.Currency == c {
			sum = sum.Plus(e.Amount).Minus(e.Fee)
		}
	}
	return sum
}
