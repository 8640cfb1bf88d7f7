package search

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"souk/internal/auth"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/search/index"
)

// What shoppers search for is suggested to others, if several have asked for it
// and found it. Nothing that is kept tells of one of them: see migration 0027.

const (
	fewestVisitors = 3      // that make a text one to suggest
	mostNoted      = 2000   // texts between two reports of a node; others are left out
	mostPast       = 10_000 // texts that are kept, and as many again that few have asked for
	tellEvery      = 30 * time.Second
	mostTried      = 50 // texts that are looked for to suggest some of them
	longestPast    = 60 // letters
	mostPastWords  = 8
	mostPastDigits = 6 // of a text: phone and order numbers have more
)

// noted is what this node was asked since it last told the database.
type noted struct {
	mu       sync.Mutex
	visitors map[string]uint64 // by text: the bits of those who asked
}

// note remembers that the caller of ctx has searched for text and found it.
func (s *Search) note(ctx context.Context, text string) error {
	text = tidy(text)
	visitor, known := s.visitor(ctx)
	if !known || !isSuggestable(text) {
		return nil
	}
	if on, err := PastQueriesSetting.Get(ctx, s.Settings); err != nil || !on {
		return err
	}
	n := &s.node().noted
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.visitors[text]; !known && len(n.visitors) >= mostNoted {
		return nil
	}
	if n.visitors == nil {
		n.visitors = map[string]uint64{}
	}
	n.visitors[text] |= visitor
	return nil
}

// visitor is the bit of who asks: a user, or a household without a name.
func (s *Search) visitor(ctx context.Context) (bit uint64, known bool) {
	who := auth.From(ctx).User.String()
	if auth.From(ctx).User.IsZero() {
		addr := httpapi.Household(httpapi.ClientAddr(ctx))
		if !addr.IsValid() {
			return 0, false
		}
		who = addr.String()
	}
	return 1 << (s.keyed("visitor " + who)[0] % 64), true
}

func (s *Search) keyed(text string) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// tidy is a query as it is suggested.
func tidy(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFC.String(text))), " ")
}

// isSuggestable leaves out what may tell of somebody, and what is no plain text:
// addresses, numbers, operators.
func isSuggestable(text string) bool {
	letters, digits := utf8.RuneCountInString(text), 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r), unicode.IsMark(r), strings.ContainsRune(" '’&.,+", r):
		case r == '-' && !strings.Contains(" "+text, " -"):
		default:
			return false
		}
	}
	return letters >= 3 && letters <= longestPast && digits <= mostPastDigits && digits < letters/2+1 &&
		len(strings.Fields(text)) <= mostPastWords && !strings.HasPrefix(text, "www.") && !strings.Contains(text, " or ")
}

// keepPast tells the database what was asked here, and learns what was asked
// everywhere, until ctx ends.
func (s *Search) keepPast(ctx context.Context) {
	every := time.NewTicker(tellEvery)
	defer every.Stop()
	for {
		if err := s.exchangePast(ctx); err != nil && ctx.Err() == nil {
			s.log().ErrorContext(ctx, "search cannot keep past queries", "error", err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

// exchangePast is one turn of keepPast. What could not be told is lost; it is
// no more than half a minute of one node.
func (s *Search) exchangePast(ctx context.Context) error {
	n := &s.node().noted
	n.mu.Lock()
	visitors := n.visitors
	n.visitors = nil
	n.mu.Unlock()
	if len(visitors) > 0 {
		err := postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error {
			_, err := postgres.Exec(ctx, tx, upsertPast, pgx.NamedArgs{"asked": rows(s.askedRows(visitors)), "several": fewestVisitors})
			return err
		})
		if err != nil {
			return fmt.Errorf("write past queries: %w", err)
		}
	}
	past, err := readPast(ctx, s.DB)
	if err == nil {
		s.node().past.Store(past)
	}
	return err
}

// askedRow is what upsertPast reads.
type askedRow struct {
	Hash     string `json:"hash"`
	Text     string `json:"text"`
	Visitors int64  `json:"visitors"`
	Times    int    `json:"times"` // by different visitors: nobody makes a text weigh more by asking again
}

// askedRows puts spellings of one text together.
func (s *Search) askedRows(visitors map[string]uint64) []askedRow {
	byHash := map[string]askedRow{}
	for text, bit := range visitors {
		hash := hex.EncodeToString(s.keyed("text " + index.Fold(text))[:16])
		row := byHash[hash]
		all := uint64(row.Visitors) | bit
		byHash[hash] = askedRow{hash, max(row.Text, text), int64(all), bits.OnesCount64(all)}
	}
	list := make([]askedRow, 0, len(byHash))
	for _, row := range byHash {
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b askedRow) int { return cmp.Compare(a.Hash, b.Hash) }) // rows are locked in one order
	return list
}

// pastQueries are the texts to suggest, those that were asked most first.
type pastQueries struct {
	texts, folded []string
	*index.Completions
}

func readPast(ctx context.Context, db postgres.DB) (*pastQueries, error) {
	texts, err := postgres.Column[string](ctx, db, selectPast, pgx.NamedArgs{"most": mostPast})
	if err != nil {
		return nil, fmt.Errorf("read past queries: %w", err)
	}
	p := &pastQueries{texts: texts, folded: make([]string, len(texts))}
	for i, text := range texts {
		p.folded[i] = index.Fold(text)
	}
	p.Completions = index.NewCompletions(len(texts), func(n int) []string { return p.folded[n : n+1] })
	return p, nil
}

// begun are those that go on from text, with as few typos as any, and that still
// find something. It looks at those that are asked most.
func (p *pastQueries) begun(text string, finds func(string) bool) []string {
	list := []string{}
	for numbers := range p.Of(text) {
		for _, n := range numbers[:min(len(numbers), mostTried)] {
			if p.folded[n] != text && finds(p.texts[n]) {
				list = append(list, p.texts[n])
			}
			if len(list) == suggestedOthers {
				return list
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return list
}

// past is what this node knows of past queries; nothing where staff want none.
func (s *Search) past(ctx context.Context) (*pastQueries, error) {
	on, err := PastQueriesSetting.Get(ctx, s.Settings)
	if err != nil || !on {
		return nil, err
	}
	if s.ReadAnew {
		return readPast(ctx, s.DB)
	}
	return s.node().past.Load(), nil
}

// FadePast lets past queries weigh less with time, and forgets those that weigh
// little, or all if staff want none: a sweep.
func (s *Search) FadePast(ctx context.Context) error {
	on, err := PastQueriesSetting.Get(ctx, s.Settings)
	if err != nil {
		return err
	}
	b := postgres.NewBatch()
	if !on {
		b.Queue(deletePast, nil)
	}
	b.Queue(fadePast, nil)
	b.Queue(deleteFaded, pgx.NamedArgs{"most": mostPast})
	if err := postgres.InTx(ctx, s.DB, func(tx pgx.Tx) error { return b.Send(ctx, tx) }); err != nil {
		return fmt.Errorf("let past queries fade: %w", err)
	}
	return nil
}
