// Package money counts in integer minor units: cents, paise, yen, fils.
//
// No float ever holds money. What multiplies is checked against [Max]; sums of
// what was checked cannot overflow. Splits re-add exactly.
package money

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Max is the largest sum that one amount may hold, in minor units: a thousand
// million million. Nine thousand of them still fit an int64, so a sum over the
// lines of one order cannot overflow.
const Max = 1_000_000_000_000_000

var (
	// ErrTooLarge says that an amount would exceed Max.
	ErrTooLarge = errors.New("amount is too large")
	// ErrMalformed says that a text is not an amount in its currency.
	ErrMalformed = errors.New("malformed amount")
)

// Amount is a sum of money. In SQL it is read from a row expression:
//
//	SELECT (price_minor, currency) AS price
//
// and, where it may be missing, into an *Amount:
//
//	SELECT CASE WHEN was_minor IS NOT NULL THEN (was_minor, currency) END AS was
type Amount struct {
	Minor    int64    `json:"amount" doc:"Integer minor units, for example cents"`
	Currency Currency `json:"currency" doc:"ISO 4217 code" minLength:"3" maxLength:"3"`
}

// Of makes an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{minor, c} }

// Zero is nothing, in a currency.
func Zero(c Currency) Amount { return Amount{0, c} }

// IsZero reports whether nothing is owed.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Plus adds. Mixing currencies, or leaving int64, is a bug and panics: the
// request fails and its transaction is rolled back.
func (a Amount) Plus(b Amount) Amount {
	a.mustMatch(b)
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		panic(ErrTooLarge)
	}
	return Amount{sum, a.Currency}
}

// Minus subtracts; it panics as Plus does.
func (a Amount) Minus(b Amount) Amount { return a.Plus(Amount{-b.Minor, b.Currency}) }

func (a Amount) mustMatch(b Amount) {
	if a.Currency != b.Currency {
		panic(fmt.Sprintf("money: %s and %s do not mix", a.Currency, b.Currency))
	}
}

// Times is the price of n units; ErrTooLarge above Max.
func (a Amount) Times(n int64) (Amount, error) {
	hi, lo := bits.Mul64(abs(a.Minor), abs(n))
	if hi != 0 || lo > Max {
		return Amount{}, ErrTooLarge
	}
	return Amount{a.Minor * n, a.Currency}, nil
}

// Share is a × num/den, rounded half away from zero; num >= 0, den > 0, and
// num <= den or the result must stay below Max.
func (a Amount) Share(num, den int64) Amount {
	return a.share(num, den, func(_, r, rest uint64) bool { return r >= rest })
}

// ShareEven is Share, but of two amounts that are equally near it takes the even
// one.
func (a Amount) ShareEven(num, den int64) Amount {
	return a.share(num, den, func(q, r, rest uint64) bool { return r > rest || r == rest && q%2 == 1 })
}

// share rounds q up if up says so of what is left over and what is missing to the
// next.
func (a Amount) share(num, den int64, up func(q, r, rest uint64) bool) Amount {
	hi, lo := bits.Mul64(abs(a.Minor), abs(num))
	q, r := bits.Div64(hi, lo, uint64(den)) // panics on overflow and on den = 0
	if up(q, r, uint64(den)-r) {
		q++
	}
	if q > Max {
		panic(ErrTooLarge)
	}
	if (a.Minor < 0) != (num < 0) {
		return Amount{-int64(q), a.Currency}
	}
	return Amount{int64(q), a.Currency}
}

// Split divides a over weights so that the parts re-add exactly and each is
// within one unit of its ideal: Hamilton's method of the largest remainder,
// ties to the earlier part. Where all weights are 0 the parts are equal.
// It panics on a negative weight; no weights give no parts.
func (a Amount) Split(weights []int64) []Amount {
	parts := make([]Amount, len(weights))
	for i, minor := range new(Splitter).Split(a.Minor, weights) {
		parts[i] = Amount{minor, a.Currency}
	}
	return parts
}

// A Splitter is [Amount.Split] for many amounts, of minor units: it uses its memory
// again.
type Splitter struct {
	parts, even []int64
	rests       []remainder
}

// A remainder is what a part lacks of its ideal, as a numerator.
type remainder struct {
	rest uint64
	at   int
}

// Split divides minor units over weights. The parts are good until the next call.
func (s *Splitter) Split(minor int64, weights []int64) []int64 {
	if len(weights) == 0 {
		return nil
	}
	sum := sumOf(weights)
	if sum == 0 {
		s.even = append(s.even[:0], weights...)
		for i := range s.even {
			s.even[i] = 1
		}
		weights, sum = s.even, uint64(len(weights))
	}
	s.parts, s.rests = s.parts[:0], s.rests[:0]
	total, unit := abs(minor), int64(1)
	if minor < 0 {
		unit = -1
	}
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(total, uint64(w))
		q, r := bits.Div64(hi, lo, sum)
		s.parts, s.rests = append(s.parts, unit*int64(q)), append(s.rests, remainder{r, i})
		left -= q
	}
	for _, r := range largest(s.rests, int(left)) { // fewer than there are parts
		s.parts[r.at] += unit
	}
	return s.parts
}

func sumOf(weights []int64) (sum uint64) {
	for _, w := range weights {
		if w < 0 {
			panic("money: negative weight")
		}
		var carry uint64
		if sum, carry = bits.Add64(sum, uint64(w), 0); carry != 0 {
			panic(ErrTooLarge)
		}
	}
	return sum
}

// largest is the n largest of some remainders, ties to the earlier part, in any
// order: quickselect, for a sort of all would be most of what a split costs.
func largest(rests []remainder, n int) []remainder {
	all := rests
	for want := n; 0 < want && want < len(rests); {
		last := len(rests) - 1
		rests[len(rests)/2], rests[last] = rests[last], rests[len(rests)/2]
		first, pivot := 0, rests[last]
		for i, r := range rests[:last] {
			if r.rest > pivot.rest || r.rest == pivot.rest && r.at < pivot.at {
				rests[i], rests[first] = rests[first], r
				first++
			}
		}
		rests[first], rests[last] = pivot, rests[first]
		if want <= first {
			rests = rests[:first]
		} else {
			rests, want = rests[first+1:], want-first-1
		}
	}
	return all[:n]
}

// Sum adds amounts of one currency; the sum of none is zero.
func Sum(c Currency, amounts ...Amount) Amount {
	total := Zero(c)
	for _, a := range amounts {
		total = total.Plus(a)
	}
	return total
}

// Parse reads a decimal such as "19.99", "19,99" is refused: a point is the
// only separator, and no more digits may follow it than the currency has,
// trailing zeros apart. Negative amounts are allowed.
func Parse(s string, c Currency) (Amount, error) {
	malformed := fmt.Errorf("%w: %q is not an amount in %s", ErrMalformed, s, c)
	digits, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || (point && fraction == "") || !allDigits(whole) || !allDigits(fraction) {
		return Amount{}, malformed
	}
	for len(fraction) > c.Decimals() && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) > c.Decimals() {
		return Amount{}, malformed
	}
	fraction += strings.Repeat("0", c.Decimals()-len(fraction))
	minor, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || minor > Max {
		return Amount{}, ErrTooLarge
	}
	if negative {
		minor = -minor
	}
	return Amount{minor, c}, nil
}

// Decimal is the amount without its currency, as Parse reads it: "19.99".
func (a Amount) Decimal() string {
	d := a.Currency.Decimals()
	s := strconv.FormatUint(abs(a.Minor), 10)
	if d > 0 {
		s = strings.Repeat("0", max(0, d+1-len(s))) + s
		s = s[:len(s)-d] + "." + s[len(s)-d:]
	}
	if a.Minor < 0 {
		return "-" + s
	}
	return s
}

// String is for people: "19.99 USD".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// ScanNull refuses: a column that may be NULL is read into an *Amount.
func (a *Amount) ScanNull() error { return errors.New("cannot scan NULL into an Amount") }

// ScanIndex reads the row expression (minor, currency).
func (a *Amount) ScanIndex(i int) any {
	switch i {
	case 0:
		return &a.Minor
	case 1:
		return &a.Currency
	}
	return nil
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
