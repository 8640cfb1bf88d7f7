// Package shipping carries goods to people: what that may cost and how long it
// takes, and the parcels that are under way.
//
// Owns: zones and the options in them, with their prices ([Shipping.Options]);
// shipments, their lines and where they have been seen ([Shipping.Create],
// [Shipping.Mark]).
// Tables: shipping_zones, shipping_options, shipments, shipment_lines,
// tracking_events.
// Raises: nothing; orders, which composes what a parcel means for an order,
// raises its own events.
// Calls: nobody.
//
// One vendor's goods in one order are one parcel when it is priced. Later they
// may travel in several shipments, which re-prices nothing.
package shipping

import (
	"souk/internal/auth"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// Shipping is the carriage of goods.
type Shipping struct {
	DB postgres.DB

	cursors httpapi.Cursors
}

// CanRead and CanWrite are the rights of staff to zones and options.
const (
	CanRead  auth.Permission = "shipping.read"
	CanWrite auth.Permission = "shipping.write"
)

// Permissions lists what this module asks for.
func Permissions() []auth.Permission { return []auth.Permission{CanRead, CanWrite} }

// Routes mounts what staff do with zones and options.
func (s *Shipping) Routes(r *httpapi.Router) {
	s.cursors = r.Cursors
	s.zoneRoutes(r)
	s.optionRoutes(r)
}
