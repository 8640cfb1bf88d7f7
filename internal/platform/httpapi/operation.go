package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"runtime"
	"strings"

	"souk/internal/auth"
	"souk/internal/crash"
)

type kind int

const (
	reads   kind = iota + 1 // no transaction
	writes                  // in a transaction
	acts                    // without one, though it changes things
	raw                     // writes its own answer
	streams                 // text/event-stream
)

// operation is one route: what its options said and what is made of that once,
// so that a request costs little.
type operation struct {
	kind       kind
	id         string
	method     string
	path       string
	handler    string
	summary    string
	describe   string
	permission auth.Permission
	public     string // why nobody need sign in
	status     int

	bodyLimit    int64
	keyRequired  bool
	neverStored  bool
	private      bool
	noToken      bool
	stepUp       bool
	harmless     bool
	audited      bool   // stands in the audit trail
	hidden       string // why it is not in the OpenAPI document
	foreignQuery string // why parameters that nobody has named are let in
	crossSite    string // why pages of other sites may call it
	class        Class
	prefixes     []string // of dynamic query parameters
	params       []param  // of a raw operation
	produces     string   // of a raw operation
	consumes     string   // of a raw operation
	returns      reflect.Type

	beforeCommit, afterCommit crash.Name // of a write; "" is nowhere

	first func(ctx context.Context, in any) (context.Context, error)
	then  func(context.Context, []byte) []byte                          // completes the answer of a write; nil: it is complete
	mend  func(context.Context, error) (again context.Context, e error) // makes good what a write lacked; nil: nothing can be

	ifMatch bool            // 428 without If-Match
	query   map[string]bool // the parameters it knows
	body    *bodyRules      // nil when it takes no body
	policy  *policy
	seen    *meter
}

type param struct{ in, name, doc string }

// An Option says one thing about a route.
type Option func(*operation)

// Needs is the permission that the caller must have: 401 without identity,
// 403 without the permission.
func Needs(p auth.Permission) Option { return func(o *operation) { o.permission = p } }

// Public lets everybody in, for a reason that routes.txt shows. A caller who
// sends a token is still known by it.
func Public(why string) Option { return func(o *operation) { o.public = why } }

// Status is the status of success where it is not 200 (204 for an [Empty]
// answer), such as 201 for what makes something.
func Status(code int) Option { return func(o *operation) { o.status = code } }

// Summary is the operation in a few words.
func Summary(text string) Option { return func(o *operation) { o.summary = text } }

// Describe is the operation in a few sentences of Markdown.
func Describe(text string) Option { return func(o *operation) { o.describe = text } }

// ID names the operation where the name made from its method and path is poor.
func ID(name string) Option { return func(o *operation) { o.id = name } }

// BodyLimit is the largest body in bytes: 256 KiB unless told.
func BodyLimit(bytes int64) Option { return func(o *operation) { o.bodyLimit = bytes } }

// RequireIdempotencyKey refuses calls without an Idempotency-Key. Where guests
// may call, the path or the body must name a secret of theirs.
func RequireIdempotencyKey() Option { return func(o *operation) { o.keyRequired = true } }

// NeverStored keeps the answer out of idempotency_keys, for answers that hold
// tokens: an Idempotency-Key is accepted and has no effect. A public operation
// that is never stored (log in, refresh) also overlooks an expired token.
func NeverStored() Option { return func(o *operation) { o.neverStored = true } }

// Limit puts the operation in a class of rate limits other than the one its
// method and path give it.
func Limit(class Class) Option { return func(o *operation) { o.class = class } }

// Private says that the answer depends on the caller, so that no cache keeps
// it whatever the answer says of its age.
func Private() Option { return func(o *operation) { o.private = true } }

// StepUp asks the caller to have proven who they are within [auth.StepUpLife].
// API keys cannot, and nobody can who looks as somebody else: both are refused.
func StepUp() Option { return func(o *operation) { o.stepUp = true } }

// Proven is [StepUp] for operations of which only some calls are worth a second
// look: it refuses a caller who has not proven who they are lately.
func Proven(ctx context.Context) error {
	ex := from(ctx)
	if ex == nil {
		return auth.ErrStepUp
	}
	return ex.steppedUp()
}

// CrossSite lets pages of other sites call an operation that changes things, for
// a reason: what guards it instead (a login provider's form post has a state).
func CrossSite(why string) Option { return func(o *operation) { o.crossSite = why } }

// Harmless lets in who may only look, though the operation changes something:
// the way out is open to all.
func Harmless() Option { return func(o *operation) { o.harmless = true } }

// Crash names the places around the commit of a write where a test may kill the
// process, so that one write can be told from all others.
func Crash(before, after crash.Name) Option {
	return func(o *operation) { o.beforeCommit, o.afterCommit = before, after }
}

// First makes the context of the handler out of its input, a pointer to it: before
// there is a transaction, so that what it asks for needs no second connection. What
// it adds to the answer is told with each answer but one that is told once more.
func First(prepare func(ctx context.Context, in any) (context.Context, error)) Option {
	return func(o *operation) { o.first = prepare }
}

// Then completes the answer of a write after its commit, and again each time that
// the answer is told once more: with what only somebody outside can say. What it
// adds is not stored.
func Then(complete func(ctx context.Context, body []byte) []byte) Option {
	return func(o *operation) { o.then = complete }
}

// Mend makes good what a write lacked, once its transaction is undone: what only
// somebody outside can say, who must not be asked within. The write then runs once
// more in the context that mend returns; nil is that it has failed for good.
func Mend(mend func(ctx context.Context, err error) (again context.Context, e error)) Option {
	return func(o *operation) { o.mend = mend }
}

// Hidden keeps the operation out of the OpenAPI document, for a reason: pages
// and files of the storefront are not the API.
func Hidden(why string) Option { return func(o *operation) { o.hidden = why } }

// QueryPrefix lets query parameters through that begin with prefix, such as
// "attr[" for attr[color]. Embed [DynamicQuery] to read them.
func QueryPrefix(prefix string) Option {
	return func(o *operation) { o.prefixes = append(o.prefixes, prefix) }
}

// Returns documents the body of an answer that is [Stored] or raw.
func Returns[T any]() Option { return func(o *operation) { o.returns = reflect.TypeFor[T]() } }

// Produces documents the media type of a raw answer.
func Produces(mediaType string) Option { return func(o *operation) { o.produces = mediaType } }

// Consumes documents the media type of a raw operation's body.
func Consumes(mediaType string) Option { return func(o *operation) { o.consumes = mediaType } }

// QueryParam names a query parameter of a raw operation.
func QueryParam(name, doc string) Option {
	return func(o *operation) {
		o.params = append(o.params, param{"query", name, doc})
		if o.query == nil {
			o.query = map[string]bool{}
		}
		o.query[name] = true
	}
}

// ForeignQuery lets in parameters that nobody has named, with a reason: who adds
// them.
func ForeignQuery(why string) Option { return func(o *operation) { o.foreignQuery = why } }

// newOperation panics on a route that nobody decided who may use.
func newOperation(k kind, method, path string, handler any, opts []Option) *operation {
	op := &operation{kind: k, method: method, path: path, handler: nameOf(handler), bodyLimit: defaultBodyLimit}
	for _, opt := range opts {
		opt(op)
	}
	if (op.permission == "") == (op.public == "") {
		panic(method + " " + path + ": say who may use it, with Needs(permission) or Public(why), not both")
	}
	op.noToken = op.public != "" && op.neverStored
	if op.class == "" {
		op.class = classOf(method, path)
	}
	if op.id == "" {
		op.id = operationID(method, path)
	}
	op.audited = isAudited(op)
	return op
}

// nameOf is "orders.Orders.refund" for the method value o.refund.
func nameOf(handler any) string {
	fn := runtime.FuncForPC(reflect.ValueOf(handler).Pointer())
	if fn == nil {
		return ""
	}
	name := fn.Name()
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.TrimSuffix(name, "-fm")
	return strings.NewReplacer("(*", "", ")", "").Replace(name)
}

// operationID turns a method and a path into words: "list-products",
// "get-cart", "create-cart-item", "cancel-order", "admin-approve-vendor",
// "list-my-orders".
func operationID(method, path string) string {
	segments := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/v1"), "/"), "/")
	scope, my := "", ""
	switch {
	case len(segments) > 1 && (segments[0] == "admin" || segments[0] == "vendor" || segments[0] == "auth"):
		scope, segments = segments[0]+"-", segments[1:]
	case len(segments) > 1 && segments[0] == "me":
		my, segments = "my-", segments[1:]
	}
	var nouns []string
	one := false // the last segment is a parameter: one thing of many
	for _, s := range segments {
		if strings.HasPrefix(s, "{") {
			if len(nouns) > 0 {
				nouns[len(nouns)-1] = singular(nouns[len(nouns)-1])
			}
			one = true
			continue
		}
		nouns, one = append(nouns, strings.NewReplacer(".", "-", "_", "-").Replace(s)), false
	}
	if len(nouns) == 0 {
		nouns = []string{"home"}
	}
	last := nouns[len(nouns)-1]
	many := !one && strings.HasSuffix(last, "s") && !strings.HasSuffix(last, "ss")
	subject := my + strings.Join(nouns, "-")
	switch {
	case method == http.MethodPost && many:
		nouns[len(nouns)-1] = singular(last)
		return scope + "create-" + my + strings.Join(nouns, "-")
	case method == http.MethodPost: // a command: POST /orders/{id}/cancel
		return scope + strings.Trim(last+"-"+my+strings.Join(nouns[:len(nouns)-1], "-"), "-")
	case method == http.MethodGet && many:
		return scope + "list-" + subject
	case method == http.MethodPut:
		return scope + "set-" + subject
	case method == http.MethodPatch:
		return scope + "update-" + subject
	}
	return scope + strings.ToLower(method) + "-" + subject
}

func singular(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ies"):
		return strings.TrimSuffix(noun, "ies") + "y"
	case strings.HasSuffix(noun, "sses"), strings.HasSuffix(noun, "xes"):
		return strings.TrimSuffix(noun, "es")
	case strings.HasSuffix(noun, "ss"):
		return noun
	}
	return strings.TrimSuffix(noun, "s")
}
