package search

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// answer is a response body, ready to be sent.
type answer struct {
	body    []byte
	tag     string
	product id.Product // whose page it is; zero for lists
	locale  string     // in which it is; "" is the shop's
	found   bool       // something has the words that were asked for
	asOf    uint64     // the turn in which it began to be made
}

func newAnswer(body []byte, product id.Product) answer {
	sum := sha256.Sum256(body)
	return answer{body: body, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`, product: product}
}

func (a answer) stored() httpapi.Stored { return httpapi.Stored{Bytes: a.body, Tag: a.tag} }

// cache keeps answers until they are wrong.
//
// What is wrong is told by product, but an answer is kept under what was asked
// for, a slug for example. So nothing is looked up and removed when a product
// changes: the turn in which it changed is noted, and answers that began to be
// made in an earlier turn do not count any more. That covers the one which is
// being made right now from rows that have just been replaced.
type cache struct {
	answers *otter.Cache[string, answer] // nil: keeps nothing
	turn    atomic.Uint64
	all     atomic.Uint64       // the turn in which everything changed
	lists   atomic.Uint64       // in which lists changed
	pages   [4096]atomic.Uint64 // the same for pages, by products that share a slot
}

// storedFor is how long an answer is kept at most. The log tells much sooner;
// this bounds the harm if it cannot.
const storedFor = 5 * time.Second

func newCache(bytes uint64) *cache {
	c := &cache{}
	if bytes == 0 {
		return c
	}
	c.answers = otter.Must(&otter.Options[string, answer]{
		MaximumWeight:    bytes,
		Weigher:          func(key string, a answer) uint32 { return uint32(len(key) + len(a.body) + 256) },
		ExpiryCalculator: otter.ExpiryWriting[string, answer](storedFor),
	})
	return c
}

// get is the answer kept under key, or what makes says. Of many who ask for
// the same at once one makes it, and the others wait for that; who has come after
// a change does not take what was begun before it.
func (c *cache) get(ctx context.Context, key string, makes func(context.Context) (answer, error)) (answer, error) {
	if c.answers == nil {
		return makes(ctx)
	}
	came := c.turn.Load()
	for {
		a, err := c.keep(ctx, key, makes)
		if err != nil || a.asOf >= came || c.holds(a) {
			return a, err
		}
	}
}

// keep is the answer that is there or on its way, or a new one.
func (c *cache) keep(ctx context.Context, key string, makes func(context.Context) (answer, error)) (answer, error) {
	if a, ok := c.answers.GetIfPresent(key); ok {
		if c.holds(a) {
			return a, nil
		}
		// Only this one: another may be there by now, or on its way.
		c.answers.ComputeIfPresent(key, func(found answer) (answer, otter.ComputeOp) {
			if found.asOf == a.asOf {
				return found, otter.InvalidateOp
			}
			return found, otter.CancelOp
		})
	}
	return c.answers.Get(ctx, key, otter.LoaderFunc[string, answer](func(ctx context.Context, _ string) (answer, error) {
		asOf := c.turn.Load()
		// The first who asked may leave; those who wait with them do not.
		a, err := makes(context.WithoutCancel(ctx))
		a.asOf = asOf
		return a, err
	}))
}

func (c *cache) holds(a answer) bool {
	if c.all.Load() > a.asOf {
		return false
	}
	if a.product.IsZero() {
		return c.lists.Load() <= a.asOf
	}
	return c.slot(a.product).Load() <= a.asOf
}

func (c *cache) slot(p id.Product) *atomic.Uint64 {
	return &c.pages[binary.BigEndian.Uint64(p[8:])%uint64(len(c.pages))]
}

// forget makes the answers about products count no more.
func (c *cache) forget(e Refreshed) {
	turn := c.turn.Add(1)
	for _, p := range e.ProductIDs {
		c.slot(p).Store(turn)
	}
	if e.Listing {
		c.lists.Store(turn)
	}
}

// forgetAll makes no answer count any more.
func (c *cache) forgetAll() { c.all.Store(c.turn.Add(1)) }
