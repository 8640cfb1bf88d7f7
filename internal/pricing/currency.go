package pricing

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/money"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// A Currency is how prices in a currency come about. With a rate they follow those
// in the main currency, except where a variant has a price of its own; without,
// variants have their own prices only.
type Currency struct {
	Currency  money.Currency `db:"currency" json:"currency"`
	Base      money.Currency `db:"base" json:"base" doc:"The main currency of the shop"`
	RatePPB   *int64         `db:"rate_ppb" json:"rate_ppb" doc:"What one unit of the base comes to, in parts per billion of a unit: 918273000 is 0.918273. null: own prices only"`
	RoundTo   int64          `db:"round_to_minor" json:"round_to_minor" doc:"Prices are multiples of so many minor units, and the ending"`
	Ending    int64          `db:"ending_minor" json:"ending_minor" doc:"100 and an ending of 99 make prices that end in .99"`
	Settled   bool           `db:"settled" json:"settled" doc:"All prices follow this rule; false while they are being reckoned"`
	SettledTo id.Variant     `db:"settled_to" json:"-"`
	Version   int64          `db:"version" json:"version" doc:"0 where nobody has said anything"`
	UpdatedAt time.Time      `db:"updated_at" json:"updated_at,omitzero"`
}

// ETag lets editors say which version they have seen.
func (c Currency) ETag() string { return httpapi.VersionTag(c.Version) }

var errMainCurrency = errs.New(errs.Invalid, "main_currency", "This is the main currency of the shop: others follow it.")

// Derive is what a price of the base is in this currency: the nearest amount that
// the rule allows, of two equally near the higher. What costs something is never
// free.
func (c Currency) Derive(price money.Amount) money.Amount {
	if price.Minor == 0 {
		return money.Zero(c.Currency)
	}
	// The exact amount is n/d minor units.
	n := new(big.Int).Mul(big.NewInt(price.Minor), big.NewInt(*c.RatePPB))
	n.Mul(n, tenTo(c.Currency.Decimals()))
	d := tenTo(9 + c.Base.Decimals())
	// steps = ⌊(n/d - ending)/roundTo + 1/2⌋
	twice := new(big.Int).Mul(big.NewInt(2*c.RoundTo), d)
	n.Sub(n, new(big.Int).Mul(big.NewInt(c.Ending), d))
	n.Add(n.Mul(n, big.NewInt(2)), new(big.Int).Mul(big.NewInt(c.RoundTo), d))
	steps := n.Div(n, twice) // rounds down, as twice is positive
	if steps.Sign() < 0 {
		steps.SetInt64(0)
	}
	minor := steps.Add(steps.Mul(steps, big.NewInt(c.RoundTo)), big.NewInt(c.Ending))
	switch {
	case minor.Sign() == 0:
		return money.Of(c.RoundTo, c.Currency)
	case minor.Cmp(big.NewInt(maxPrice)) > 0:
		return money.Of(maxPrice, c.Currency)
	}
	return money.Of(minor.Int64(), c.Currency)
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// derive is the prices that follow prices of the base. A price to compare with
// follows too, while it is still above.
func (c Currency) derive(prices []PriceSet) []PriceSet {
	var derived []PriceSet
	for _, p := range prices {
		if p.Amount.Currency != c.Base {
			continue
		}
		d := PriceSet{Variant: p.Variant, Amount: c.Derive(p.Amount), derived: true}
		if p.CompareAt != nil {
			if was := c.Derive(*p.CompareAt); was.Minor > d.Amount.Minor {
				d.CompareAt = &was
			}
		}
		derived = append(derived, d)
	}
	return derived
}

// rates are the currencies with a rate. Until tx ends their rules stay: whoever
// changes one waits, and then sees what was set here.
func rates(ctx context.Context, tx pgx.Tx) ([]Currency, error) {
	list, err := postgres.All[Currency](ctx, tx, selectCurrencies+`WHERE rate_ppb IS NOT NULL ORDER BY currency FOR KEY SHARE`, nil)
	if err != nil {
		return nil, fmt.Errorf("read rates: %w", err)
	}
	return list, nil
}

// follow writes the prices that follow those of the base in prices, together
// with prices that are set beside them, and returns the variants that it changed.
func follow(ctx context.Context, tx pgx.Tx, rates []Currency, base, beside []PriceSet) ([]id.Variant, error) {
	var prices []PriceSet
	for _, c := range rates {
		prices = append(prices, c.derive(base)...)
	}
	prices = append(prices, beside...) // later ones count: what is set is not derived
	if len(prices) == 0 {
		return nil, nil
	}
	return write(ctx, tx, prices, false)
}

// followAnew is follow for variants that have lost prices: of their own, so that
// there is room for one that follows, or of the base, so that none does.
func followAnew(ctx context.Context, tx pgx.Tx, variants []id.Variant) ([]id.Variant, error) {
	dropped, err := postgres.Column[id.Variant](ctx, tx, dropUnfounded, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("drop derived prices of %d variants: %w", len(variants), err)
	}
	list, err := rates(ctx, tx)
	if err != nil || len(list) == 0 {
		return dropped, err
	}
	base, err := postgres.All[VariantPrice](ctx, tx, selectPricesFragment+`WHERE variant_id = ANY (@variants) AND NOT derived ORDER BY variant_id, currency`, pgx.NamedArgs{"variants": variants})
	if err != nil {
		return nil, fmt.Errorf("read prices of %d variants: %w", len(variants), err)
	}
	followed, err := follow(ctx, tx, list, setsOf(base), nil)
	return append(dropped, followed...), err
}

func setsOf(prices []VariantPrice) []PriceSet {
	sets := make([]PriceSet, len(prices))
	for i, p := range prices {
		sets[i] = PriceSet{Variant: p.VariantID, Amount: p.Price, CompareAt: p.CompareAt}
	}
	return sets
}

// CurrencyOf is how prices in a currency come about: own prices only, where
// nobody has said anything.
func (p *Prices) CurrencyOf(ctx context.Context, db postgres.DB, c money.Currency) (Currency, error) {
	return p.currency(ctx, db, c, ``)
}

func (p *Prices) currency(ctx context.Context, db postgres.DB, c money.Currency, locking string) (Currency, error) {
	if !c.Valid() {
		return Currency{}, errs.Validation.Field("currency", "unknown_currency", "This is not the ISO 4217 code of a currency.")
	}
	found, err := postgres.Get[Currency](ctx, db, selectCurrencies+`WHERE currency = @currency`+locking, pgx.NamedArgs{"currency": c})
	if errors.Is(err, postgres.ErrNoRow) {
		return Currency{Currency: c, Base: p.Currency, RoundTo: 1, Settled: true}, nil
	}
	if err != nil {
		return Currency{}, fmt.Errorf("read currency %s: %w", c, err)
	}
	return found, nil
}

// SetCurrency says how prices in a currency come about. Prices that are set from
// now on follow the new rule; [Prices.Settle] brings those that are there to it.
func (p *Prices) SetCurrency(ctx context.Context, tx pgx.Tx, c Currency) (Currency, error) {
	c.Base = p.Currency
	var bad errs.Fields
	bad.Require(c.RatePPB == nil || *c.RatePPB > 0 && *c.RatePPB <= 1_000_000_000_000_000, "/rate_ppb", "out_of_range", "A rate is above 0 and at most a million.")
	bad.Require(c.RoundTo > 0 && c.RoundTo <= 1_000_000, "/round_to_minor", "out_of_range", "Round to 1 minor unit or more.")
	bad.Require(c.Ending >= 0 && c.Ending < c.RoundTo, "/ending_minor", "out_of_range", "An ending is less than what is rounded to.")
	switch {
	case c.Currency == p.Currency:
		return Currency{}, errMainCurrency
	case len(bad) > 0:
		return Currency{}, bad.Err()
	}
	_, err := postgres.Exec(ctx, tx, upsertCurrency, pgx.NamedArgs{
		"currency": c.Currency, "base": c.Base, "rate": c.RatePPB, "round_to": c.RoundTo, "ending": c.Ending,
		"decimals": c.Currency.Decimals(), "base_decimals": c.Base.Decimals(),
	})
	if err != nil {
		return Currency{}, fmt.Errorf("set currency %s: %w", c.Currency, err)
	}
	return p.CurrencyOf(ctx, tx, c.Currency)
}

// settledAtOnce is how many prices are brought to a new rule in one transaction.
const settledAtOnce = 500

// Settle brings derived prices to rules that have changed, some hundreds at a
// time. Each batch notes how far it came, so that whoever is stopped goes on there.
func (p *Prices) Settle(ctx context.Context) error {
	ctx = auth.With(ctx, auth.Actor{System: "prices"})
	for more := true; more; {
		err := postgres.InTx(ctx, p.DB, func(tx pgx.Tx) (err error) { more, err = settleSome(ctx, tx); return err })
		if err != nil {
			return err
		}
	}
	return nil
}

func settleSome(ctx context.Context, tx pgx.Tx) (more bool, err error) {
	due, err := postgres.All[Currency](ctx, tx, selectCurrencies+`WHERE NOT settled ORDER BY currency LIMIT 1 FOR KEY SHARE`, nil)
	if err != nil || len(due) == 0 {
		return false, err
	}
	c := due[0]
	// Held until this ends: who sets one of these waits, and then derives from theirs.
	base, err := postgres.All[VariantPrice](ctx, tx, selectPricesFragment+`
		WHERE currency = @base AND (@after::uuid IS NULL OR variant_id > @after) ORDER BY variant_id LIMIT @some FOR SHARE`,
		pgx.NamedArgs{"base": c.Base, "after": c.SettledTo, "some": settledAtOnce})
	if err != nil {
		return false, fmt.Errorf("read prices to settle in %s: %w", c.Currency, err)
	}
	var changed []id.Variant
	switch {
	case c.RatePPB != nil:
		changed, err = follow(ctx, tx, []Currency{c}, setsOf(base), nil)
	default:
		changed, err = dropDerived(ctx, tx, c.Currency, base)
	}
	if err != nil {
		return false, err
	}
	bundles, err := sumAround(ctx, tx, changed)
	if err != nil {
		return false, err
	}
	if err := raiseChanged(ctx, tx, distinct(slices.Concat(changed, bundles))); err != nil {
		return false, err
	}
	args := pgx.NamedArgs{"currency": c.Currency, "settled": len(base) < settledAtOnce, "to": c.SettledTo}
	if len(base) > 0 {
		args["to"] = base[len(base)-1].VariantID
	}
	_, err = postgres.Exec(ctx, tx, noteSettled, args)
	return true, err
}

func dropDerived(ctx context.Context, tx pgx.Tx, c money.Currency, of []VariantPrice) ([]id.Variant, error) {
	variants := make([]id.Variant, len(of))
	for i, p := range of {
		variants[i] = p.VariantID
	}
	dropped, err := postgres.Column[id.Variant](ctx, tx, deleteDerived, pgx.NamedArgs{"currency": c, "variants": variants})
	if err != nil {
		return nil, fmt.Errorf("drop derived prices in %s: %w", c, err)
	}
	return dropped, nil
}

const (
	selectCurrencies = `SELECT currency, base, rate_ppb, round_to_minor, ending_minor, settled, settled_to, version, updated_at FROM currencies `

	upsertCurrency = `
		INSERT INTO currencies (currency, base, rate_ppb, round_to_minor, ending_minor, decimals, base_decimals)
		VALUES (@currency, @base, @rate, @round_to, @ending, @decimals, @base_decimals)
		ON CONFLICT (currency) DO UPDATE
		SET base = excluded.base, rate_ppb = excluded.rate_ppb, round_to_minor = excluded.round_to_minor, ending_minor = excluded.ending_minor,
		    decimals = excluded.decimals, base_decimals = excluded.base_decimals, settled = false, settled_to = NULL,
		    version = currencies.version + 1, updated_at = now()`

	noteSettled   = `UPDATE currencies SET settled = @settled, settled_to = CASE WHEN NOT @settled THEN @to::uuid END WHERE currency = @currency`
	deleteDerived = `DELETE FROM prices WHERE currency = @currency AND variant_id = ANY (@variants) AND derived RETURNING variant_id`

	// Prices that follow nothing any more.
	dropUnfounded = `
		DELETE FROM prices p
		WHERE p.variant_id = ANY (@variants) AND p.derived AND NOT EXISTS (
			SELECT FROM currencies c JOIN prices b ON b.variant_id = p.variant_id AND b.currency = c.base WHERE c.currency = p.currency)
		RETURNING p.variant_id`
)
