package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

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
	LimitLogin    Class = "login"    // whatever takes a password; accounts throttles by failures besides
	LimitAdmin    Class = "admin"    // staff and vendors
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
		LimitLogin:    {Address: 100, Window: time.Hour},
		LimitAdmin:    {Caller: 600, Address: 300, Window: time.Minute},
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

// limiter counts by GCRA: each subject has one number, the moment at which its
// bucket is empty again, so there is no window to game and nothing to reset.
type limiter struct {
	clock    clock.Clock
	off      bool
	policies map[Class]*policy
	shards   [16]shard
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
}

type shard struct {
	mu     sync.Mutex
	empty  map[subject]int64 // when the bucket is empty again, in nanoseconds
	sweeps int
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
	l := &limiter{clock: config.Clock, off: config.LimitsOff, policies: map[Class]*policy{}}
	if l.clock == nil {
		l.clock = machine
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
	for i := range l.shards {
		l.shards[i].empty = map[subject]int64{}
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
	var (
		who         = callerOf(ex, p.class)
		known       = who != subject{class: p.class, caller: true}
		now         = l.clock.Now().UnixNano()
		left, reset int64
		refused     bool
		shown       *bucket
	)
	// Signed-in callers of one office do not share its address's quota, but for
	// what is worth an attack. A peer on a unix socket has no address and is ours.
	if p.address != nil && ex.client.IsValid() && !(known && p.caller != nil && shared[p.class]) {
		left, reset, refused = l.take(subject{class: p.class, addr: household(ex.client)}, p.address, now)
		shown = p.address
	}
	if known && p.caller != nil && !refused {
		cLeft, cReset, cRefused := l.take(who, p.caller, now)
		if shown == nil || cRefused || cLeft < left {
			shown, left, reset, refused = p.caller, cLeft, cReset, cRefused
		}
	}
	if shown == nil {
		return nil
	}
	shown.announce(ex.Header(), left, reset)
	if refused {
		return ErrTooManyRequests.After(time.Duration(reset))
	}
	return nil
}

// shared are the classes whose quota by address is for those who have no name.
var shared = map[Class]bool{LimitRead: true, LimitWrite: true, LimitAdmin: true}

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

// take counts one request of who. left is how many more may come at once,
// reset how long until the next may, or until all may when some are left.
func (l *limiter) take(who subject, b *bucket, now int64) (left, reset int64, refused bool) {
	s := &l.shards[who.shard()]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sweeps++; s.sweeps >= 4096 {
		s.sweeps = 0
		maps.DeleteFunc(s.empty, func(_ subject, empty int64) bool { return empty <= now })
	}
	empty := max(s.empty[who], now)
	spare := int64(b.window) - (empty - now) - int64(b.every)
	if spare < 0 {
		return 0, -spare, true
	}
	empty += int64(b.every)
	s.empty[who] = empty
	return spare / int64(b.every), empty - now, false
}

// shard spreads by what differs between subjects.
func (w subject) shard() int {
	h := uint32(w.user[15]) ^ uint32(w.user[14])
	if w.addr.IsValid() {
		a := w.addr.As16()
		h ^= uint32(a[15]) ^ uint32(a[7])
	}
	if n := len(w.name); n > 0 {
		h ^= uint32(w.name[n-1])
	}
	return int(h % 16)
}

// announce sets RateLimit and RateLimit-Policy (the IETF draft) and the
// X-RateLimit headers that older clients know.
func (b *bucket) announce(h http.Header, left, reset int64) {
	seconds := (reset + int64(time.Second) - 1) / int64(time.Second)
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

// household is what one customer of a provider gets: an IPv4 address or an
// IPv6 /64.
func household(a netip.Addr) netip.Addr {
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
