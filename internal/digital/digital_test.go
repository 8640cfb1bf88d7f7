package digital_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"souk/internal/catalog"
	"souk/internal/clock"
	"souk/internal/digital"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/inventory"
	"souk/internal/platform/blob"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// shop is one vendor with one variant that nobody carries.
type shop struct {
	*digital.Goods
	t       *testing.T
	vendor  id.Vendor
	variant id.Variant
}

func open(t *testing.T) *shop {
	t.Helper()
	db := pgtest.Tx(t)
	files, err := blob.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	at := clock.At(clock.System{}.Now())
	s := &shop{t: t, vendor: id.New[id.Vendor](), variant: id.New[id.Variant](), Goods: &digital.Goods{
		DB: db, Clock: at, Stock: &inventory.Stock{DB: db, Clock: at}, Blobs: files, Vault: vault.New(make([]byte, 32)),
		LinkKey: []byte("links"), HashKey: []byte("keys"),
	}}
	s.exec(`INSERT INTO vendors (id, slug, name, status) VALUES (@vendor, @vendor::uuid::text, 'Vendor', 'active')`)
	s.exec(`INSERT INTO products (id, vendor_id, slug, title) VALUES (@variant, @vendor, @variant::uuid::text, 'Song')`)
	s.exec(`INSERT INTO variants (id, product_id, vendor_id, title, requires_shipping) VALUES (@variant, @variant, @vendor, 'Song', false)`)
	return s
}

// exec runs a statement that may name the vendor and the variant.
func (s *shop) exec(sql string) {
	s.t.Helper()
	if err := s.try(func(tx pgx.Tx) error { return s.run(tx, sql) }); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) run(tx pgx.Tx, sql string) error {
	args := pgx.NamedArgs{}
	for name, value := range map[string]any{"vendor": s.vendor, "variant": s.variant} {
		if strings.Contains(sql, "@"+name) {
			args[name] = value
		}
	}
	_, err := postgres.Exec(s.t.Context(), tx, sql, args)
	return err
}

func (s *shop) try(fn func(tx pgx.Tx) error) error { return postgres.InTx(s.t.Context(), s.DB, fn) }

func (s *shop) addKeys(keys ...string) (added digital.Added, err error) {
	err = s.try(func(tx pgx.Tx) (err error) {
		added, err = s.AddKeys(s.t.Context(), tx, s.vendor, s.variant, keys)
		return err
	})
	return added, err
}

func (s *shop) upload(name, content string) (digital.File, error) {
	s.t.Helper()
	file, err := blob.Scratch()
	if err == nil {
		_, err = file.WriteString(content)
	}
	if err == nil {
		_, err = file.Seek(0, 0)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer func(file *os.File) { _ = file.Close() }(file)
	return s.AddFile(s.t.Context(), s.vendor, s.variant, name, file, int64(len(content)))
}

func (s *shop) count(sql string) int {
	s.t.Helper()
	n, err := postgres.Scalar[int](s.t.Context(), s.DB, sql, pgx.NamedArgs{"variant": s.variant})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *shop) want(what string, err error, want *errs.Error) {
	s.t.Helper()
	if !errors.Is(err, want) {
		s.t.Errorf("%s: %v, want %s", what, err, want.Code)
	}
}

const onHand = `SELECT coalesce(sum(on_hand), 0)::int FROM stock_levels WHERE variant_id = @variant`

func TestKeysAreTheStock(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	added, err := s.addKeys("A-1111", " A-2222 ", "A-1111")
	if want := (digital.Added{Added: 2, Duplicates: 1}); err != nil || added != want || s.count(onHand) != 2 {
		t.Fatalf("%+v, %v and %d on hand; want %+v and 2", added, err, s.count(onHand), want)
	}
	if added, err = s.addKeys("A-2222", "A-3333"); err != nil || added.Added != 1 || s.count(onHand) != 3 {
		t.Errorf("%+v, %v and %d on hand; want 1 more", added, err, s.count(onHand))
	}
	_, err = s.addKeys("")
	s.want("an empty key", err, errs.Validation)
	_, err = s.addKeys("two\nlines")
	s.want("two lines", err, errs.Validation)

	adjust := func(tx pgx.Tx) error {
		_, err := s.Stock.Adjust(ctx, tx, s.vendor, inventory.Adjustment{Variant: s.variant, Delta: 5, Reason: "count"})
		return err
	}
	s.want("counting keys", s.try(adjust), inventory.ErrSerialised)
	if err := s.try(func(tx pgx.Tx) error {
		changed, left, err := s.Stock.SetLevels(ctx, tx, []inventory.Count{{Vendor: s.vendor, Variant: s.variant, OnHand: 9}}, "import")
		if len(changed) != 0 || len(left) != 1 {
			t.Errorf("an import changed %v and left %v alone", changed, left)
		}
		return err
	}); err != nil || s.count(onHand) != 3 {
		t.Errorf("%v, %d on hand; want 3", err, s.count(onHand))
	}

	var keys []id.LicenceKey
	keys, err = postgres.Column[id.LicenceKey](ctx, s.DB, `SELECT id FROM licence_keys WHERE variant_id = @variant ORDER BY id`, pgx.NamedArgs{"variant": s.variant})
	if err != nil {
		t.Fatal(err)
	}
	revoke := func(tx pgx.Tx) error { return s.RevokeKey(ctx, tx, s.vendor, s.variant, keys[0]) }
	if err := s.try(revoke); err != nil || s.count(onHand) != 2 {
		t.Errorf("%v, %d on hand; want 2", err, s.count(onHand))
	}
	s.want("a key that was withdrawn", s.try(revoke), digital.ErrKeySold)
	s.want("another's key", s.try(func(tx pgx.Tx) error {
		return s.RevokeKey(ctx, tx, id.New[id.Vendor](), s.variant, keys[1])
	}), catalog.ErrNoVariant)
	s.exec(`UPDATE stock_levels SET allocated = 2 WHERE variant_id = @variant`)
	s.want("a key that an order waits for", s.try(func(tx pgx.Tx) error {
		return s.RevokeKey(ctx, tx, s.vendor, s.variant, keys[1])
	}), inventory.ErrPromised)
}

func TestKeysStandNowhereInTheClear(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.addKeys("QQQQ-WWWW-EEEE-RRRR"); err != nil {
		t.Fatal(err)
	}
	row, err := postgres.Scalar[[]byte](t.Context(), s.DB, `SELECT convert_to(k::text, 'UTF8') || k.sealed || k.digest FROM licence_keys k WHERE variant_id = @variant`,
		pgx.NamedArgs{"variant": s.variant})
	if err != nil || bytes.Contains(row, []byte("WWWW")) {
		t.Errorf("%v: %q", err, row)
	}
}

// Counted units are no keys, and what is carried is no download.
func TestOneVariantIsSoldOneWay(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	five := func(tx pgx.Tx) error {
		_, err := s.Stock.Adjust(ctx, tx, s.vendor, inventory.Adjustment{Variant: s.variant, Delta: 5, Reason: "receive"})
		return err
	}
	if err := s.try(five); err != nil {
		t.Fatal(err)
	}
	_, err := s.addKeys("A-1111")
	s.want("keys beside counted stock", err, inventory.ErrCounted)
	s.exec(`UPDATE variants SET requires_shipping = true WHERE id = @variant`)
	_, err = s.upload("a.txt", "a")
	s.want("a file of what is shipped", err, digital.ErrShipped)
	s.exec(`UPDATE variants SET requires_shipping = false, tracked = false WHERE id = @variant`)
	_, err = s.addKeys("A-1111")
	s.want("keys of what is not counted", err, inventory.ErrNotTracked)
	if _, err := s.upload("a.txt", "a"); err != nil {
		t.Fatal(err)
	}
	s.want("shipping a file", s.try(func(tx pgx.Tx) error {
		return s.run(tx, `UPDATE variants SET requires_shipping = true WHERE id = @variant`)
	}), digital.ErrHasGoods)
}

// Whichever comes second is refused: the file, the key or the bundle.
func TestWhatIsDigitalIsInNoBundle(t *testing.T) {
	t.Parallel()
	bundle := `
		INSERT INTO variants (id, product_id, vendor_id, title, options, bundle) VALUES (md5(@vendor::uuid::text)::uuid, @variant, @vendor, 'Set', '{set}', 'fixed');
		INSERT INTO variant_components (bundle_id, component_id, quantity) VALUES (md5(@vendor::uuid::text)::uuid, @variant, 1)`
	s := open(t)
	if _, err := s.upload("a.txt", "a"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range strings.Split(bundle, ";") {
		err := s.try(func(tx pgx.Tx) error { return s.run(tx, sql) })
		if strings.Contains(sql, "variant_components") {
			s.want("a bundle of it", err, digital.ErrInBundle)
		}
	}
	s = open(t)
	for _, sql := range strings.Split(bundle, ";") {
		s.exec(sql)
	}
	_, err := s.upload("a.txt", "a")
	s.want("a file of a part", err, digital.ErrInBundle)
	_, err = s.addKeys("A-1111")
	s.want("a key of a part", err, digital.ErrInBundle)
}

func TestNamesOfFiles(t *testing.T) {
	t.Parallel()
	s := open(t)
	for given, want := range map[string]string{
		"manual.pdf": "manual.pdf", "../../etc/passwd": "passwd", `C:\books\bees.epub`: "bees.epub", ".htaccess": "htaccess",
		"Über\r\nBienen.pdf": "ÜberBienen.pdf", `"><script>.txt`: "script.txt",
	} {
		f, err := s.upload(given, "x")
		if err != nil || f.Name != want {
			t.Errorf("%q is kept as %q, %v; want %q", given, f.Name, err, want)
		}
	}
	for _, bad := range []string{"", "..", "/", strings.Repeat("a", 201)} {
		_, err := s.upload(bad, "x")
		s.want(fmt.Sprintf("%.20q", bad), err, errs.Validation)
	}
	_, err := s.upload("empty.txt", "")
	s.want("an empty file", err, errs.Validation)
}

// What nobody may have is removed: from the store, too.
func TestFilesThatNobodyMayHaveAreRemoved(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	kept, err := s.upload("kept.txt", "kept")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := s.upload("gone.txt", "gone")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.try(func(tx pgx.Tx) error { return s.RemoveFile(ctx, tx, s.vendor, s.variant, gone.ID) }); err != nil {
		t.Fatal(err)
	}
	sweep := func() {
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if n := s.count(`SELECT count(*)::int FROM digital_files WHERE variant_id = @variant`); n != 2 {
		t.Errorf("%d files; an order of yesterday may need the removed one", n)
	}
	s.exec(`UPDATE digital_files SET changed_at = now() - interval '31 days' WHERE variant_id = @variant`)
	sweep()
	for file, want := range map[digital.File]bool{kept: true, gone: false} {
		there, err := s.Blobs.Exists(ctx, "digital/"+file.File)
		if err != nil || there != want {
			t.Errorf("%s is there: %t, %v; want %t", file.Name, there, err, want)
		}
	}
}

// A new master key seals keys anew, and still tells those that are there.
func TestKeysAreSealedAnew(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	if _, err := s.addKeys("A-1111", "A-2222"); err != nil {
		t.Fatal(err)
	}
	s.Vault, s.HashKey = vault.New(bytes.Repeat([]byte{1}, 32), make([]byte, 32)), []byte("new")
	for _, want := range []int{2, 0} {
		err := s.try(func(tx pgx.Tx) error {
			n, err := s.Reseal(ctx, tx)
			if n != want {
				t.Errorf("%d keys were sealed anew, want %d", n, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Vault = vault.New(bytes.Repeat([]byte{1}, 32))
	if added, err := s.addKeys("A-2222"); err != nil || added.Duplicates != 1 {
		t.Errorf("%+v, %v: want a duplicate", added, err)
	}
}
