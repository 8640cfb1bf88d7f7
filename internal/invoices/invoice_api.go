package invoices

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/orders"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

func (s *Invoices) buyerRoutes(r *httpapi.Router) {
	why := httpapi.Public("the order's token is the secret, or the caller owns it")
	httpapi.Get(r, "/api/v1/orders/{id}/invoices", s.ofBuyer, why, httpapi.Private(), httpapi.ID("list-order-invoices"),
		httpapi.Summary("List the invoices and credit notes of an order"),
		httpapi.Describe("Each seller of an order has one invoice, once its part is paid for or has left, and a credit note for each time that something of it was given back. None so far is an empty list."))
	httpapi.Raw(r, http.MethodGet, "/api/v1/orders/{id}/invoice.pdf", s.pdfOfBuyer, why, httpapi.ID("get-order-invoice-pdf"),
		httpapi.QueryParam("token", "A guest's access_token."), httpapi.Produces("application/pdf"),
		httpapi.Summary("All invoices and credit notes of an order as one PDF"),
		httpapi.Describe("404 `not_invoiced` where it has none yet, 409 `invoice_not_printable` for scripts that it cannot set: their pages can be printed."))
}

type shownList struct {
	Data []Shown `json:"data"`
}

func (s *Invoices) ofBuyer(ctx context.Context, in *orders.Access) (shownList, error) {
	order, err := s.Orders.Find(ctx, s.DB, *in)
	if err != nil {
		return shownList{}, err
	}
	list, err := ofOrder(ctx, s.DB, order)
	return shownList{s.allShown(list)}, err
}

func (s *Invoices) pdfOfBuyer(w http.ResponseWriter, r *http.Request) error {
	order, err := s.Orders.Find(r.Context(), s.DB, orders.Access{ID: r.PathValue("id"), Token: r.URL.Query().Get("token")})
	if err != nil {
		return err
	}
	list, err := ofOrder(r.Context(), s.DB, order)
	if err == nil && len(list) == 0 {
		err = ErrNotYet
	}
	if err != nil {
		return err
	}
	return servePDF(w, list[0].OrderNumber, list)
}

// sellerRoutes mounts the books of invoices at the doors of vendors, who see their
// own, and of staff.
func (s *Invoices) sellerRoutes(r *httpapi.Router) {
	for _, door := range []struct {
		path, name string
		read       auth.Permission
		vendor     bool
	}{{"/api/v1/admin/invoices", "admin", CanRead, false}, {"/api/v1/vendor/invoices", "vendor", auth.VendorFinance, true}} {
		h := seller{s, door.vendor}
		read := httpapi.Needs(door.read)
		httpapi.Get(r, door.path, h.list, read, httpapi.Private(), httpapi.ID(door.name+"-list-invoices"),
			httpapi.Summary("List invoices and credit notes, the newest first"),
			httpapi.Describe("`q` is the number of one, or of its order. With `format=csv` a file of all of them for accountants, the oldest first, with a row for each rate of tax; credit notes have negative amounts."))
		httpapi.Get(r, door.path+"/{invoice}", h.show, read, httpapi.Private(), httpapi.ID(door.name+"-get-invoice"), httpapi.Summary("Show an invoice or credit note"))
	}
}

// issueRoutes mounts what staff do when an invoice is missing.
func (s *Invoices) issueRoutes(r *httpapi.Router) {
	httpapi.Action(r, http.MethodPost, "/api/v1/admin/orders/{id}/invoices", s.issueNow, httpapi.Needs(CanWrite), httpapi.Status(http.StatusOK), httpapi.ID("admin-issue-order-invoices"),
		httpapi.Summary("Issue what an order is to be billed by now"),
		httpapi.Describe("It happens by itself; this is for when its job was given up. Answers with all documents of the order; where nothing is due nothing is issued."))
}

type orderInput struct {
	ID id.Order `path:"id"`
}

func (s *Invoices) issueNow(ctx context.Context, in *orderInput) (shownList, error) {
	if err := s.Follow(ctx, in.ID); err != nil {
		return shownList{}, err
	}
	list, err := ofOrder(ctx, s.DB, in.ID)
	return shownList{s.allShown(list)}, err
}

// A seller is one of two doors.
type seller struct {
	*Invoices
	vendor bool
}

// scope is whose invoices the caller may see; none is everybody's.
func (h seller) scope(ctx context.Context) id.Vendor {
	if h.vendor {
		return auth.From(ctx).VendorScope()
	}
	return id.Vendor{}
}

type listInput struct {
	httpapi.Page
	Vendor id.Vendor `query:"vendor" doc:"For staff: of one seller"`
	Kind   string    `query:"kind" enum:"invoice,credit_note"`
	Q      string    `query:"q" maxLength:"40"`
	From   string    `query:"issued_on[gte]" format:"date"`
	To     string    `query:"issued_on[lte]" format:"date"`
	Format string    `query:"format" enum:"json,csv" default:"json"`
}

// filter is what an input asks for, of the invoices that a caller may see.
func (in listInput) filter(scope id.Vendor) (filter, error) {
	f := filter{vendor: in.Vendor, kind: in.Kind, q: strings.TrimSpace(in.Q)}
	if !scope.IsZero() {
		f.vendor = scope
	}
	var bad errs.Fields
	day := func(text, pointer string) *time.Time {
		if text == "" {
			return nil
		}
		at, err := time.Parse(time.DateOnly, text)
		bad.Require(err == nil, pointer, "invalid", "Write a day as 2026-11-27.")
		return &at
	}
	f.from, f.to = day(in.From, "issued_on[gte]"), day(in.To, "issued_on[lte]")
	return f, bad.Err()
}

type listAnswer struct {
	httpapi.CSV `json:"-"`
	httpapi.List[Shown]
}

func (h seller) list(ctx context.Context, in *listInput) (out listAnswer, err error) {
	f, err := in.filter(h.scope(ctx))
	if err != nil {
		return out, err
	}
	if in.Format == "csv" {
		out.CSV = httpapi.CSV{Name: "invoices", Rows: func(file *csv.Writer) error { return writeCSV(ctx, h.DB, f, file) }}
		return out, nil
	}
	var before id.Invoice
	if err := h.cursors.Open(httpapi.Scope(ctx), in.After, &before); err != nil {
		return out, err
	}
	args := f.args()
	args["before"], args["limit"] = before, in.Limit+1
	list, err := read(ctx, h.DB, f.pick(listAll, listOfVendor, listFound), args)
	if err != nil {
		return out, fmt.Errorf("list invoices: %w", err)
	}
	out.List = httpapi.ListOf(h.cursors, httpapi.Scope(ctx), h.allShown(list), in.Limit, func(i Shown) any { return i.ID })
	if in.WantsTotal() {
		total, err := postgres.Scalar[int64](ctx, h.DB, f.pick(countAll, countOfVendor, countFound), f.args())
		if err != nil {
			return out, fmt.Errorf("count invoices: %w", err)
		}
		out.TotalCount = &total
	}
	return out, nil
}

type invoiceInput struct {
	Invoice id.Invoice `path:"invoice"`
}

func (h seller) show(ctx context.Context, in *invoiceInput) (Shown, error) {
	i, err := get(ctx, h.DB, in.Invoice, h.scope(ctx))
	if err != nil {
		return Shown{}, err
	}
	return h.shown(i), nil
}

const csvBatch = 500

// writeCSV is the book of invoices: a row for each rate of tax of each document.
func writeCSV(ctx context.Context, db postgres.DB, f filter, file *csv.Writer) error {
	head := []string{"number", "kind", "issued_on", "order", "corrects", "seller", "seller_tax_id", "buyer", "buyer_tax_id", "country", "region", "tax", "rate_percent", "currency", "net", "tax_amount", "total"}
	if err := file.Write(head); err != nil {
		return err
	}
	args := f.args()
	args["limit"], args["after"] = csvBatch, id.Invoice{}
	for {
		list, err := read(ctx, db, f.pick(exportAll, exportOfVendor, exportFound), args)
		if err != nil {
			return fmt.Errorf("export invoices: %w", err)
		}
		for _, i := range list {
			if err := file.WriteAll(csvRows(i)); err != nil {
				return err
			}
		}
		if len(list) < csvBatch {
			return nil
		}
		args["after"] = list[len(list)-1].ID
	}
}

func csvRows(i Invoice) (rows [][]string) {
	corrects := ""
	if i.Corrects != nil {
		corrects = i.Corrects.Number
	}
	for _, t := range i.Taxes {
		net, tax, total := t.Net, t.Tax, t.Net.Plus(t.Tax)
		if i.Kind == KindCreditNote {
			zero := net.Minus(net)
			net, tax, total = zero.Minus(net), zero.Minus(tax), zero.Minus(total)
		}
		rows = append(rows, []string{
			httpapi.Inert(i.Number), string(i.Kind), i.IssuedOn, i.OrderNumber, httpapi.Inert(corrects), httpapi.Inert(i.Seller.Address.Name), i.Seller.TaxID, httpapi.Inert(i.Buyer.Address.Name),
			i.Buyer.TaxID, i.SuppliedTo.Country, httpapi.Inert(i.SuppliedTo.Region), httpapi.Inert(t.Label), strings.TrimSuffix(languages[0].rate(t.PPM), " %"), string(i.Currency),
			net.Decimal(), tax.Decimal(), total.Decimal(),
		})
	}
	return rows
}
