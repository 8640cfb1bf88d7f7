package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"souk/internal/clock"
	"souk/internal/id"
)

// Class is a group of operations that share a rate limit.
type Class string

// The classes.
const (
	LimitRead     Class = "read"     // public reads
	LimitWrite    Class = "write"    // writes that are in no other class
	LimitCart     Class = "cart"     // changes of a cart
	LimitCheckout Class = "checkout" // placing an order
	LimitCoupon   Class = "coupon"   // guesses at a code
	LimitSearch   Class = "search"   // text search
	LimitLookup   Class = "lookup"   // finding an order by number and e-mail
	LimitReview   Class = "review"   // writing and reporting reviews
	LimitLogin    Class = "login"    // whatever takes a password; accounts throttles by failures besides
	LimitAlert    Class = "alert"    // whatever mails somebody who need not be who asks
	LimitAdmin    Class = "admin"    // staff and vendors
	LimitKey      Class = "key"      // whatever an API key asks for that is read, write or admin
	LimitNone     Class = "none"     // webhooks of providers, health checks
)

// Quota is how many requests may come in a window: of one caller (a user, or
// the cart in the path) and of one address. 0 is no limit.
type Quota struct {
	Caller  int
	Address int
	Window  time.Duration
}

// Limits is the quota of each class.
type Limits map[Class]Quota

// DefaultLimits are those of the security page.
func DefaultLimits() Limits {
	return Limits{
		LimitRead:     {Caller: 600, Address: 300, Window: time.Minute},
		LimitWrite:    {Caller: 60, Address: 120, Window: time.Minute},
		LimitCart:     {Caller: 60, Address: 300, Window: time.Minute},
		LimitCheckout: {Caller: 10, Address: 30, Window: time.Minute},
		LimitCoupon:   {Caller: 10, Address: 30, Window: 10 * time.Minute},
		LimitSearch:   {Caller: 60, Address: 60, Window: time.Minute},
		LimitLookup:   {Caller: 10, Address: 10, Window: time.Minute},
		LimitReview:   {Caller: 30, Address: 60, Window: time.Hour},
		LimitLogin:    {Address: 100, Window: time.Hour},
		LimitAlert:    {Caller: 10, Address: 20, Window: 10 * time.Minute},
		LimitAdmin:    {Caller: 600, Address: 300, Window: time.Minute},
		LimitKey:      {Caller: 1000, Window: time.Minute},
	}
}

// classOf is the class of an operation that does not say.
func classOf(method, path string) Class {
	rest := strings.TrimPrefix(path, "/api/v1")
	switch {
	case strings.HasPrefix(rest, "/admin/"), strings.HasPrefix(rest, "/vendor/"):
		return LimitAdmin
	case method == http.MethodGet:
		return LimitRead
	case strings.HasPrefix(rest, "/carts"):
		return LimitCart
	case rest == "/checkout":
		return LimitCheckout
	}
	return LimitWrite
}

// limiter keeps the limits. Where nodes share a Redis it counts there; without
// one, and while Redis fails, here.
type limiter struct {
	clock     clock.Clock
	off       bool
	policies  map[Class]*policy
	local     *localCounts
	shared    *sharedCounts // nil without Redis
	fallbacks prometheus.Counter
}

type policy struct {
	class           Class
	quota           Quota
	caller, address *bucket
}

// bucket is one quota with the headers that announce it.
type bucket struct {
	class    Class
	byCaller bool
	quota    int64
	window   time.Duration
	every    time.Duration // one request
	policy   []string      // RateLimit-Policy
	limit    []string      // X-RateLimit-Limit

	part atomic.Pointer[bucket] // see among
}

// subject is who is counted. An address and a user can never be the same one.
type subject struct {
	class  Class
	caller bool
	addr   netip.Addr
	user   id.User
	name   string
}

func newLimiter(config Config) *limiter {
	l := &limiter{clock: config.Clock, off: config.LimitsOff, policies: map[Class]*policy{}, local: newLocalCounts(), fallbacks: newFallbacks(config.Metrics)}
	if l.clock == nil {
		l.clock = machine
	}
	if config.Redis != nil {
		l.shared = &sharedCounts{redis: config.Redis}
	}
	quotas := DefaultLimits()
	maps.Copy(quotas, config.Limits)
	for class, q := range quotas {
		p := &policy{class: class, quota: q}
		if q.Caller > 0 {
			p.caller = newBucket(class, true, q.Caller, q.Window)
		}
		if q.Address > 0 {
			p.address = newBucket(class, false, q.Address, q.Window)
		}
		l.policies[class] = p
	}
	return l
}

func newBucket(class Class, byCaller bool, quota int, window time.Duration) *bucket {
	return &bucket{
		class: class, byCaller: byCaller, quota: int64(quota), window: window, every: window / time.Duration(quota),
		policy: []string{fmt.Sprintf("%q;q=%d;w=%d", class, quota, int(window.Seconds()))},
		limit:  []string{strconv.Itoa(quota)},
	}
}

// among is one node's part of the bucket: an equal share of its quota.
func (b *bucket) among(nodes int) *bucket {
	quota := max(1, b.quota/int64(nodes))
	if quota == b.quota {
		return b
	}
	part := b.part.Load()
	if part == nil || part.quota != quota {
		part = newBucket(b.class, b.byCaller, int(quota), b.window)
		b.part.Store(part)
	}
	return part
}

func (l *limiter) policy(c Class) *policy {
	if l.off || c == LimitNone {
		return nil
	}
	p := l.policies[c]
	if p == nil {
		panic("no such class of limits: " + string(c))
	}
	return p
}

// admit counts a request against its quotas and announces the tighter one.
func (l *limiter) admit(ex *exchange, p *policy) error {
	if p == nil {
		return nil
	}
	if !ex.actor.Key.IsZero() && roomy[p.class] {
		p = l.policies[LimitKey]
	}
	var (
		who   = callerOf(ex, p.class)
		named = who != subject{class: p.class, caller: true}
		asks  = make([]ask, 0, 2)
	)
	// Signed-in callers of one office do not share its address's quota, but for
	// what is worth an attack. A peer on a unix socket has no address and is ours.
	if p.address != nil && ex.client.IsValid() && !(named && p.caller != nil && roomy[p.class]) {
		asks = append(asks, ask{who: subject{class: p.class, addr: Household(ex.client)}, bucket: p.address})
	}
	if named && p.caller != nil {
		asks = append(asks, ask{who: who, bucket: p.caller})
	}
	if len(asks) == 0 {
		return nil
	}
	counted := l.count(ex.r.Context(), asks)
	tightest := counted[0]
	for _, a := range counted[1:] {
		if a.refused || a.left < tightest.left {
			tightest = a
		}
	}
	tightest.announce(ex.Header())
	if tightest.refused {
		return ErrTooManyRequests.After(time.Duration(tightest.reset))
	}
	return nil
}

// count counts in Redis. While that fails this node has its part of each quota,
// so that the door is never open.
func (l *limiter) count(ctx context.Context, asks []ask) []ask {
	if l.shared != nil {
		counted, err := l.shared.take(ctx, asks)
		if err == nil {
			return counted
		}
		l.fallbacks.Inc() // redis logs when it fails and when it is back
		for i := range asks {
			asks[i].bucket = asks[i].bucket.among(l.shared.redis.Nodes())
		}
	}
	return l.local.take(asks, l.clock.Now().UnixNano())
}

// roomy are the classes with nothing worth an attack: their quota by address is
// for those who have no name, and API keys have a quota of their own.
var roomy = map[Class]bool{LimitRead: true, LimitWrite: true, LimitAdmin: true}

// callerOf is the user, or for a guest the cart in the path.
func callerOf(ex *exchange, class Class) subject {
	who := subject{class: class, caller: true, user: ex.actor.User}
	if !ex.actor.Key.IsZero() {
		who.name = ex.actor.Key.String()
		return who
	}
	if rest, ok := strings.CutPrefix(ex.r.URL.Path, "/api/v1/carts/"); ok && who.user.IsZero() {
		if name, _, _ := strings.Cut(rest, "/"); len(name) <= longestID { // what is longer names nothing and would fill the memory
			who.name = name
		}
	}
	return who
}

const longestID = 40

// announce sets RateLimit and RateLimit-Policy (the IETF draft) and the
// X-RateLimit headers that older clients know.
func (a ask) announce(h http.Header) {
	b, left := a.bucket, a.left
	seconds := (a.reset + int64(time.Second) - 1) / int64(time.Second)
	text := make([]byte, 0, 48)
	text = strconv.AppendQuote(text, string(b.class))
	text = strconv.AppendInt(append(text, ";r="...), left, 10)
	text = strconv.AppendInt(append(text, ";t="...), seconds, 10)
	v := &[3]string{string(text), strconv.FormatInt(left, 10), strconv.FormatInt(seconds, 10)}
	h["Ratelimit-Policy"] = b.policy
	h["Ratelimit"] = v[0:1:1]
	h["X-Ratelimit-Limit"] = b.limit
	h["X-Ratelimit-Remaining"] = v[1:2:2]
	h["X-Ratelimit-Reset"] = v[2:3:3]
}

// Household is what one customer of a provider gets: an IPv4 address or an
// IPv6 /64.
func Household(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
