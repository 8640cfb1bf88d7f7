package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/platform/outbound"
	"souk/internal/platform/postgres"
	"souk/internal/platform/vault"
)

// Accounts keeps what the shop needs to use its providers: where they are, its
// keys there, and when it takes the money.
type Accounts struct {
	DB       postgres.DB
	Clock    clock.Clock
	Vault    *vault.Vault
	Outbound *outbound.Client

	mu   sync.Mutex
	kept map[string]keptAccount // by provider
}

type keptAccount struct {
	account Account
	until   time.Time
}

// Memory is how old what a node knows of an account may be.
const Memory = time.Second

// Account is what the shop has at a provider.
type Account struct {
	Provider  string            `db:"provider" json:"provider"`
	Enabled   bool              `db:"enabled" json:"enabled"`
	Live      bool              `db:"live" json:"live" doc:"False while it is for trying things out"`
	BaseURL   string            `db:"base_url" json:"base_url"`
	Capture   CaptureWhen       `db:"capture" json:"capture" enum:"automatic,on_shipment"`
	Fields    map[string]string `db:"fields" json:"fields" doc:"What is not secret"`
	Sealed    []byte            `db:"secrets_sealed" json:"-"`
	RotatedAt *time.Time        `db:"rotated_at" json:"-"`
	UpdatedAt time.Time         `db:"updated_at" json:"updated_at"`
	Version   int64             `db:"version" json:"version"`

	secrets map[string]string
}

// CaptureWhen is when authorised money is taken.
type CaptureWhen string

// The moments of capture.
const (
	CaptureAutomatic  CaptureWhen = "automatic"   // as soon as the buyer has paid
	CaptureOnShipment CaptureWhen = "on_shipment" // when the first parcel leaves
)

// overlap is how long a secret that was replaced still proves notices: those
// that the provider had signed before.
const overlap = 24 * time.Hour

// Get is a field that is not secret.
func (a Account) Get(field string) string { return a.Fields[field] }

// Secret is a secret field, "" when it is not set.
func (a Account) Secret(field string) string { return a.secrets[field] }

// Secrets is a secret field and, for a day after it was replaced, what it was
// before.
func (a Account) Secrets(field string, now time.Time) []string {
	list := []string{a.secrets[field]}
	if a.RotatedAt != nil && now.Sub(*a.RotatedAt) < overlap {
		list = append(list, a.secrets[previous(field)])
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// rotate remembers a secret that is replaced now. Those that were before its time
// prove nothing any more, and must not begin to again.
func (a *Account) rotate(field string, now time.Time) {
	if a.RotatedAt == nil || now.Sub(*a.RotatedAt) >= overlap {
		maps.DeleteFunc(a.secrets, func(name, _ string) bool { return strings.HasSuffix(name, previous("")) })
	}
	a.secrets[previous(field)], a.RotatedAt = a.secrets[field], &now
}

func previous(field string) string { return field + ".previous" }

// ErrNoAccount says that the shop has no account with a provider, or does not
// use it at the moment.
var ErrNoAccount = errs.New(errs.Conflict, "provider_not_set_up", "The shop has no account with this provider. Set it up first.")

// Open is the account with a provider, at most a second old, with its secrets.
// One that is not enabled opens too: what was paid by it can still be given back.
func (a *Accounts) Open(ctx context.Context, provider string) (Account, error) {
	a.mu.Lock()
	kept, ok := a.kept[provider]
	a.mu.Unlock()
	now := a.Clock.Now()
	if ok && now.Before(kept.until) {
		return kept.account, kept.known()
	}
	account, err := a.read(ctx, a.DB, provider)
	if err != nil {
		return Account{}, err
	}
	a.mu.Lock()
	if a.kept == nil {
		a.kept = map[string]keptAccount{}
	}
	kept = keptAccount{account, now.Add(Memory)}
	a.kept[provider] = kept
	a.mu.Unlock()
	return account, kept.known()
}

func (k keptAccount) known() error {
	if k.account.Provider == "" {
		return ErrNoAccount
	}
	return nil
}

// Offered refuses, with [ErrMethod], what cannot be paid with a provider: its
// account is not set up or not enabled, or there is nothing to pay.
func (a *Accounts) Offered(ctx context.Context, provider string, o Offer) error {
	account, err := a.Open(ctx, provider)
	switch {
	case err != nil && !errors.Is(err, ErrNoAccount):
		return err
	case !account.Enabled:
		return ErrMethod.Field("/payment_method", "unavailable", "This way to pay is not offered here.")
	case o.Total.IsZero():
		return ErrMethod.Field("/payment_method", "nothing_to_pay", "This order costs nothing. Choose free.")
	}
	return nil
}

func (a *Accounts) sealedFor(provider string) string { return "payment provider " + provider }

// forget lets the next Open see what was changed just now.
func (a *Accounts) forget(provider string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.kept, provider)
}

// read is the account with a provider; the zero Account when there is none.
func (a *Accounts) read(ctx context.Context, db postgres.DB, provider string) (Account, error) {
	account, err := selectAccount(ctx, db, provider)
	if err != nil {
		return Account{}, err
	}
	return a.unsealed(account)
}

// lock is read for whoever changes it; a new one when there is none.
func (a *Accounts) lock(ctx context.Context, tx pgx.Tx, provider string) (Account, error) {
	account, err := lockAccount(ctx, tx, provider)
	if err != nil {
		return Account{}, err
	}
	if account.Provider == "" {
		account.Provider, account.Capture = provider, CaptureAutomatic
	}
	return a.unsealed(account)
}

func (a *Accounts) unsealed(account Account) (Account, error) {
	account.secrets = map[string]string{}
	if account.Sealed == nil {
		return account, nil
	}
	plain, err := a.Vault.Open(a.sealedFor(account.Provider), account.Sealed)
	if err != nil {
		return Account{}, fmt.Errorf("open keys of %s: %w", account.Provider, err)
	}
	if err := json.Unmarshal(plain, &account.secrets); err != nil {
		return Account{}, fmt.Errorf("read keys of %s: %w", account.Provider, err)
	}
	return account, nil
}

// Set writes an account down as it is, for those who make shops: demos, tests.
// The fields that are secret are told by the provider.
func (a *Accounts) Set(ctx context.Context, tx pgx.Tx, provider Online, account Account, fields map[string]string) error {
	account.Provider, account.secrets = provider.Method(), map[string]string{}
	if account.Capture == "" {
		account.Capture = CaptureAutomatic
	}
	if err := a.assign(&account, provider.Fields(), &fields); err != nil {
		return err
	}
	return a.write(ctx, tx, account)
}

func (a *Accounts) write(ctx context.Context, tx pgx.Tx, account Account) error {
	sealed, err := a.sealed(account)
	if err != nil {
		return err
	}
	defer a.forget(account.Provider)
	return writeAccount(ctx, tx, account, sealed)
}

// sealed is the secrets of an account as they are kept.
func (a *Accounts) sealed(account Account) ([]byte, error) {
	plain, err := json.Marshal(account.secrets)
	if err != nil {
		return nil, fmt.Errorf("write keys of %s: %w", account.Provider, err)
	}
	return a.Vault.Seal(a.sealedFor(account.Provider), plain), nil
}

// Reseal seals the keys of every account with the newest master key, and says how
// many there were.
func (a *Accounts) Reseal(ctx context.Context, tx pgx.Tx) (n int, err error) {
	list, err := lockAccounts(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, account := range list {
		sealed, old, err := a.Vault.Renew(a.sealedFor(account.Provider), account.Sealed)
		if err != nil {
			return n, fmt.Errorf("renew keys of %s: %w", account.Provider, err)
		}
		if !old {
			continue
		}
		if err := resealAccount(ctx, tx, account.Provider, sealed); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
