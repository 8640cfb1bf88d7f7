package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/payments"
	"souk/internal/payments/stripe/stripetest"
)

const paidEvent = `{"id":"evt_1","object":"event","api_version":"2026-03-25.dahlia","created":1764158400,"livemode":false,` +
	`"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent"}}}`

func (d *desk) hear(body string, headers ...string) (payments.Notice, error) {
	return d.Hear(d.Context(), http.Header{"Stripe-Signature": headers}, []byte(body))
}

func (d *desk) signature(at time.Time, body string) string {
	return stripetest.Signature(at, []byte(body), d.server.Fields()["webhook_secret"])
}

// Bad inputs 63 to 65.
func TestNoticesThatAreNotProven(t *testing.T) {
	d := open(t)
	now := d.clock.Now()
	good := d.signature(now, paidEvent)
	at, sum, _ := strings.Cut(good, ",")
	if n, err := d.hear(paidEvent, good); err != nil || n.Ref != "pi_1" || n.Foreign != "" {
		t.Fatalf("a genuine one: %+v, %v", n, err)
	}
	for name, headers := range map[string][]string{
		"no header":               nil,
		"an empty header":         {""},
		"two headers":             {good, good},
		"the scheme v0":           {at + "," + strings.Replace(sum, "v1=", "v0=", 1)},
		"no scheme":               {at},
		"no time":                 {sum},
		"two times":               {at + "," + good},
		"a time that is none":     {"t=now," + sum},
		"a sum that is none":      {at + ",v1=zz"},
		"an empty sum":            {at + ",v1="},
		"another time":            {d.signature(now.Add(time.Second), paidEvent)[:12] + "," + sum},
		"another secret":          {stripetest.Signature(now, []byte(paidEvent), "whsec_of_somebody")},
		"no secret":               {stripetest.Signature(now, []byte(paidEvent), "")},
		"a header of a megabyte":  {good + "," + strings.Repeat("v1=00,", 1<<20/6)},
		"signed 301 s ago":        {d.signature(now.Add(-301*time.Second), paidEvent)},
		"signed in 301 s":         {d.signature(now.Add(301*time.Second), paidEvent)},
		"signed for another body": {d.signature(now, paidEvent+" ")},
	} {
		if n, err := d.hear(paidEvent, headers...); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for name, headers := range map[string]string{
		"signed 300 s ago":    d.signature(now.Add(-300*time.Second), paidEvent),
		"signed in 300 s":     d.signature(now.Add(300*time.Second), paidEvent),
		"a rolled secret":     at + ",v1=" + strings.Repeat("0", 64) + "," + sum,
		"an unknown scheme":   good + ",v2=abc",
		"the old scheme, too": good + ",v0=abc",
	} {
		if n, err := d.hear(paidEvent, headers); err != nil || n.ID != "evt_1" {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

// Bad inputs 67 and 68, and what is genuine and no event.
func TestNoticesThatAreNotForUs(t *testing.T) {
	d := open(t)
	for name, test := range map[string]struct {
		body         string
		ref, foreign string
	}{
		"a later version":         {strings.Replace(paidEvent, "2026-03-25.dahlia", "2031-01-01.iris", 1), "pi_1", ""},
		"no version":              {strings.Replace(paidEvent, `"api_version":"2026-03-25.dahlia",`, "", 1), "pi_1", ""},
		"an unknown type":         {strings.Replace(paidEvent, "payment_intent.succeeded", "payment_intent.evaporated", 1), "pi_1", ""},
		"an unknown object":       {`{"id":"evt_1","object":"event","type":"x.y","livemode":false,"data":{"object":{"id":"x_1","object":"x"}}}`, "", ""},
		"an object of no shape":   {`{"id":"evt_1","object":"event","type":"x.y","livemode":false,"data":{"object":[1]}}`, "", ""},
		"a text for an object":    {`{"id":"evt_1","object":"event","type":"x.y","livemode":false,"data":{"object":{"id":"re_1","object":"refund","charge":7}}}`, "", ""},
		"no object":               {`{"id":"evt_1","object":"event","type":"x.y","livemode":false}`, "", ""},
		"a thin notice":           {`{"id":"evt_1","object":"v2.core.event","type":"v2.x","livemode":false,"created":"2026-11-26T12:00:00Z"}`, "", ""},
		"live mode":               {strings.Replace(paidEvent, `"livemode":false`, `"livemode":true`, 1), "pi_1", "it is of live mode"},
		"a connected account":     {strings.Replace(paidEvent, `"livemode"`, `"account":"acct_2","livemode"`, 1), "pi_1", "it is of the connected account acct_2"},
		"a refund":                {object(`"id":"re_1","object":"refund","charge":"ch_1","payment_intent":"pi_2"`), "pi_2", ""},
		"a refund, expanded":      {object(`"id":"re_1","object":"refund","payment_intent":{"id":"pi_2"}`), "pi_2", ""},
		"a refund of a charge":    {object(`"id":"re_1","object":"refund","charge":"ch_1","payment_intent":null`), "ch_1", ""},
		"a dispute":               {object(`"id":"du_1","object":"dispute","charge":"ch_1","payment_intent":"pi_2"`), "pi_2", ""},
		"a charge of an intent":   {object(`"id":"ch_1","object":"charge","payment_intent":"pi_2"`), "pi_2", ""},
		"a charge by itself":      {object(`"id":"ch_1","object":"charge","payment_intent":null`), "ch_1", ""},
		"a session, whose intent": {object(`"id":"cs_1","object":"checkout.session","payment_intent":"pi_2"`), "cs_1", ""},
	} {
		n, err := d.hear(test.body, d.signature(d.clock.Now(), test.body))
		if err != nil || n.ID != "evt_1" || n.Type == "" || n.At.IsZero() || n.Ref != test.ref || n.Foreign != test.foreign {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for _, body := range []string{"", "{", "null", "[]", `{"id":"evt_1"}`, `{"type":"x"}`, `{"id":1,"type":"x"}`} {
		if n, err := d.hear(body, d.signature(d.clock.Now(), body)); !errors.Is(err, payments.ErrNotice) {
			t.Errorf("%q: %+v, %v", body, n, err)
		}
	}
	d.exec(`UPDATE payment_accounts SET live = true`, pgx.NamedArgs{})
	if n, err := d.hear(paidEvent, d.signature(d.clock.Now(), paidEvent)); err != nil || n.Foreign != "it is of test mode" {
		t.Errorf("test mode on a live shop: %+v, %v", n, err)
	}
}

func object(fields string) string {
	return fmt.Sprintf(`{"id":"evt_1","object":"event","created":1764158400,"livemode":false,"type":"a.b","data":{"object":{%s}}}`, fields)
}

func TestAnAccountWithoutASecretHearsNothing(t *testing.T) {
	d := open(t)
	d.exec(`UPDATE payment_accounts SET secrets_sealed = NULL`, pgx.NamedArgs{})
	if _, err := d.hear(paidEvent, stripetest.Signature(d.clock.Now(), []byte(paidEvent), "")); !errors.Is(err, payments.ErrNotice) {
		t.Errorf("signed with nothing: %v", err)
	}
}
