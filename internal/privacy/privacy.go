// Package privacy gives people a copy of what the shop knows of them, and sees
// to it that it is forgotten when they leave.
//
// Owns: exports ([Privacy.Ask], [Privacy.Make]) and the signed links to them; the list of
// every column that tells of somebody, with what becomes of it ([Inventory]).
// Tables: data_exports. It reads all others.
// Raises: [ExportAsked], [ExportReady].
// Calls: accounts, whose event Erased each module that keeps something of a
// user answers by dropping it; the subscribers stand in the roof.
//
// How long what is kept, and why, is told to operators in docs/privacy.md.
package privacy

import (
	"time"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// CanExport lets staff make a copy of somebody's data for them.
const CanExport auth.Permission = "privacy.export"

// Permissions lists what this module declares.
func Permissions() []auth.Permission { return []auth.Permission{CanExport} }

// Privacy is the copies of people's data.
type Privacy struct {
	DB      postgres.DB
	Clock   clock.Clock
	Blobs   blob.Store
	BaseURL string // of the shop, without a slash at its end
	LinkKey httpapi.LinkKey
}

const (
	exportLife = 24 * time.Hour // of a copy, once it is made
	makingLife = 48 * time.Hour // then one that was not made may be asked for again
)

var (
	// ErrNoExport says that there is no copy, or that it is somebody else's.
	ErrNoExport = errs.New(errs.NotFound, "export_not_found", "There is no such copy. Ask for one.")
	// ErrExportThere says that one copy a day is made.
	ErrExportThere = errs.New(errs.Conflict, "export_exists", "There is a copy already, or one is being made. You can ask again a day after it was made.")
	// ErrExportExpired says that a link was good once.
	ErrExportExpired = errs.New(errs.Gone, "export_expired", "This link has expired. Ask for a new copy.")
)

// Routes mounts what people and staff do with copies.
func (p *Privacy) Routes(r *httpapi.Router) { p.exportRoutes(r) }
