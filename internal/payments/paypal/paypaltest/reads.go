package paypaltest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/money"
)

func (s *Server) permitted(scope string) *problem {
	if slices.Contains(strings.Fields(s.Scope), scope) {
		return nil
	}
	return &problem{http.StatusForbidden, "NOT_AUTHORIZED", "PERMISSION_DENIED", "You do not have permission to access or perform operations on this resource."}
}

// known refuses parameters that are not in the specification, or missing.
func known(r *http.Request, needed, optional []string) *problem {
	for parameter, values := range r.URL.Query() {
		if len(values) != 1 || !slices.Contains(needed, parameter) && !slices.Contains(optional, parameter) {
			return invalid("INVALID_PARAMETER", parameter)
		}
	}
	for _, parameter := range needed {
		if r.URL.Query().Get(parameter) == "" {
			return invalid("MISSING_REQUIRED_PARAMETER", parameter)
		}
	}
	return nil
}

// upTo is a number from 1 to most.
func upTo(r *http.Request, parameter string, most, otherwise int) (int, *problem) {
	text := r.URL.Query().Get(parameter)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("INVALID_PARAMETER_VALUE", parameter)
	}
	return n, nil
}

func (s *Server) showWebhook(r *http.Request) (any, *problem) {
	if r.PathValue("id") != s.WebhookID {
		return nil, notFound()
	}
	return map[string]any{
		"id": s.WebhookID, "url": s.Postman.URL, "event_types": []map[string]any{{"name": "*"}}, "links": []any{},
	}, nil
}

// listTransactions is the book, as the transaction search shows it.
func (s *Server) listTransactions(r *http.Request) (any, *problem) {
	if p := s.permitted("https://uri.paypal.com/services/reporting/search/read"); p != nil {
		return nil, p
	}
	if p := known(r, []string{"start_date", "end_date"}, []string{"fields", "balance_affecting_records_only", "page_size", "page"}); p != nil {
		return nil, p
	}
	from, err := time.Parse(time.RFC3339, r.URL.Query().Get("start_date"))
	if err != nil {
		return nil, invalid("INVALID_PARAMETER_SYNTAX", "start_date")
	}
	until, err := time.Parse(time.RFC3339, r.URL.Query().Get("end_date"))
	if err != nil || until.Before(from) || until.Sub(from) > 31*24*time.Hour {
		return nil, invalid("INVALID_PARAMETER_VALUE", "end_date: the maximum supported range is 31 days")
	}
	size, p := upTo(r, "page_size", 500, 100)
	if p != nil {
		return nil, p
	}
	page, p := upTo(r, "page", 2147483647, 1)
	if p != nil {
		return nil, p
	}
	var all []any
	for _, row := range s.rows {
		if at := row.At.Truncate(time.Second); !at.Before(from) && !at.After(until) {
			all = append(all, map[string]any{"transaction_info": s.rowBody(row)})
		}
	}
	first := min((page-1)*size, len(all))
	return map[string]any{
		"account_number": "C7CYMKZDG8D6E", "start_date": stamp(from), "end_date": stamp(until), "last_refreshed_datetime": stamp(s.Clock.Now()),
		"page": page, "total_items": len(all), "total_pages": (len(all) + size - 1) / size,
		"transaction_details": append([]any{}, all[first:min(first+size, len(all))]...),
	}, nil
}

func (s *Server) rowBody(r row) map[string]any {
	const zone = "2006-01-02T15:04:05-0700" // as the transaction search writes times, whatever its specification says
	body := map[string]any{
		"transaction_id": r.transaction, "transaction_event_code": r.code, "transaction_initiation_date": r.At.UTC().Format(zone),
		"transaction_updated_date": r.At.UTC().Format(zone), "transaction_amount": show(r.Amount), "transaction_status": "S",
		"paypal_reference_id": r.reference, "paypal_reference_id_type": "TXN",
	}
	if !r.Fee.IsZero() {
		body["fee_amount"] = show(money.Of(-r.Fee.Minor, r.Fee.Currency))
	}
	return body
}
