package demo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"souk/internal/auth"
	"souk/internal/catalog"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/reviews"
	"souk/internal/shipping"
)

// opinion is what somebody has of a product, once.
type opinion struct {
	user    id.User
	product id.Product
}

// ratings is how many of a hundred reviews have one to five stars.
var ratings = []float64{4, 6, 12, 27, 51}

// opine writes down what will be reviewed of a parcel that arrives. Guests have
// no account to do it with. Its dice are its own, so that all else goes as it
// went.
func (s *story) opine(at time.Time, o orders.View, p orders.Part, parcel shipping.Shipment) {
	if o.User.IsZero() {
		return
	}
	for _, l := range p.Items {
		about := opinion{o.User, l.Product}
		sent := slices.ContainsFunc(parcel.Lines, func(line shipping.ShipmentLine) bool { return line.Line == l.ID })
		if !sent || s.opinions[about] || s.dice.IntN(100) >= 60 {
			continue
		}
		s.opinions[about] = true
		s.on(at.Add(12*time.Hour+spread(s.dice, 9*24*time.Hour)), as(o.User, auth.RoleCustomer), "review", func(ctx context.Context) error {
			return s.review(ctx, about, l.Title)
		})
	}
}

// review says something about a product that is still sold. Of a hundred some
// name another shop, and wait for staff.
func (s *story) review(ctx context.Context, about opinion, title string) error {
	rating := 1 + weighted(s.dice, ratings)
	stars := itoa(rating)
	body := s.remark(stars, title)
	if s.dice.IntN(100) < 2 {
		body += " I saw it for less at www.example.com."
	}
	posted, err := s.Reviews.Post(ctx, s.tx, about.product.String(), about.user, reviews.Draft{Rating: rating, Title: pick(s.dice, s.plan.Praise[stars]), Body: body})
	if errors.Is(err, catalog.ErrNoProduct) {
		return nil
	}
	if err != nil {
		return err
	}
	s.reviewed++
	if posted.Status == reviews.StatusPublished {
		s.answer(posted)
	}
	return nil
}

// remark is what nobody has said yet, as long as there is such.
func (s *story) remark(stars, title string) (body string) {
	for range 20 {
		body = strings.ReplaceAll(pick(s.dice, s.plan.Remarks[stars]), "{title}", title) + " " + pick(s.dice, s.plan.Praise[stars])
		if !s.remarks[body] {
			break
		}
	}
	s.remarks[body] = true
	return body
}

// answer writes down whom a review helps, and that a vendor answers a complaint.
func (s *story) answer(posted reviews.Review) {
	now := s.calendar.clock.Now()
	for _, c := range s.customers {
		if c.actor.User != posted.UserID && s.dice.IntN(20) == 0 {
			s.on(now.Add(spread(s.dice, 20*24*time.Hour)), c.actor, "vote", func(ctx context.Context) error {
				return s.vote(ctx, posted, c.actor.User)
			})
		}
	}
	if posted.Rating > 2 || s.dice.IntN(3) == 0 {
		return
	}
	for _, stall := range s.stalls {
		if stall.vendor == posted.VendorID {
			s.on(now.Add(2*time.Hour+spread(s.dice, 40*time.Hour)), stall.owner, "reply", func(ctx context.Context) error {
				_, err := s.Reviews.Reply(ctx, s.tx, stall.vendor, posted.ID, pick(s.dice, s.plan.Replies))
				return err
			})
		}
	}
}

func (s *story) vote(ctx context.Context, posted reviews.Review, user id.User) error {
	_, err := s.Reviews.Vote(ctx, s.tx, posted.ProductID.String(), posted.ID, user)
	if errors.Is(err, catalog.ErrNoProduct) {
		return nil
	}
	return err
}
