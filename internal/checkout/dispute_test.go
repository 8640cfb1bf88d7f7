package checkout_test

import (
	"strings"
	"testing"
	"time"

	"souk/internal/checkout"
	"souk/internal/id"
	"souk/internal/ledger"
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

// Who gives in has lost, by the same facts as who is not heard.
func TestADisputeThatIsGivenUpIsLost(t *testing.T) {
	t.Parallel()
	everyProvider(t, func(o *online) {
		placed := o.paid()
		d := o.disputed(placed)
		o.faults.Plan("answer", fakes.Reset)
		o.answer(d.ID, "accept", "").want(202)
		o.work()
		if d = o.dispute(d.ID); d.Status != "lost" {
			o.t.Errorf("the dispute is %s, want it lost", d.Status)
		}
		o.wantExceptions()
		o.wantOrder(placed, orders.StatusConfirmed, orders.PaymentPaid)
		o.books(map[ledger.AccountKey]int64{{Kind: ledger.Disputes}: 0, {Kind: ledger.DisputeLosses}: placed.Order.GrandTotal.Minor})
		o.answer(d.ID, "accept", "").want(409, "dispute_not_open")

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
		if err := o.server.Decide(o.t.Context(), placed.Payment.ID, true); err != nil { // nobody has answered, or in the provider's console
			o.t.Fatal(err)
		}
		o.work()
		o.wantExceptions()
		o.sound()
	})
}
