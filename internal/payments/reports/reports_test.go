package reports_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"souk/internal/errs"
	"souk/internal/payments"
	"souk/internal/payments/reports"
)

// lines is movements as text, an amount and a fee to each.
func lines(list []payments.Movement) (all []string) {
	for _, m := range list {
		all = append(all, strings.TrimSpace(fmt.Sprint(m.At.Format("0102T1504"), " ", m.Kind, " ", m.Ref, " of ", m.Payment, " ", m.Amount, " - ", m.Fee)))
	}
	return all
}

func want(t *testing.T, provider, file string, want ...string) {
	t.Helper()
	list, err := reports.Read(provider, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, lines(list)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStripesItemisedBalance(t *testing.T) {
	t.Parallel()
	want(t, "stripe", "\ufeffbalance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,charge_id,payment_intent_id\r\n"+
		`txn_2,2026-09-14 15:40:02,2026-09-16 00:00:00,eur,400.00,5.80,394.20,charge,ch_2,"Order 42, ""gift""",ch_2,pi_2`+"\r\n"+
		"txn_1,2026-09-14 10:02:11,2026-09-16 00:00:00,eur,600.00,8.70,591.30,charge,ch_1,,ch_1,pi_1\r\n"+
		"txn_3,2026-09-14 10:02:12,2026-09-16 00:00:00,eur,-100.00,-1.40,-98.60,partial_capture_reversal,re_0,,ch_1,pi_1\r\n"+
		"txn_4,2026-09-15 09:00:00,2026-09-17 00:00:00,eur,-20.00,-0.25,-19.75,refund,re_1,,ch_1,pi_1\r\n"+
		"txn_5,2026-09-15 10:00:00,2026-09-17 00:00:00,eur,20.00,0.00,20.00,refund_failure,re_1,,ch_1,pi_1\r\n"+
		"txn_6,2026-09-15 11:00:00,2026-09-17 00:00:00,eur,-400.00,15.00,-415.00,dispute,dp_1,,ch_2,\r\n"+
		"txn_7,2026-09-16 11:00:00,2026-09-17 00:00:00,eur,400.00,0.00,400.00,dispute_reversal,dp_1,,,\r\n"+
		"txn_8,2026-09-17 00:00:00,2026-09-17 00:00:00,jpy,5000,150,4850,charge,ch_3,,,pi_3\r\n"+
		"txn_9,2026-09-18 00:00:00,2026-09-18 00:00:00,eur,-2.00,0.00,-2.00,fee,fee_1,Radar,,\r\n"+
		"txn_10,2026-09-19 00:00:00,2026-09-19 00:00:00,eur,-500.00,0.00,-500.00,payout,po_1,STRIPE PAYOUT,,\r\n"+
		"txn_11,2026-09-20 00:00:00,2026-09-20 00:00:00,eur,-40.00,0.00,-40.00,risk_reserved_funds,,,,\r\n"+
		"txn_12,2026-09-21 00:00:00,2026-09-21 00:00:00,eur,500.00,0.00,500.00,payout_reversal,po_1,REFUND FOR PAYOUT,,\r\n",
		"0914T1002 capture ch_1 of pi_1 500.00 EUR - 7.30 EUR",
		"0914T1540 capture ch_2 of pi_2 400.00 EUR - 5.80 EUR",
		"0915T0900 refund re_1 of pi_1 -20.00 EUR - 0.00 EUR",
		"0915T0900 fee re_1 of  0.25 EUR - 0.00 EUR",
		"0915T1000 refund_failed re_1 of pi_1 20.00 EUR - 0.00 EUR",
		"0915T1100 chargeback dp_1 of ch_2 -400.00 EUR - 15.00 EUR",
		"0916T1100 chargeback_reversed dp_1 of dp_1 400.00 EUR - 0.00 EUR",
		"0917T0000 capture ch_3 of pi_3 5000 JPY - 150 JPY",
		"0918T0000 fee txn_9 of  -2.00 EUR - 0.00 EUR",
		"0919T0000 payout po_1 of  -500.00 EUR - 0.00 EUR",
		"0921T0000 payout txn_12 of  500.00 EUR - 0.00 EUR",
	)
}

// What buyers pay in another currency than the shop's bank account is in, Stripe
// converts: the payment is told as buyers see it.
func TestStripesConversions(t *testing.T) {
	t.Parallel()
	want(t, "stripe", "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id,payment_intent_id,customer_facing_amount,customer_facing_currency\n"+
		"txn_1,2026-09-14 10:00:00,eur,92.00,3.00,charge,ch_1,pi_1,100.00,usd\n"+
		"txn_2,2026-09-14 11:00:00,eur,-18.40,0.00,refund,re_1,pi_1,20.00,usd\n"+
		"txn_3,2026-09-14 12:00:00,eur,30.00,0.90,charge,ch_2,pi_2,30.00,eur\n"+
		"txn_4,2026-09-14 13:00:00,eur,-70.00,0.00,payout,po_1,,,\n",
		"0914T1000 capture ch_1 of pi_1 100.00 USD - 0.00 USD",
		"0914T1000 payout txn_1 in USD of  -100.00 USD - 0.00 USD",
		"0914T1000 payout txn_1 of  92.00 EUR - 3.00 EUR",
		"0914T1100 refund re_1 of pi_1 -20.00 USD - 0.00 USD",
		"0914T1100 payout txn_2 in USD of  20.00 USD - 0.00 USD",
		"0914T1100 payout txn_2 of  -18.40 EUR - 0.00 EUR",
		"0914T1200 capture ch_2 of pi_2 30.00 EUR - 0.90 EUR",
		"0914T1300 payout po_1 of  -70.00 EUR - 0.00 EUR",
	)
}

const recon = "transaction_entity,entity_id,amount,currency,fee (exclusive tax),tax,debit,credit,payment_method,card_type,issuer_name,entity_created_at," +
	"payment_captured_at,payment_notes,refund_notes,arn,entity_description,order_id,order_receipt,order_notes,dispute_id,dispute_created_at,dispute_reason," +
	"settlement_id,settled_at,settlement_utr,settled_by\n"

func TestRazorpaysSettlementRecon(t *testing.T) {
	t.Parallel()
	want(t, "razorpay", recon+
		"payment,pay_1,1000.0,INR,20.0,3.6,0.0,976.4,upi,,,2026-06-07T13:33:57,,,,,,order_1,pay_x,,,,,setl_1,2026-06-09T11:00:00,utr1,Razorpay\n"+
		"payment,pay_2,250.50,INR,5.01,0.90,0.0,244.59,card,credit,HDFC,08/06/2026 00:10:00,,,,,,order_2,pay_y,,,,,setl_1,2026-06-09T11:00:00,utr1,Razorpay\n"+
		"refund,rfnd_1,100.0,INR,0.0,0.0,100.0,0.0,upi,,,2026-06-08T09:00:00,,,,,,order_1,pay_x,,,,,setl_1,2026-06-09T11:00:00,utr1,Razorpay\n"+
		"refund,rfnd_2,50.0,INR,5.0,0.9,55.9,0.0,upi,,,2026-06-08T09:30:00,,,,,,order_1,pay_x,,,,,setl_2,2026-06-10T11:00:00,utr2,Razorpay\n"+
		"adjustment,adj_1,250.5,INR,0.0,0.0,250.5,0.0,,,,2026-06-08T10:00:00,,,,,,order_2,,,disp_1,2026-06-08T09:59:00,fraud,setl_2,2026-06-10T11:00:00,utr2,Razorpay\n"+
		"adjustment,adj_2,250.5,INR,0.0,0.0,0.0,250.5,,,,2026-06-08T11:00:00,,,,,,order_2,,,disp_1,2026-06-08T09:59:00,fraud,setl_2,2026-06-10T11:00:00,utr2,Razorpay\n"+
		"adjustment,adj_3,10.0,INR,0.0,0.0,10.0,0.0,,,,2026-06-08T12:00:00,,,,,Rental,,,,,,,,,,Razorpay\n",
		"0607T0803 capture pay_1 of order_1 1000.00 INR - 23.60 INR",
		"0607T1840 capture pay_2 of order_2 250.50 INR - 5.91 INR",
		"0608T0330 refund rfnd_1 of order_1 -100.00 INR - 0.00 INR",
		"0608T0400 refund rfnd_2 of order_1 -50.00 INR - 5.90 INR",
		"0608T0430 chargeback disp_1 of order_2 -250.50 INR - 0.00 INR",
		"0608T0530 chargeback_reversed disp_1 of order_2 250.50 INR - 0.00 INR",
		"0608T0630 fee adj_3 of  -10.00 INR - 0.00 INR",
		"0609T0530 payout setl_1 of  -1120.99 INR - 0.00 INR",
		"0610T0530 payout setl_2 of  55.90 INR - 0.00 INR",
	)
}

const settlementHead = `"RH",2026/02/22 02:44:19 -0800,"A","C7CYMKZDG8D6E",009,` + "\n" + `"FH",01` + "\n" +
	`"SH",2026/02/21 00:00:00 -0800,2026/02/21 23:59:59 -0800,"C7CYMKZDG8D6E",""` + "\n"

const settlementColumns = `"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date",` +
	`"Transaction Completion Date","Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency",` +
	`"Custom Field","Consumer ID","Payment Tracking ID","Store ID","Bank Reference ID","Credit Transactional Fee","Credit Promotional Fee","Credit Term"` + "\n"

func TestPayPalsSettlementReport(t *testing.T) {
	t.Parallel()
	const when = `2026/02/19 03:36:2%d -0800,2026/02/19 03:36:28 -0800,`
	row := func(second int, id, reference, code, rest string) string {
		return fmt.Sprintf(`"SB",%q,"S-1",%q,"TXN",%q,`+when+"%s,\"pay_1\",\"\",\"\",\"\",\"\",,,\n", id, reference, code, second, rest)
	}
	want(t, "paypal", settlementHead+settlementColumns+
		row(1, "C1", "O1", "T0006", `"CR",10000,"EUR","DR",341,"EUR"`)+
		row(2, "R1", "C1", "T1107", `"DR",2500,"EUR","CR",12,"EUR"`)+
		row(3, "X1", "R1", "T1100", `"CR",2500,"EUR","",,""`)+
		row(4, "H1", "C1", "T1110", `"DR",10000,"EUR","",,""`)+
		row(5, "H1", "C1", "T1111", `"CR",10000,"EUR","",,""`)+
		row(6, "B1", "C1", "T1201", `"DR",10000,"EUR","",,""`)+
		row(7, "F1", "B1", "T0106", `"DR",1600,"EUR","",,""`)+
		row(8, "W1", "", "T0400", `"DR",99999,"EUR","",,""`)+
		row(9, "J1", "O2", "T0006", `"CR",1980,"JPY","DR",70,"JPY"`)+
		row(9, "U1", "O3", "T0006", `"CR",4990,"HUF","DR",175,"HUF"`)+
		`"SF",0,10`+"\n"+`"SC",10`+"\n"+`"RF",0,10`+"\n"+`"RC",10`+"\n"+`"FF",10`+"\n",
		"0219T1136 capture C1 of C1 100.00 EUR - 3.41 EUR",
		"0219T1136 refund R1 of C1 -25.00 EUR - 0.00 EUR",
		"0219T1136 fee R1 of  0.12 EUR - 0.00 EUR",
		"0219T1136 refund_failed R1 of R1 25.00 EUR - 0.00 EUR",
		"0219T1136 chargeback H1 of C1 -100.00 EUR - 0.00 EUR",
		"0219T1136 chargeback_reversed H1 of C1 100.00 EUR - 0.00 EUR",
		"0219T1136 chargeback B1 of C1 -100.00 EUR - 0.00 EUR",
		"0219T1136 fee F1 of  -16.00 EUR - 0.00 EUR",
		"0219T1136 payout W1 of  -999.99 EUR - 0.00 EUR",
		"0219T1136 capture J1 of J1 1980 JPY - 70 JPY",
		"0219T1136 capture U1 of U1 4990.00 HUF - 175.00 HUF",
	)
}

// The detail report has what moves nothing, too.
func TestPayPalsDetailReport(t *testing.T) {
	t.Parallel()
	columns := strings.Replace(settlementColumns, `"Custom Field"`, `"Transactional Status","Custom Field"`, 1)
	row := func(id, code, status string) string {
		return fmt.Sprintf(`"SB",%q,"","","",%q,2026/02/19 03:36:28 -0800,2026/02/19 03:36:28 -0800,"CR",100,"USD","",,"",%q,"pay_1"`+"\n", id, code, status)
	}
	want(t, "paypal", settlementHead+columns+row("C1", "T0006", "S")+row("C2", "T0006", "P")+row("C3", "T0006", "D")+row("A1", "T1300", "S")+row("C4", "T0006", "V"),
		"0219T1136 capture C1 of C1 1.00 USD - 0.00 USD",
		"0219T1136 capture C4 of C4 1.00 USD - 0.00 USD",
	)
}

func TestAnEmptyReport(t *testing.T) {
	t.Parallel()
	want(t, "razorpay", recon)
	want(t, "paypal", settlementHead+settlementColumns)
}

func TestAFileThatIsNoReportIsRefusedAndSaysWhere(t *testing.T) {
	t.Parallel()
	const stripeHead = "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id\n"
	for _, test := range []struct{ provider, file, pointer string }{
		{"square", "a", "/provider"},
		{"stripe", "", ""},
		{"stripe", "a,b,c\n1,2,3\n", "/1/balance_transaction_id"},
		{"stripe", strings.Replace(stripeHead, "source_id", "id", 1), "/1/source_id"},
		{"stripe", stripeHead + "txn,2026-09-14 10:02:11,eur,1.00,0,charge,ch\ntxn,2026-09-14 10:02:11,eur,1.005,0,charge,ch\n", "/3/gross"},
		{"stripe", stripeHead + "txn,2026-09-14 10:02:11,eur,1e5,0,charge,ch\n", "/2/gross"},
		{"stripe", stripeHead + "txn,2026-09-14 10:02:11,xyz,1.00,0,charge,ch\n", "/2/gross"},
		{"stripe", stripeHead + "txn,yesterday,eur,1.00,0,charge,ch\n", "/2/created_utc"},
		{"stripe", stripeHead + "txn\n", "/2/created_utc"},
		{"razorpay", recon + "payment,pay_1,10.0,INR,,,0,11.0,upi,,,2026-06-07T13:33:57\n", "/2/credit"},
		{"razorpay", recon + "payment,pay_1,10.0,INR,,,0,9.0,upi,,,07-06-26\n", "/2/entity_created_at"},
		{"paypal", "", ""},
		{"paypal", settlementHead, ""},
		{"paypal", `"SB","C1"` + "\n", ""},
		{"paypal", settlementColumns + `"SB","C1","","","","T0006",2026/02/19 03:36:28 -0800,,"CR",-5,"USD"` + "\n", "/2/gross transaction amount"},
		{"paypal", settlementColumns + `"SB","C1","","","","T0006",2026/02/19 03:36:28 -0800,,"",5,"USD"` + "\n", "/2/gross transaction amount"},
		{"paypal", settlementColumns + `"SB","C1","","","","T0006",2026/02/19 03:36:28 -0800,,"CR",1.05,"USD"` + "\n", "/2/gross transaction amount"},
		{"paypal", settlementColumns + `"SB","C1","","","","T0006",2026/02/19 03:36:28 -0800,,"CR",100,"EUR","DR",5,"USD"` + "\n", "/2/fee currency"},
	} {
		list, err := reports.Read(test.provider, strings.NewReader(test.file))
		var no *errs.Error
		if !errors.As(err, &no) || !errors.Is(err, reports.ErrReport) || list != nil {
			t.Errorf("%s %q: %v, %v", test.provider, test.file, list, err)
			continue
		}
		if test.pointer != "" && (len(no.Fields) == 0 || no.Fields[0].Pointer != test.pointer) {
			t.Errorf("%s %q: %+v, want %s", test.provider, test.file, no.Fields, test.pointer)
		}
	}
}
