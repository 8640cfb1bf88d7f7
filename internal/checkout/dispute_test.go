package checkout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
	"souk/internal/memberships"
	"souk/internal/orders"
	"souk/internal/payments"
	"souk/internal/payments/fakes"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// disputed has the buyer of an order complain to the bank.
func (o *online) disputed(p checkout.Placed) checkout.DisputeView {
	o.t.Helper()
	if err := o.server.Dispute(o.t.Context(), p.Payment.ID); err != nil {
		o.t.Fatal(err)
	}
	o.work()
	o.wantExceptions("dispute")
	list := decode[httpapi.List[payments.KeptDispute]](o.call("staff", "GET", "/admin/disputes?status=needs_response&payment="+p.Payment.ID.String(), "").want(200))
	if len(list.Data) != 1 {
		o.t.Fatalf("disputes that want an answer: %+v", list.Data)
	}
	return o.dispute(list.Data[0].ID)
}

func (o *online) dispute(which id.Dispute) checkout.DisputeView {
	o.t.Helper()
	return decode[checkout.DisputeView](o.call("staff", "GET", "/admin/disputes/"+which.String(), "").want(200))
}

func (o *online) answer(which id.Dispute, how, body string) answer {
	o.t.Helper()
	return o.call("staff", "POST", "/admin/disputes/"+which.String()+"/"+how, body, "Idempotency-Key", id.New[id.Event]().String())
}

const said = `{"explanation": "The parcel was handed over at the door.", "refund_policy": "Thirty days."}`

// What staff say goes to the provider with what the shop knows: once, whatever
// becomes of the answer.
func TestStaffAnswerADispute(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.paid()
		part := o.show(placed).Parts[0]
		o.call(part.Seller.ID.String(), "POST", "/vendor/orders/"+part.ID.String()+"/shipments", `{"courier": "UPS", "tracking_number": "1Z999AA10123456784"}`).want(201)
		d := o.disputed(placed)
		if e := d.Evidence; e.Number != placed.Order.Number || e.Email == "" || len(e.Parcels) != 1 || e.Parcels[0].Tracking != "1Z999AA10123456784" {
			o.t.Errorf("the shop knows %+v", e)
		}
		o.faults.Plan("answer", fakes.ServerError, fakes.Down)
		o.answer(d.ID, "evidence", `{"explanation": " "}`).want(422, "/explanation")
		o.answer(d.ID, "evidence", said).want(202)
		o.answer(d.ID, "evidence", said).want(409, "dispute_answered")
		o.answer(d.ID, "accept", "").want(409, "dispute_answered")
		o.work()
		sent := o.server.Answers(placed.Payment.ID)
		if len(sent) != 1 {
			o.t.Fatalf("the provider was told %q", sent)
		}
		for _, word := range []string{"The parcel was handed over at the door.", "Thirty days.", placed.Order.Number, d.Evidence.Email, "1Z999AA10123456784"} {
			if !strings.Contains(sent[0], word) {
				o.t.Errorf("the provider was not told %q: %s", word, sent[0])
			}
		}
		if d = o.dispute(d.ID); d.Status != "under_review" || d.Answer == nil || d.Answer.State != payments.InstructionDone {
			o.t.Errorf("the dispute is %s, answered by %+v", d.Status, d.Answer)
		}
		o.wantExceptions() // it is answered: nobody has to look
		o.answer(d.ID, "evidence", said).want(409, "dispute_not_open")
		if err := o.server.Decide(o.t.Context(), placed.Payment.ID, true); err != nil {
			o.t.Fatal(err)
		}
		o.work()
		if d = o.dispute(d.ID); d.Status != "won" {
			o.t.Errorf("the dispute is %s, want it won", d.Status)
		}
		o.wantOrder(placed, orders.StatusShipped, orders.PaymentPaid)
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.Disputes}: 0, {Kind: ledger.DisputeLosses}: 0})
		o.sound()
	})
}

// Who gives in has lost, by the same facts as who is not heard. Above the sum from
// which two people refund, two give in.
func TestADisputeThatIsGivenUpIsLost(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.paid()
		o.limits("0", fmt.Sprint(placed.Order.GrandTotal.Minor))
		d := o.disputed(placed)
		second := id.New[id.User]().String()
		decide := func(d checkout.DisputeView, how, body string, header ...string) answer {
			o.t.Helper()
			return o.call("staff", "POST", "/admin/refund-requests/"+d.Request.ID.String()+"/"+how, body, header...)
		}
		for range 2 { // once is enough
			d = decode[checkout.DisputeView](o.answer(d.ID, "accept", "").want(202))
		}
		if r := d.Request; r == nil || r.State != "waiting" || r.Amount != d.Amount || r.Dispute != d.ID || d.Answer != nil {
			o.t.Fatalf("it is asked for by %+v, and answered by %+v", r, d.Answer)
		}
		o.call("staff", "GET", "/admin/refund-requests?state=waiting&order="+placed.Order.ID.String(), "").want(200, d.Request.ID.String(), d.ID.String())
		decide(d, "approve", "").want(409, "second_person_needed")
		decide(d, "reject", `{"reason": "We sent it."}`, "X-Staff-Other", second).want(200, `"state":"rejected"`)
		o.work()
		if d = o.dispute(d.ID); d.Request != nil || d.Status != payments.NeedsResponse {
			o.t.Fatalf("the dispute is %s, and asked for by %+v", d.Status, d.Request)
		}
		d = decode[checkout.DisputeView](o.answer(d.ID, "accept", "").want(202))
		o.exec(`UPDATE payment_disputes SET amount_minor = amount_minor - 1`, nil)
		decide(d, "approve", "", "X-Staff-Other", second).want(409, "refund_changed")
		o.exec(`UPDATE payment_disputes SET amount_minor = amount_minor + 1`, nil)
		o.faults.Plan("answer", fakes.Reset)
		decide(d, "approve", "", "X-Staff-Other", second).want(200, `"state":"approved"`)
		o.work()
		if d = o.dispute(d.ID); d.Status != "lost" {
			o.t.Errorf("the dispute is %s, want it lost", d.Status)
		}
		o.wantExceptions()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.Disputes}: 0, {Kind: ledger.DisputeLosses}: placed.Order.GrandTotal.Minor})
		o.answer(d.ID, "accept", "").want(409, "dispute_not_open")

		o.limits("0", "0")
		placed = o.paid()
		d = o.disputed(placed)
		o.clock.Advance(d.DueBy.Sub(o.clock.Now()) - 47*time.Hour)
		for range 2 { // once is enough
			if err := o.flow.Payments.Remind(o.t.Context()); err != nil {
				o.t.Fatal(err)
			}
		}
		if n, err := postgres.Scalar[int](o.t.Context(), o.db, `SELECT count(*)::int FROM events WHERE name = 'payments.dispute_due'`, nil); err != nil || n != 1 {
			o.t.Errorf("staff were reminded %d times, %v", n, err)
		}
		o.clock.Advance(48 * time.Hour)
		o.answer(d.ID, "evidence", said).want(409, "dispute_overdue")
		o.limits("0", "1")
		o.answer(d.ID, "accept", "").want(409, "dispute_overdue")
		if err := o.server.Decide(o.t.Context(), placed.Payment.ID, true); err != nil { // nobody has answered, or in the provider's console
			o.t.Fatal(err)
		}
		o.work()
		o.wantExceptions()
		o.sound()
	})
}

// What was handed over of an order is withheld while its money is disputed, and it
// is the buyer's again when that is won; when it is lost, a key that nobody has
// seen is sold to others.
func TestADisputeWithholdsDigitalGoodsUntilItIsDecided(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		for _, won := range []bool{true, false} {
			file, key := o.download(id.Vendor{}, 1000), o.keyed(id.Vendor{}, "KEY-1-AAAAAAAA", "KEY-2-BBBBBBBB")
			placed := decode[checkout.Placed](o.checkout("", o.fillDigital(2, key, file, o.download(id.Vendor{}, 1000)), o.method).want(201))
			o.pays(placed, fakes.Pays)
			o.work()
			o.handOver()
			grants := o.grants(placed)
			how := []string{"reveal", "reveal", "download"}
			staffs := grants[3]
			o.use(placed, grants[0], "reveal").want(200, "KEY-1")
			o.call("staff", "POST", "/admin/orders/"+placed.Order.ID.String()+"/digital-goods/"+staffs.ID.String()+"/revoke", "").want(200)
			o.exec(`UPDATE digital_grants SET expires_at = now() + interval '1 hour' WHERE id = @id`, pgx.NamedArgs{"id": grants[2].ID})

			if err := o.server.Dispute(t.Context(), placed.Payment.ID); err != nil {
				o.t.Fatal(err)
			}
			o.work()
			o.exec(`UPDATE digital_grants SET revoked_at = revoked_at - interval '2 days', expires_at = expires_at - interval '2 days' WHERE withheld`, nil)
			for i := range how {
				o.use(placed, grants[i], how[i]).want(410, "grant_revoked")
			}
			if n := o.left(key); n != 0 {
				o.t.Errorf("%d keys are for sale while it is not decided", n)
			}
			o.sound()

			if err := o.server.Decide(t.Context(), placed.Payment.ID, won); err != nil {
				o.t.Fatal(err)
			}
			o.work()
			o.work()
			status, left := 200, 0
			if !won {
				status, left = 410, 1
			}
			for i := range how {
				o.use(placed, grants[i], how[i]).want(status)
			}
			o.use(placed, staffs, "download").want(410) // whatever came of the dispute
			if n := o.left(key); n != left {
				o.t.Errorf("won %t: %d keys are for sale, want %d", won, n, left)
			}
			o.exec(`UPDATE payment_exceptions SET state = 'resolved', resolved_at = now() WHERE state = 'open'`, nil)
			o.sound()
		}
	})
}

// A job that hands over while the money is disputed hands over nothing; it does
// when that is won.
func TestWhatWasNotHandedOverIsWhenADisputeIsWon(t *testing.T) {
	t.Parallel()
	o := openOnline(t, "stripe")
	placed := decode[checkout.Placed](o.checkout("", o.fillDigital(1, o.download(id.Vendor{}, 1000)), o.method).want(201))
	o.pays(placed, fakes.Pays)
	o.work()
	o.disputed(placed)
	o.handOver()
	if got := o.grants(placed); len(got) > 0 {
		t.Errorf("handed over while it was disputed: %+v", got)
	}
	due := o.raised("checkout.hand_over_due")
	if err := o.server.Decide(t.Context(), placed.Payment.ID, true); err != nil {
		t.Fatal(err)
	}
	o.work()
	if again := o.raised("checkout.hand_over_due") - due; again != 1 {
		t.Errorf("it is due %d times", again)
	}
	o.handOver()
	o.use(placed, o.grants(placed)[0], "download").want(200)
	o.sound()
}

// A membership stands still while its payment is disputed, and goes on with all
// that was left when that is won.
func TestADisputeWithholdsAMembershipUntilItIsDecided(t *testing.T) {
	t.Parallel()
	for _, won := range []bool{true, false} {
		o := openOnline(t, "stripe")
		gold := o.plan("Gold", 999, goldBenefits)
		who := o.customer().String()
		joined := o.join(who, gold.ID, "stripe", "")
		placed := checkout.Placed{Order: *joined.Order, Payment: *joined.Payment}
		o.pays(placed, fakes.Pays)
		o.work()
		o.handOver()
		before := o.membership(who)
		o.disputed(placed)
		withheld := o.membership(who)
		if withheld.Status != memberships.Paused || !withheld.Withheld || withheld.Benefits != nil {
			t.Fatalf("while it is disputed: %+v", withheld)
		}
		o.call(who, "POST", "/me/membership/resume", "").want(409, "membership_withheld")
		o.later(before.ID, "40 days") // longer than the period
		o.renew()
		o.sound()

		if err := o.server.Decide(t.Context(), placed.Payment.ID, won); err != nil {
			t.Fatal(err)
		}
		o.work()
		o.work()
		after := o.membership(who)
		kept := after.EndsAt.Sub(before.EndsAt) // it was put back by the days that passed, and goes on from now
		switch {
		case won && (after.Status != memberships.Active || after.Withheld || after.Benefits == nil || len(after.Periods) != 2 || kept < 0 || kept > time.Hour):
			t.Errorf("won: %+v, it ends %v later", after, kept)
		case !won && (after.Status != memberships.Cancelled || after.Withheld || o.raised("memberships.ended") != 1):
			t.Errorf("lost: %+v", after)
		}
		o.sound()
	}
}
