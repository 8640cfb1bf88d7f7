package payments

import (
	"strings"
	"time"
)

// Evidence is what the shop says against a dispute, in texts that every provider
// takes. Explanation is the one that banks read first.
type Evidence struct {
	Explanation   string   `json:"explanation" maxLength:"1000" doc:"Why the payment is right: staff write it"`
	Product       string   `json:"product_description,omitempty" maxLength:"2000" doc:"What was sold; what the order holds when left out"`
	Communication string   `json:"customer_communication,omitempty" maxLength:"2000" doc:"What was written to and fro with the buyer"`
	Policy        string   `json:"refund_policy,omitempty" maxLength:"2000" doc:"The shop's rules for refunds, and where the buyer has seen them"`
	Parcels       []Parcel `json:"shipments,omitempty" maxItems:"10" doc:"Those of the order when left out"`
	Number        string   `json:"order_number,omitempty" maxLength:"100" doc:"The order's when left out"`
	Email         string   `json:"customer_email,omitempty" maxLength:"320" doc:"The order's when left out"`
}

// Parcel is how something was sent.
type Parcel struct {
	Carrier   string `json:"carrier,omitempty" maxLength:"100"`
	Tracking  string `json:"tracking_number,omitempty" maxLength:"100"`
	Shipped   string `json:"shipped_on,omitempty" format:"date"`
	Delivered string `json:"delivered_on,omitempty" format:"date"`
}

// Letter is all of it as one text.
func (e Evidence) Letter() string {
	var parts []string
	add := func(title, text string) {
		if text != "" {
			parts = append(parts, title+"\n"+text)
		}
	}
	add("Order", e.Number)
	add("Customer", e.Email)
	add("Explanation", e.Explanation)
	add("What was sold", e.Product)
	add("How it was sent", e.Shipping())
	add("Communication with the customer", e.Communication)
	add("Refund policy", e.Policy)
	return strings.Join(parts, "\n\n")
}

// Shipping is how the parcels went, a line for each.
func (e Evidence) Shipping() string {
	var lines []string
	for _, p := range e.Parcels {
		var words []string
		add := func(before, word string) {
			if word != "" {
				words = append(words, before+word)
			}
		}
		add("", p.Carrier)
		add("tracking number ", p.Tracking)
		add("shipped on ", p.Shipped)
		add("delivered on ", p.Delivered)
		if words != nil {
			lines = append(lines, strings.Join(words, ", "))
		}
	}
	return strings.Join(lines, "\n")
}

// Response is the shop's answer to a dispute.
type Response struct {
	Known
	Dispute  string   // the provider's name for it
	Evidence Evidence // nothing, of a dispute that is given up
	Key      string   // the same for each repetition
}

// Cut is as much of a text as there is room for, in letters.
func Cut(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most])
	}
	return text
}

// Day writes a moment as evidence names it.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
