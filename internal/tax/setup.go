package tax

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/outbound"
)

// Setup is how the engine is set up that is asked instead of the table.
type Setup struct {
	Name      string            `db:"name" json:"engine" enum:"table,taxjar"`
	Enabled   bool              `db:"enabled" json:"-"`
	BaseURL   string            `db:"base_url" json:"base_url,omitempty"`
	Sealed    []byte            `db:"key_sealed" json:"-"`
	HasKey    bool              `db:"-" json:"has_key" doc:"Whether a key is kept. It is never shown."`
	Countries []string          `db:"countries" json:"countries,omitempty" doc:"Where goods go that it is asked about; of others the table knows the tax"`
	OnFailure string            `db:"on_failure" json:"on_failure,omitempty" enum:"refuse,table" doc:"What becomes of carts while it does not answer: they cannot be ordered, or the table stands in"`
	TimeoutMS int               `db:"timeout_ms" json:"timeout_ms,omitempty"`
	Codes     map[string]string `db:"codes" json:"product_tax_codes,omitempty" doc:"What it calls our tax classes"`
	UpdatedAt time.Time         `db:"updated_at" json:"updated_at,omitzero"`
	Version   int64             `db:"version" json:"-"`
}

func (s Setup) sealedFor() string { return "tax engine " + s.Name }

// shown is s for staff: with none, or one that is switched off, the table
// reckons.
func (s Setup) shown() Setup {
	s.HasKey = s.Sealed != nil
	if !s.Enabled {
		s.Name = "table"
	}
	return s
}

// engine is the one that s says.
func (z *Zones) engine(s Setup) (Engine, error) {
	key, err := z.Vault.Open(s.sealedFor(), s.Sealed)
	if err != nil {
		return nil, err
	}
	return taxJar{client: z.client(s.TimeoutMS), baseURL: s.BaseURL, key: string(key), codes: s.Codes}, nil
}

// client is one for all who wait as long: it knows which engine hangs, and keeps
// its connections.
func (z *Zones) client(timeout int) *outbound.Client {
	kept, _ := z.clients.LoadOrStore(timeout, &outbound.Client{AllowPrivate: z.Outbound.AllowPrivate, Timeout: time.Duration(timeout) * time.Millisecond})
	return kept.(*outbound.Client) //nolint:forcetypeassert // there is nothing else in it
}

func (z *Zones) engineRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/tax/engine", z.showEngine, httpapi.Needs(CanRead), httpapi.ID("admin-get-tax-engine"), httpapi.Summary("Show who reckons tax"))
	httpapi.Put(r, "/api/v1/admin/tax/engine", z.setEngine, httpapi.Needs(CanWrite), httpapi.ID("admin-set-tax-engine"), httpapi.Status(http.StatusOK),
		httpapi.Summary("Choose who reckons tax"),
		httpapi.Describe("The shop's own table of zones and rates, or TaxJar for goods that go to certain countries, in US dollars. "+
			"What is left out stays as it was, but a new base_url needs the key again: it would be sent there."))
}

func (z *Zones) showEngine(ctx context.Context, _ *struct{}) (Setup, error) {
	s, err := readSetup(ctx, z.DB)
	return s.shown(), err
}

type setEngineInput struct {
	Body struct {
		Engine    string             `json:"engine" enum:"table,taxjar"`
		BaseURL   *string            `json:"base_url,omitempty" maxLength:"200" example:"https://api.taxjar.com"`
		Key       *string            `json:"api_key,omitempty" maxLength:"200"`
		Countries *[]string          `json:"countries,omitempty" minItems:"1" maxItems:"60" doc:"US unless told"`
		OnFailure *string            `json:"on_failure,omitempty" enum:"refuse,table" doc:"refuse unless told"`
		TimeoutMS *int               `json:"timeout_ms,omitempty" minimum:"100" maximum:"30000" doc:"3000 unless told"`
		Codes     *map[string]string `json:"product_tax_codes,omitempty" maxProperties:"100"`
	}
}

func (z *Zones) setEngine(ctx context.Context, tx pgx.Tx, in *setEngineInput) (Setup, error) {
	s, err := lockSetup(ctx, tx)
	if err != nil {
		return Setup{}, err
	}
	if s.Name == "" {
		s = Setup{Name: taxJarName, BaseURL: taxJarURL, Countries: []string{"US"}, OnFailure: "refuse", TimeoutMS: 3000, Codes: map[string]string{}}
	}
	httpapi.Before(ctx, s.shown())
	b := &in.Body
	s.Enabled = b.Engine == taxJarName
	var bad errs.Fields
	moved := b.BaseURL != nil && *b.BaseURL != s.BaseURL
	set(&s.BaseURL, b.BaseURL)
	set(&s.OnFailure, b.OnFailure)
	set(&s.TimeoutMS, b.TimeoutMS)
	set(&s.Codes, b.Codes)
	if b.Countries != nil {
		s.Countries = tidyPlaces(*b.Countries)
	}
	if moved {
		s.Sealed = nil
	}
	if b.Key != nil && *b.Key != "" {
		s.Sealed = z.Vault.Seal(s.sealedFor(), []byte(*b.Key))
	}
	for _, c := range s.Countries {
		bad.Require(isCountry(c), "/countries", "invalid", "A country is two letters of ISO 3166-1.")
	}
	bad.Require(z.Outbound.Check(s.BaseURL) == nil, "/base_url", "invalid", outbound.ErrRefused.Message)
	bad.Require(s.Sealed != nil || !s.Enabled && !moved, "/api_key", "required", "Send the key that TaxJar gave you.")
	if err := bad.Err(); err != nil {
		return Setup{}, err
	}
	if s.Sealed == nil {
		return s.shown(), nil // the table reckons, as ever: there is nothing to keep
	}
	if err := writeSetup(ctx, tx, s); err != nil {
		return Setup{}, err
	}
	s, err = readSetup(ctx, tx)
	return s.shown(), err
}
