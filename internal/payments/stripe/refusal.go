package stripe

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	api "github.com/stripe/stripe-go/v85"

	"souk/internal/errs"
	"souk/internal/platform/outbound"
)

var (
	// errRefused says that Stripe does not do what it was asked.
	errRefused = errs.New(errs.Conflict, "provider_refused", "Stripe has refused this.")
	// errPaid says that a payment cannot be given up any more.
	errPaid = errs.New(errs.Conflict, "payment_state", "Stripe has this payment in another state: it may be paid already.")
	// errForeign says that something that was kept has no name of Stripe's.
	errForeign = refusal("saved_method", "This was not saved with Stripe.")
)

// refusal is Stripe's no, with its own code.
func refusal(reason, message string) error {
	no := errRefused.With("reason", reason)
	if message != "" {
		no.Message = "Stripe: " + message
	}
	return no
}

// said makes of an error of the library what it means. A no is an errs.Error;
// whatever else is an unknown outcome. The library's own text is not kept: it
// holds the objects that the error is about, people's addresses included.
func said(doing string, err error) error {
	var e *api.Error
	var broken *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && isNo(e):
		if e.Code == api.ErrorCodePaymentIntentUnexpectedState {
			return errPaid.With("reason", string(e.Code))
		}
		return refusal(cmp.Or(string(e.DeclineCode), string(e.Code), string(e.Type)), e.Msg)
	case errors.As(err, &e):
		return fmt.Errorf("%s: %w", doing, &answer{e.HTTPStatusCode, string(e.Type), string(e.Code), e.RequestID})
	case errors.As(err, &broken) && !errors.Is(err, outbound.ErrTooLarge): // that is an errs.Error, but no refusal
		return fmt.Errorf("%s: call Stripe: %w", doing, broken.Err)
	}
	return fmt.Errorf("%s: Stripe's answer cannot be read", doing)
}

// isNo reports whether an error says that nothing was done. A key that was used
// with other parameters is none: what it was used for may have been done.
func isNo(e *api.Error) bool {
	switch e.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return e.Type != api.ErrorTypeIdempotency
	}
	return false
}

// usedOtherwise reports whether a key was used before, with other parameters.
func usedOtherwise(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Type == api.ErrorTypeIdempotency && e.HTTPStatusCode == http.StatusBadRequest
}

// answer is an answer of which nobody knows what it has done.
type answer struct {
	status              int
	kind, code, request string
}

func (a *answer) Error() string {
	return fmt.Sprintf("Stripe answers %d %s %s (request %s)", a.status, a.kind, a.code, a.request)
}

// denied makes a refusal of keys that Stripe does not know. Where money moves it
// is none: it is tried again when the keys are right.
func denied(err error) error {
	var a *answer
	if errors.As(err, &a) && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) {
		return refusal(cmp.Or(a.code, a.kind), "The secret key is not valid, or lacks a permission.")
	}
	return err
}

// missing reports whether a refusal says that there is no such thing in the
// account.
func missing(err error) bool {
	var no *errs.Error
	return errors.As(err, &no) && no.Extra["reason"] == string(api.ErrorCodeResourceMissing)
}
