package stripe

import (
	"context"
	"strings"
)

// Forget detaches what a buyer has paid with from the customer that Stripe has made
// for it: nobody can be charged by it any more, nor can that be undone. It is read
// first, because Stripe refuses to detach what is detached without saying why.
func (p Provider) Forget(ctx context.Context, ref string) error {
	_, method, ok := strings.Cut(ref, "/")
	if !ok {
		return errForeign
	}
	c, err := p.dial(ctx)
	if err != nil {
		return err
	}
	found, err := c.V1PaymentMethods.Retrieve(ctx, method, nil)
	switch err = said("read saved method", err); {
	case missing(err):
		return nil
	case err != nil:
		return err
	case found.Customer == nil:
		return nil
	}
	_, err = c.V1PaymentMethods.Detach(ctx, method, nil)
	return said("detach saved method", err)
}
