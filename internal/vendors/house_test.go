package vendors

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
)

func TestTheHouseIsMadeOnceAndSellsForNoCommission(t *testing.T) {
	t.Parallel()
	v := open(pgtest.DB(t))
	v.ShopName = "Käthe's Market"
	var (
		wait sync.WaitGroup
		mine [4]Vendor
		errs [4]error
	)
	for i := range mine {
		wait.Go(func() {
			errs[i] = postgres.InTx(t.Context(), v.DB, func(tx pgx.Tx) (err error) {
				mine[i], err = v.House(t.Context(), tx)
				return err
			})
		})
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	want := Vendor{ID: mine[0].ID, Slug: "kathes-market", Name: "Käthe's Market", Status: StatusActive, House: true, CreatedAt: noon, UpdatedAt: noon, Version: 1}
	for _, got := range mine {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if names := raised(t, v); !cmp.Equal(names, []string{"vendors.changed"}) {
		t.Errorf("raised %v", names)
	}
}

func TestTheHouseIsNeitherSuspendedNorChargedACommission(t *testing.T) {
	t.Parallel()
	v := open(pgtest.Tx(t))
	v.ShopName = "Market"
	tx := v.DB.(pgx.Tx)
	house, err := v.House(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Suspend(t.Context(), tx, house.ID, ""); !errors.Is(err, ErrMove) {
		t.Errorf("suspended: %v, want ErrMove", err)
	}
	share, name := 1, "The Market"
	if _, err := v.Edit(t.Context(), tx, house.ID, house.Version, Profile{CommissionBPS: &share}); !errors.Is(err, errs.Validation) {
		t.Errorf("commission: %v, want a refusal", err)
	}
	if got, err := v.Edit(t.Context(), tx, house.ID, house.Version, Profile{Name: &name}); err != nil || got.Name != name {
		t.Errorf("named %q, %v", got.Name, err)
	}
}
