// Package digital is goods that nobody carries: files and licence keys of
// variants, and what the buyers of them may have.
//
// Owns: files and how they are kept and downloaded (file.go, link.go), licence
// keys (key.go), grants (grant.go).
// Tables: digital_files, licence_keys, digital_grants.
// Raises: nothing. Calls: inventory (free keys are the stock), orders (whose an
// order is), vault (seals keys), blob, settings.
//
// A variant is digital once it has a file or a key; it must not be one that is
// shipped. When goods are handed over is checkout's to say: it calls
// [Goods.Grant] once an order is paid for, and [Goods.RevokeAll] when the money
// has gone back.
//
// A key is granted to one order line. It is free, then granted, and free again
// only if its grant is revoked before anybody has seen it.
//
// Locks: the variant, to add; the order, its grants, the stock, keys by id, to
// hand over and take back.
package digital

import (
	"time"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/inventory"
	"souk/internal/orders"
	"souk/internal/platform/blob"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
	"souk/internal/platform/vault"
)

// Goods is the files and keys of the shop.
type Goods struct {
	DB       postgres.DB
	Clock    clock.Clock
	Settings *settings.Settings
	Stock    *inventory.Stock
	Orders   *orders.Orders
	Blobs    blob.Store
	Vault    *vault.Vault
	BaseURL  string // of the shop, without a slash at its end
	LinkKey  httpapi.LinkKey
	HashKey  []byte // tells equal keys

	cursors httpapi.Cursors
}

// What staff may decide about downloads. It is frozen on each grant.
var (
	DownloadLimitSetting = settings.Value[int]{
		Key: "digital.download_limit", Help: "How often a buyer may download a file; 0 is any number of times.",
		Default: 10, Check: func(n int) bool { return 0 <= n && n <= 1000 }, Rule: "Give a number from 0 to 1000.",
	}
	DownloadDaysSetting = settings.Value[int]{
		Key: "digital.download_days", Help: "For how many days a buyer may download a file; 0 is for good.",
		Default: 0, Check: func(days int) bool { return 0 <= days && days <= 36500 }, Rule: "Give a number from 0 to 36500.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared {
	return []settings.Declared{DownloadLimitSetting, DownloadDaysSetting}
}

const (
	// MaxFile is the largest file that is taken, in bytes.
	MaxFile = 512 << 20

	maxFiles   = 50   // of a variant
	maxKeys    = 1000 // added at once
	longestKey = 1000 // letters
	linkLife   = 15 * time.Minute
	removedFor = 30 * 24 * time.Hour // an order that is not paid yet may still need a file
	strayFor   = time.Hour           // an upload that never ended
)

var (
	// ErrShipped says that a variant is carried to its buyers.
	ErrShipped = errs.New(errs.Conflict, "not_digital", "This variant is shipped. Set requires_shipping to false first.")
	// ErrHasGoods says that a variant has files or keys.
	ErrHasGoods = errs.New(errs.Conflict, "variant_is_digital", "This variant has files or licence keys: it is not shipped, and keys stay counted.")
	// ErrInBundle says that nobody would hand a part of a bundle over.
	ErrInBundle = errs.New(errs.Conflict, "digital_in_bundle", "Files, licence keys and gift cards are not sold in bundles. Sell the variant by itself.")
	// ErrNoFile says that a variant has no such file, or that it is another's.
	ErrNoFile = errs.New(errs.NotFound, "file_not_found", "There is no such file.")
	// ErrManyFiles bounds the files of a variant.
	ErrManyFiles = errs.New(errs.Conflict, "too_many_files", "A variant has 50 files at most. Put several into one archive.")
	// ErrNoKey says that a variant has no such key, or that it is another's.
	ErrNoKey = errs.New(errs.NotFound, "licence_key_not_found", "There is no such licence key.")
	// ErrKeySold says that a key is an order's, or has been withdrawn already.
	ErrKeySold = errs.New(errs.Conflict, "licence_key_not_free", "Only a key that is not sold yet can be withdrawn. Revoke the grant of a sold one.")
	// ErrNoGrant says that an order has no such grant.
	ErrNoGrant = errs.New(errs.NotFound, "grant_not_found", "There is no such file or licence key in this order.")
	// ErrRevoked says that a buyer has the money back.
	ErrRevoked = errs.New(errs.Gone, "grant_revoked", "This was withdrawn, for example because it was paid back.")
	// ErrExpired says that a file could be downloaded for some time only.
	ErrExpired = errs.New(errs.Gone, "grant_expired", "The time to download this file has run out. Ask the shop.")
	// ErrUsedUp says that a file was downloaded as often as is allowed.
	ErrUsedUp = errs.New(errs.Conflict, "download_limit", "This file has been downloaded as often as it may be. Ask the shop.")
)

func init() {
	postgres.Name("variants_stay_digital", ErrHasGoods)
	postgres.Name("digital_is_no_bundle", ErrInBundle)
}

// Routes mounts what vendors and staff do with goods, and buyers with grants.
func (g *Goods) Routes(r *httpapi.Router) {
	g.cursors = r.Cursors
	g.goodsRoutes(r)
	g.grantRoutes(r)
}
