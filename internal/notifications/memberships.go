package notifications

import (
	"context"
	"time"

	"souk/internal/id"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/payments"
)

const membershipPage = "/account#membership"

// MemberStarted welcomes a member, and tells until when the first period lasts.
func (n *Notifications) MemberStarted(ctx context.Context, e memberships.Started) error {
	return n.tellMember(ctx, MembershipStarted, e.UserID, e.MembershipID, id.Order{})
}

// MemberRenewal tells of the order for the next period: how to pay for it, or that
// it is paid in the way that its member keeps. What costs nothing needs no mail.
func (n *Notifications) MemberRenewal(ctx context.Context, e memberships.RenewalDue) error {
	charged, err := payments.IsCharged(ctx, n.DB, e.OrderID, e.UserID)
	if err != nil {
		return err
	}
	kind := MembershipDue
	if charged {
		kind = MembershipCharge
	}
	return n.tellMember(ctx, kind, e.UserID, e.MembershipID, e.OrderID)
}

// MemberReminded tells that a period has ended unpaid, and for how long benefits go on.
func (n *Notifications) MemberReminded(ctx context.Context, e memberships.Reminded) error {
	return n.tellMember(ctx, MembershipOverdue, e.UserID, e.MembershipID, e.OrderID)
}

// MemberEnded says good-bye.
func (n *Notifications) MemberEnded(ctx context.Context, e memberships.Ended) error {
	return n.tellMember(ctx, MembershipEnded, e.UserID, e.MembershipID, id.Order{})
}

// MemberNotDowngraded tells that the plan which a member had chosen for their next
// period is not offered any more, and of which that is now.
func (n *Notifications) MemberNotDowngraded(ctx context.Context, e memberships.DowngradeDropped) error {
	return n.tellMember(ctx, DowngradeDropped, e.UserID, e.MembershipID, id.Order{})
}

func (n *Notifications) tellMember(ctx context.Context, kind Kind, to id.User, membership id.Membership, order id.Order) error {
	is, err := n.Memberships.Get(ctx, n.DB, membership)
	if err != nil {
		return err
	}
	l := letter{Kind: kind, Link: n.BaseURL + membershipPage, Words: words{
		"plan": is.Plan.Name, "until": is.EndsAt.UTC().Format(time.DateOnly), "benefits_until": is.BenefitsUntil.UTC().Format(time.DateOnly),
	}}
	if !order.IsZero() {
		due, err := n.Orders.Show(ctx, n.DB, order)
		if err != nil || due.Status != orders.StatusPending { // paid for in the meantime
			return err
		}
		l.Words["total"] = due.GrandTotal.String()
		if kind != MembershipCharge {
			l.Facts = howToPay(due)
		}
	}
	return n.tell(ctx, to, l)
}

// howToPay is what a buyer has to do about an order, and how much it is.
func howToPay(due orders.View) []fact {
	facts := []fact{{"order", due.Number}, {"total", due.GrandTotal.String()}}
	if due.Next != nil && due.Next.Text != "" {
		facts = append(facts, fact{"pay_to", due.Next.Text}, fact{"reference", due.Next.Reference})
	}
	return facts
}

// toPay tells a buyer where to send the money for an order, where the shop has
// said so. Renewals of memberships have a letter of their own.
func (n *Notifications) toPay(ctx context.Context, order id.Order) error {
	_, renewal, err := memberships.RenewalBy(ctx, n.DB, order)
	if err != nil || renewal {
		return err
	}
	due, err := n.Orders.Show(ctx, n.DB, order)
	if err != nil || due.Next == nil || due.Next.Text == "" || due.ExpiresAt == nil {
		return err
	}
	l := n.about(OrderToPay, orders.Whole{Order: due.Order})
	l.Words["total"], l.Words["until"] = due.GrandTotal.String(), due.ExpiresAt.UTC().Format(time.DateOnly)
	l.Facts = howToPay(due)
	return n.tellBuyer(ctx, l)
}
