package stripetest

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule says whether Stripe reads a value.
type rule func(value string) bool

func text(v string) bool    { return v != "" && len(v) <= 5000 }
func integer(v string) bool { return integers.MatchString(v) }
func boolean(v string) bool { return v == "true" || v == "false" }

func oneOf(list ...string) rule { return func(v string) bool { return slices.Contains(list, v) } }

func upTo(n int) rule { return func(v string) bool { return v != "" && len([]rune(v)) <= n } }

func address(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

var (
	integers = regexp.MustCompile(`^-?[0-9]{1,18}$`)
	indices  = regexp.MustCompile(`\[[0-9]+\]`)
	metadata = regexp.MustCompile(`metadata\]?\[[^\[\]]{1,40}\]$`)
)

// params is what an operation takes; a list's index is left out.
type params map[string]rule

var (
	sessionParams = params{
		"mode": oneOf("payment"), "ui_mode": oneOf("hosted_page", embedded), "success_url": address, "cancel_url": address, "return_url": address, "client_reference_id": upTo(200), "expires_at": integer,
		"customer_email": upTo(800), "customer_creation": oneOf("always", "if_required"), "adaptive_pricing[enabled]": boolean,
		"line_items[][quantity]": integer, "line_items[][price_data][currency]": text, "line_items[][price_data][unit_amount]": integer,
		"line_items[][price_data][product_data][name]": upTo(5000),
		"payment_intent_data[description]":             upTo(1000), "payment_intent_data[metadata]": upTo(500),
		"payment_intent_data[capture_method]":     oneOf("automatic", "automatic_async", "manual"),
		"payment_intent_data[setup_future_usage]": oneOf("off_session", "on_session"),
	}
	intentParams = params{
		"amount": integer, "currency": text, "customer": text, "payment_method": text, "confirm": boolean, "off_session": boolean,
		"capture_method": oneOf("automatic", "automatic_async", "manual"), "description": upTo(1000), "metadata": upTo(500),
		"automatic_payment_methods[enabled]": boolean,
	}
	captureParams = params{"amount_to_capture": integer}
	refundParams  = params{"charge": text, "payment_intent": text, "amount": integer, "metadata": upTo(500)}
	disputeParams = params{
		"submit": boolean, "evidence[uncategorized_text]": upTo(20000), "evidence[product_description]": upTo(20000), "evidence[customer_email_address]": text,
		"evidence[refund_policy_disclosure]": upTo(20000), "evidence[shipping_carrier]": text, "evidence[shipping_tracking_number]": text,
		"evidence[shipping_date]": text,
	}
	listParams    = params{"payment_intent": text, "charge": text, "limit": integer, "starting_after": text}
	balanceParams = params{"created[gte]": integer, "created[lt]": integer, "limit": integer, "starting_after": text}
)

// check refuses what Stripe does not know or cannot read.
func (p params) check(form url.Values, required []string) *failure {
	for name, values := range form {
		plain := indices.ReplaceAllString(name, "[]")
		if at := metadata.FindStringIndex(plain); at != nil {
			plain = plain[:strings.LastIndexByte(plain, '[')]
		}
		known, ok := p[plain]
		if plain == "expand[]" {
			known, ok = text, true
		}
		switch {
		case !ok:
			return &failure{status: 400, code: "parameter_unknown", param: name, message: "Received unknown parameter: " + name, unsaved: true}
		case len(values) != 1 || !known(values[0]):
			return invalid(name, "Invalid value for "+name+": "+values[0])
		}
	}
	for _, name := range required {
		if !form.Has(name) {
			return &failure{status: 400, code: "parameter_missing", param: name, message: "Missing required param: " + name + ".", unsaved: true}
		}
	}
	return nil
}

// number is a parameter that was checked.
func (c *call) number(name string) int64 {
	n, _ := strconv.ParseInt(c.form.Get(name), 10, 64) // "" is 0
	return n
}

// tagged is the metadata under a name.
func (c *call) tagged(name string) object {
	all := object{}
	for key := range c.form {
		if rest, ok := strings.CutPrefix(key, name+"["); ok {
			all[strings.TrimSuffix(rest, "]")] = c.form.Get(key)
		}
	}
	return all
}
