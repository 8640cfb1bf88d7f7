package shipping

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/postgres"
)

// The statuses of a shipment.
const (
	Shipped        = "shipped"
	InTransit      = "in_transit"
	OutForDelivery = "out_for_delivery"
	Delivered      = "delivered"
	Failed         = "failed"   // a delivery was tried in vain; it may be tried again
	Returned       = "returned" // it was refused, or could not be delivered, and is back
)

// moves says which statuses may follow which. A courier that scans a parcel
// twice on its way tells the same status twice; delivered and returned are the end.
var moves = map[string][]string{
	Shipped:        {InTransit, OutForDelivery, Delivered, Failed, Returned},
	InTransit:      {InTransit, OutForDelivery, Delivered, Failed, Returned},
	OutForDelivery: {InTransit, OutForDelivery, Delivered, Failed, Returned},
	Failed:         {InTransit, OutForDelivery, Delivered, Failed, Returned},
	Delivered:      nil,
	Returned:       nil,
}

// before lists the statuses from which a shipment may come to status.
func before(status string) []string {
	var from []string
	for f, to := range moves {
		if slices.Contains(to, status) {
			from = append(from, f)
		}
	}
	slices.Sort(from)
	return from
}

// The kinds of shipments.
const (
	KindParcel  = "parcel"
	KindDigital = "digital" // nobody carries it: it is delivered when it is made
)

// A Shipment is a parcel that a vendor has handed over, or digital goods that
// the shop has.
type Shipment struct {
	ID             id.Shipment     `json:"id" db:"id"`
	OrderID        id.Order        `json:"-" db:"order_id"`
	VendorOrderID  id.VendorOrder  `json:"vendor_order_id" db:"vendor_order_id"`
	VendorID       id.Vendor       `json:"-" db:"vendor_id"`
	Kind           string          `json:"kind" db:"kind" enum:"parcel,digital" doc:"digital: files and licence keys, delivered when they were handed over."`
	Courier        string          `json:"courier" db:"courier"`
	TrackingNumber string          `json:"tracking_number" db:"tracking_number"`
	TrackingURL    string          `json:"tracking_url,omitempty" db:"-" doc:"The page of a courier that we know"`
	Status         string          `json:"status" db:"status" enum:"shipped,in_transit,out_for_delivery,delivered,failed,returned"`
	ShippedAt      time.Time       `json:"shipped_at" db:"shipped_at"`
	DeliveredAt    *time.Time      `json:"delivered_at,omitempty" db:"delivered_at"`
	Version        int64           `json:"-" db:"version"`
	Lines          []ShipmentLine  `json:"lines" db:"-"`
	Events         []TrackingEvent `json:"events" db:"-"`
}

// A ShipmentLine is how many of an order line are in the parcel.
type ShipmentLine struct {
	Shipment id.Shipment  `json:"-" db:"shipment_id"`
	Line     id.OrderLine `json:"order_line_id" db:"order_line_id"`
	Quantity int          `json:"quantity" db:"quantity" minimum:"1"`
}

// A TrackingEvent is one thing that was seen of the parcel. They are kept for
// good.
type TrackingEvent struct {
	Shipment id.Shipment `json:"-" db:"shipment_id"`
	Status   string      `json:"status" db:"status"`
	Detail   string      `json:"detail" db:"detail"`
	At       time.Time   `json:"at" db:"at"`
}

// NewShipment is a parcel to hand over.
type NewShipment struct {
	Kind           string // a parcel when empty
	Order          id.Order
	VendorOrder    id.VendorOrder
	Vendor         id.Vendor
	Courier        string
	TrackingNumber string
	Lines          []ShipmentLine
}

var (
	// ErrShipmentNotFound says that there is no such shipment.
	ErrShipmentNotFound = errs.New(errs.NotFound, "not_found", "There is no such shipment.")
	// ErrShipmentMove says that a shipment cannot come to this status from where it is.
	ErrShipmentMove = errs.New(errs.Conflict, "shipment_status", "The shipment cannot get this status any more.")
)

// Create records that a vendor has handed a parcel over. How many of a line
// may go is the order's business, which its caller has settled.
func (s *Shipping) Create(ctx context.Context, tx pgx.Tx, n NewShipment) (Shipment, error) {
	if err := n.check(); err != nil {
		return Shipment{}, err
	}
	shipment := id.New[id.Shipment]()
	n.Kind = cmp.Or(n.Kind, KindParcel)
	b := postgres.NewBatch()
	queueShipment(b, shipment, n, auth.From(ctx).Name())
	if err := b.Send(ctx, tx); err != nil {
		return Shipment{}, fmt.Errorf("create shipment of %s: %w", n.VendorOrder, err)
	}
	return s.Get(ctx, tx, shipment)
}

func (n *NewShipment) check() error {
	var bad errs.Fields
	n.Courier, n.TrackingNumber = strings.TrimSpace(n.Courier), strings.TrimSpace(n.TrackingNumber)
	bad.Require(len(n.Courier) <= 60 && printable(n.Courier), "/courier", "invalid", "A courier's name has at most 60 letters.")
	bad.Require(len(n.TrackingNumber) <= 100 && printable(n.TrackingNumber), "/tracking_number", "invalid", "A tracking number has at most 100 letters.")
	bad.Require(len(n.Lines) > 0, "/lines", "required", "Say what is in the parcel.")
	seen := map[id.OrderLine]bool{}
	for i, l := range n.Lines {
		pointer := fmt.Sprintf("/lines/%d", i)
		bad.Require(l.Quantity > 0, pointer+"/quantity", "too_small", "At least one of each line goes.")
		bad.Require(!seen[l.Line], pointer+"/order_line_id", "duplicate", "Name each line once.")
		seen[l.Line] = true
	}
	return bad.Err()
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// Mark records what was seen of a shipment and moves it on, or refuses with
// [ErrShipmentMove].
func (s *Shipping) Mark(ctx context.Context, tx pgx.Tx, shipment id.Shipment, status, detail string) (Shipment, error) {
	from := before(status)
	if len(from) == 0 {
		return Shipment{}, errs.Validation.Field("/status", "not_allowed", "A shipment is in_transit, out_for_delivery, delivered, failed or returned.")
	}
	if len(detail) > 500 || !printable(detail) {
		return Shipment{}, errs.Validation.Field("/detail", "invalid", "A detail is one line of at most 500 letters.")
	}
	moved, err := mark(ctx, tx, shipment, status, detail, from)
	if err != nil {
		return Shipment{}, fmt.Errorf("mark shipment %s: %w", shipment, err)
	}
	now, err := s.Get(ctx, tx, shipment)
	if err == nil && !moved {
		err = ErrShipmentMove.With("status", now.Status)
	}
	return now, err
}

// Get reads a shipment with its lines and what was seen of it.
func (s *Shipping) Get(ctx context.Context, db postgres.DB, shipment id.Shipment) (Shipment, error) {
	found, err := readShipments(ctx, db, shipment, nil)
	if err != nil {
		return Shipment{}, fmt.Errorf("read shipment %s: %w", shipment, err)
	}
	if len(found) == 0 {
		return Shipment{}, ErrShipmentNotFound
	}
	return found[0], nil
}

// OfOrder reads the shipments of an order, the first that left first.
func (s *Shipping) OfOrder(ctx context.Context, db postgres.DB, order id.Order) ([]Shipment, error) {
	return s.OfOrders(ctx, db, []id.Order{order})
}

// OfOrders reads the shipments of many orders at once, those of each in the
// order in which they left.
func (s *Shipping) OfOrders(ctx context.Context, db postgres.DB, orders []id.Order) ([]Shipment, error) {
	found, err := readShipments(ctx, db, id.Shipment{}, orders)
	if err != nil {
		return nil, fmt.Errorf("read shipments of %d orders: %w", len(orders), err)
	}
	return found, nil
}

// couriers are those whose tracking pages we know: a link that customers trust
// is never made of what a vendor typed, but for the number in it.
var couriers = map[string]string{
	"dhl":         "https://www.dhl.com/en/express/tracking.html?AWB=",
	"ups":         "https://www.ups.com/track?tracknum=",
	"fedex":       "https://www.fedex.com/fedextrack/?trknbr=",
	"usps":        "https://tools.usps.com/go/TrackConfirmAction?tLabels=",
	"dpd":         "https://tracking.dpd.de/status/en_US/parcel/",
	"gls":         "https://gls-group.com/track/",
	"royal mail":  "https://www.royalmail.com/track-your-item#/tracking-results/",
	"canada post": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor=",
	"delhivery":   "https://www.delhivery.com/track/package/",
	"blue dart":   "https://www.bluedart.com/trackdartresultthirdparty?trackFor=0&trackNo=",
	"india post":  "https://www.indiapost.gov.in/track-result/article-number/",
	"aramex":      "https://www.aramex.com/track/results?ShipmentNumber=",
}

// trackingURL is "" for a courier that we do not know.
func trackingURL(courier, number string) string {
	page, known := couriers[strings.ToLower(courier)]
	if !known || number == "" {
		return ""
	}
	return page + strings.ReplaceAll(url.QueryEscape(number), "+", "%20")
}
