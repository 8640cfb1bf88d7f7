package reconcile

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"souk/internal/payments"
	"souk/internal/payments/reports"
	"souk/internal/platform/httpapi"
)

// largestReport is how large a report may be: about a hundred thousand movements.
const largestReport = 32 << 20

func (r *Reconciler) reportRoutes(router *httpapi.Router) {
	httpapi.Raw(router, http.MethodPost, "/api/v1/admin/reconciliation/reports", r.takeReport, httpapi.Needs(payments.CanWrite), httpapi.ID("admin-send-settlement-report"),
		httpapi.BodyLimit(largestReport+httpapi.FormOverhead), httpapi.Consumes("multipart/form-data"), httpapi.Returns[Run](),
		httpapi.QueryParam("provider", "Whose report it is: stripe, razorpay or paypal. Its columns tell unless told."),
		httpapi.QueryParam("from", "The first day to compare, as 2026-11-23; that of the file's first movement unless told."),
		httpapi.QueryParam("until", "The last day, likewise."),
		httpapi.Summary("Compare a settlement report of a payment provider with the shop's books"),
		httpapi.Describe("The CSV that the provider exports is the body, with the options in the query, or the part `file` of a form with the options as parts; 32 MiB at most, and 31 days where they are told. "+
			"Nobody is asked about what differs. What the file lacks is looked for between its first payment and its last, or in the days that are told; not in a list of settlements, as Razorpay's. The answer counts what was read, posted and resolved, and lists the `exceptions`: what does not add up. "+
			"The same file again posts nothing and shows nothing twice. 422 `report_unreadable` says where the file is not what it should be; then nothing of it was taken."))
}

func (r *Reconciler) takeReport(w http.ResponseWriter, req *http.Request) (err error) {
	upload, err := httpapi.SpoolUpload(req, largestReport)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, upload.Close()) }()
	option := func(name string) string { return cmp.Or(upload.Texts[name], req.URL.Query().Get(name)) }
	p, err := OfReport(option("provider"), upload.File, r.Clock.Now(), option("from"), option("until"))
	if err != nil {
		return err
	}
	run, err := r.Run(req.Context(), p)
	if err != nil {
		return err
	}
	httpapi.Subject(req.Context(), run.ID.String())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(run)
}

// OfReport is the period of a provider's report, whose columns tell whose it is
// where provider is "". Its days are those of the file, unless they are told.
func OfReport(provider string, file io.Reader, now time.Time, first, last string) (Period, error) {
	read := bufio.NewReader(file)
	if provider == "" {
		beginning, err := read.Peek(read.Size())
		if err != nil && !errors.Is(err, io.EOF) {
			return Period{}, err
		}
		provider = reports.Whose(beginning)
	}
	moved, err := reports.Read(provider, read)
	if err != nil {
		return Period{}, err
	}
	p, err := Days(now, first, last)
	if err != nil {
		return Period{}, err
	}
	told := first != "" || last != ""
	if !told && len(moved) > 0 { // however many days they are: nobody is asked about them
		p.From, p.Until = moved[0].At.Truncate(day), moved[len(moved)-1].At.Truncate(day).Add(day)
	}
	p.Provider, p.Source, p.File = provider, File, moved
	switch {
	case reports.OfSettlements(provider): // what is not in it may be settled yet
	case told:
		p.Full = Span{p.From.Add(blur), p.Until.Add(-blur)}
	default:
		p.Full = full(moved)
	}
	return p, nil
}

// full is the time in which a file of unknown days has all that has moved: it may
// begin and end within a day, and payouts come later than what they are of.
func full(moved []payments.Movement) (s Span) {
	moved = slices.DeleteFunc(slices.Clone(moved), beside)
	if len(moved) > 0 {
		s = Span{moved[0].At.Add(blur), moved[len(moved)-1].At.Add(-blur)}
	}
	return s
}
