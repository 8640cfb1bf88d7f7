package notifications

import (
	"context"
	"errors"
	"strings"

	"souk/internal/orders"
)

// waitingPage lists the refunds that wait for a second person.
const waitingPage = "/api/v1/admin/refund-requests?state=waiting"

// RefundAsked tells those who may approve a refund that it waits for one of them,
// but for who has asked. One that was decided on meanwhile waits no more.
func (n *Notifications) RefundAsked(ctx context.Context, e orders.RefundAsked) error {
	asked, err := orders.AskedRefund(ctx, n.DB, e.RequestID)
	if err != nil || asked.State != "waiting" {
		return err
	}
	w, err := orders.Read(ctx, n.DB, asked.Order)
	if err != nil {
		return err
	}
	staff, err := n.Users.WhoMay(ctx, n.DB, orders.CanRefund)
	if err != nil {
		return err
	}
	var problems []error
	for _, one := range staff {
		if strings.Contains(asked.AskedBy, one.ID.String()) { // by themselves, or as somebody else
			continue
		}
		problems = append(problems, n.tell(ctx, one.ID, letter{
			Kind: RefundToApprove, Words: words{"amount": asked.Amount.String(), "order": w.Number}, Link: n.BaseURL + waitingPage,
			Facts: []fact{{"order", w.Number}, {"value", asked.Amount.String()}, {"reference", asked.ID.String()}},
		}))
	}
	return errors.Join(problems...)
}
