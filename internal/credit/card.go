package credit

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/money"
	"souk/internal/platform/postgres"
)

// Status is whether a gift card is good.
type Status string

// The statuses of a gift card.
const (
	Active   Status = "active"
	Disabled Status = "disabled" // by staff, or because the money for it has gone back
)

// A GiftCard is money for whoever has its code.
type GiftCard struct {
	ID        id.GiftCard  `db:"id" json:"id"`
	CodeHash  []byte       `db:"code_hash" json:"-"`
	Hint      string       `db:"hint" json:"hint" doc:"The last letters of its code; the rest stands nowhere"`
	Initial   money.Amount `db:"initial" json:"initial"`
	Balance   money.Amount `db:"balance" json:"balance"`
	Status    Status       `db:"status" json:"status" enum:"active,disabled"`
	ExpiresAt *time.Time   `db:"expires_at" json:"expires_at,omitempty"`
	OrderID   id.Order     `db:"order_id" json:"order_id,omitzero" doc:"With which it was bought; absent of one that was given"`
	OrderLine id.OrderLine `db:"order_line_id" json:"order_line_id,omitzero"`
	Email     string       `db:"email" json:"email,omitempty" doc:"Where its code was sent; forgotten after 90 days"`
	Name      string       `db:"name" json:"name,omitempty"`
	Message   string       `db:"message" json:"message,omitempty"`
	SendAt    time.Time    `db:"send_at" json:"send_at"`
	SentAt    *time.Time   `db:"sent_at" json:"sent_at,omitempty"`
	CreatedAt time.Time    `db:"created_at" json:"created_at"`
	Version   int64        `db:"version" json:"-"`
}

// An Entry is one move of a gift card's balance.
type Entry struct {
	ID      id.CreditEntry `db:"id" json:"id"`
	Kind    string         `db:"kind" json:"kind" enum:"issued,redeemed,returned,adjusted,voided"`
	Amount  money.Amount   `db:"amount" json:"amount" doc:"Below zero where it was taken off"`
	OrderID id.Order       `db:"order_id" json:"order_id,omitzero" doc:"Which it paid for"`
	Reason  string         `db:"reason" json:"reason,omitempty"`
	Actor   string         `db:"actor" json:"actor,omitempty"`
	At      time.Time      `db:"at" json:"at"`
}

// A Gift is whom a gift card goes to, and when.
type Gift struct {
	Email   string     `json:"email" maxLength:"254"`
	Name    string     `json:"name,omitempty" maxLength:"100" doc:"To greet by"`
	Message string     `json:"message,omitempty" maxLength:"500"`
	SendAt  *time.Time `json:"send_at,omitempty" doc:"Not before; at once when left out"`
}

// latest is how far ahead a gift card may be sent.
const latest = 366 * 24 * time.Hour

// Problems says what is wrong with a gift, where it stands in a body.
func (g Gift) Problems(pointer string, now time.Time) (bad errs.Fields) {
	bad.Require(accounts.ValidEmail(g.Email), pointer+"/email", "invalid", "This is not an e-mail address.")
	bad.Require(utf8.RuneCountInString(g.Name) <= 100 && accounts.OneLine(g.Name), pointer+"/name", "invalid", "A name is one line of at most 100 characters.")
	bad.Require(utf8.RuneCountInString(g.Message) <= 500 && plain(g.Message), pointer+"/message", "invalid", "A message is text of at most 500 characters.")
	bad.Require(!link.MatchString(g.Name+" "+g.Message), pointer+"/message", "link", "No links can be sent with a gift card.")
	bad.Require(g.SendAt == nil || g.SendAt.Before(now.Add(latest)), pointer+"/send_at", "out_of_range", "It can be sent within a year.")
	return bad
}

// link is what mail programs make a link of: the shop writes to strangers whom
// somebody has named, and carries none of those.
var link = regexp.MustCompile(`(?i)://|www\.|@|[^\s.]\.[a-z]{2,}`)

func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}

// A NewCard is a gift card to be.
type NewCard struct {
	Amount    money.Amount
	Gift      Gift
	Order     id.Order     // with which it was bought; zero of one that is given
	Line      id.OrderLine // likewise
	Number    int          // of the line's units, from 1
	ExpiresAt *time.Time
}

// IssueBought makes the gift cards that an order has paid for. The ledger has
// them since: what was paid is owed to whoever comes with the code.
func (m *Balances) IssueBought(ctx context.Context, tx pgx.Tx, cards []NewCard) error {
	if len(cards) == 0 {
		return nil
	}
	months, err := MonthsSetting.Get(ctx, m.Settings)
	if err != nil {
		return err
	}
	if _, err := m.issue(ctx, tx, cards, months, ""); err != nil {
		return fmt.Errorf("issue gift cards of order %s: %w", cards[0].Order, err)
	}
	return nil
}

// Give makes a gift card at the shop's expense.
func (m *Balances) Give(ctx context.Context, tx pgx.Tx, c NewCard, reason string) (GiftCard, error) {
	c.Number = 1
	made, err := m.issue(ctx, tx, []NewCard{c}, 0, reason)
	if err != nil {
		return GiftCard{}, fmt.Errorf("give a gift card: %w", err)
	}
	if err := post(ctx, tx, "gift_card_entry", made[0].entry, ledger.GiftCardLiability, c.Amount, "gift card given"); err != nil {
		return GiftCard{}, err
	}
	return m.Card(ctx, tx, made[0].card)
}

// issued is a card with the entry that it begins with.
type issued struct {
	card  id.GiftCard
	entry id.CreditEntry
}

// post books what the shop gives away, or takes back where that is below zero.
func post(ctx context.Context, tx pgx.Tx, ref string, entry id.CreditEntry, liability ledger.Kind, given money.Amount, memo string) error {
	return ledger.Post(ctx, tx, ledger.Posting{RefType: ref, RefID: entry, Memo: memo, Entries: []ledger.Entry{
		ledger.Debit(ledger.AccountKey{Kind: ledger.GoodwillExpense}, given),
		ledger.Credit(ledger.AccountKey{Kind: liability}, given),
	}})
}

// Adjust changes what a gift card holds, for a reason. The shop bears it.
func (m *Balances) Adjust(ctx context.Context, tx pgx.Tx, card id.GiftCard, by money.Amount, reason string) (GiftCard, error) {
	entry, err := adjust(ctx, tx, card, by, reason)
	if err != nil {
		return GiftCard{}, err
	}
	if err := post(ctx, tx, "gift_card_entry", entry, ledger.GiftCardLiability, by, "gift card adjusted"); err != nil {
		return GiftCard{}, err
	}
	return m.Card(ctx, tx, card)
}

// SetStatus disables a gift card, or makes it good again. Saying it twice
// changes nothing.
func (m *Balances) SetStatus(ctx context.Context, tx pgx.Tx, card id.GiftCard, to Status) (GiftCard, error) {
	if err := setStatus(ctx, tx, card, to); err != nil {
		return GiftCard{}, fmt.Errorf("set status of gift card %s: %w", card, err)
	}
	return m.Card(ctx, tx, card)
}

// Void takes back n gift cards of an order line with which nothing has been
// paid: who gets the money for them back may not have the cards as well.
// [ErrUsed] where there are not so many. The caller posts it.
func Void(ctx context.Context, tx pgx.Tx, line id.OrderLine, n int) error {
	voided, err := void(ctx, tx, line, n)
	switch {
	case err != nil:
		return fmt.Errorf("void gift cards of order line %s: %w", line, err)
	case voided != int64(n):
		return ErrUsed.With("order_line_id", line).With("unused", voided)
	}
	return nil
}

// Lookup finds a gift card that is not disabled by its code; [ErrNoGiftCard].
func (m *Balances) Lookup(ctx context.Context, db postgres.DB, code string) (GiftCard, error) {
	return byHash(ctx, db, Hash(code))
}
