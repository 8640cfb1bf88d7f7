package tax

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/postgres"
)

// An Exemption says that a user pays no tax somewhere, as a certificate proves
// that staff have seen.
type Exemption struct {
	ID          id.TaxExemption `db:"id" json:"id"`
	User        id.User         `db:"user_id" json:"user_id"`
	Certificate string          `db:"certificate" json:"certificate" example:"CA-SR-102-554433"`
	Countries   []string        `db:"countries" json:"countries"`
	Regions     []string        `db:"regions" json:"regions" doc:"None: all of the countries"`
	ValidUntil  *time.Time      `db:"valid_until" json:"valid_until,omitempty" format:"date-time" doc:"The last day, in UTC; absent is for good"`
	DecidedBy   string          `db:"decided_by" json:"decided_by" doc:"Who of the staff"`
	CreatedAt   time.Time       `db:"created_at" json:"created_at"`
	RevokedAt   *time.Time      `db:"revoked_at" json:"revoked_at,omitempty"`
}

var (
	// ErrNoUser says that there is no such user.
	ErrNoUser = errs.New(errs.NotFound, "not_found", "There is no such user.")
	// ErrNoExemption says that the user has no such exemption.
	ErrNoExemption = errs.New(errs.NotFound, "not_found", "There is no such exemption.")
)

func init() { postgres.Name("tax_exemptions_user_id_fkey", ErrNoUser) }

func (e *Exemption) check(today time.Time) error {
	var bad errs.Fields
	e.Certificate = strings.TrimSpace(e.Certificate)
	bad.Require(e.Certificate != "" && utf8.RuneCountInString(e.Certificate) <= 100 && !strings.ContainsFunc(e.Certificate, unicode.IsControl),
		"/certificate", "invalid", "Give the number of the certificate: one line of at most 100 characters.")
	e.Countries, e.Regions = tidyPlaces(e.Countries), tidyPlaces(e.Regions)
	for _, c := range e.Countries {
		bad.Require(isCountry(c), "/countries", "invalid", "A country is two letters of ISO 3166-1.")
	}
	bad.Require(len(e.Regions) == 0 || len(e.Countries) == 1, "/regions", "invalid", "Regions are of one country.")
	for _, region := range e.Regions {
		bad.Require(region != "" && len(region) <= 60, "/regions", "invalid", "A region has 1 to 60 letters.")
	}
	bad.Require(e.ValidUntil == nil || !e.ValidUntil.Before(today), "/valid_until", "past", "This day is over. Leave it out for good.")
	return bad.Err()
}

func (z *Zones) exemptionRoutes(r *httpapi.Router) {
	const path = "/api/v1/admin/users/{user}/tax-exemptions"
	httpapi.Get(r, path, z.listExemptions, httpapi.Needs(CanRead), httpapi.Summary("List where a user is exempt from tax"))
	httpapi.Post(r, path, z.exempt, httpapi.Needs(CanWrite), httpapi.Status(http.StatusCreated), httpapi.Summary("Exempt a user from tax"),
		httpapi.Describe("From now on the user's carts that go there are not taxed, and their orders name the certificate."))
	httpapi.Delete(r, path+"/{exemption}", z.revoke, httpapi.Needs(CanWrite), httpapi.Summary("End an exemption"),
		httpapi.Describe("It stays in the list with the time. Placed orders keep their tax."))
}

type userInput struct {
	User id.User `path:"user"`
}

func (z *Zones) listExemptions(ctx context.Context, in *userInput) (httpapi.List[Exemption], error) {
	known, err := postgres.Scalar[bool](ctx, z.DB, `SELECT EXISTS (SELECT FROM users WHERE id = @user)`, pgx.NamedArgs{"user": in.User})
	switch {
	case err != nil:
		return httpapi.List[Exemption]{}, fmt.Errorf("look for user %s: %w", in.User, err)
	case !known:
		return httpapi.List[Exemption]{}, ErrNoUser
	}
	list, err := postgres.All[Exemption](ctx, z.DB, exemptionColumns+`WHERE user_id = @user ORDER BY id DESC LIMIT 1000`, pgx.NamedArgs{"user": in.User})
	return httpapi.List[Exemption]{Data: list}, err
}

type exemptInput struct {
	User id.User `path:"user"`
	Body struct {
		Certificate string   `json:"certificate" minLength:"1" maxLength:"100"`
		Countries   []string `json:"countries" minItems:"1" maxItems:"60"`
		Regions     []string `json:"regions,omitempty" maxItems:"100" doc:"Of one country; none is all of it"`
		ValidUntil  string   `json:"valid_until,omitempty" format:"date" doc:"The last day, in UTC; left out is for good"`
	}
}

func (z *Zones) exempt(ctx context.Context, tx pgx.Tx, in *exemptInput) (Exemption, error) {
	e := Exemption{
		ID: id.New[id.TaxExemption](), User: in.User, Certificate: in.Body.Certificate, Countries: in.Body.Countries, Regions: in.Body.Regions,
		DecidedBy: auth.From(ctx).Name(),
	}
	if in.Body.ValidUntil != "" {
		day, err := time.Parse(time.DateOnly, in.Body.ValidUntil)
		if err != nil {
			return Exemption{}, errs.Validation.Field("/valid_until", "invalid", "This is not a day, such as 2027-12-31.")
		}
		e.ValidUntil = &day
	}
	if err := e.check(z.Clock.Now().UTC().Truncate(24 * time.Hour)); err != nil {
		return Exemption{}, err
	}
	made, err := postgres.Get[Exemption](ctx, tx, `
		INSERT INTO tax_exemptions (id, user_id, certificate, countries, regions, valid_until, decided_by)
		VALUES (@id, @user, @certificate, @countries, @regions, @until, @by)
		RETURNING id, user_id, certificate, countries, regions, valid_until, decided_by, created_at, revoked_at`,
		pgx.NamedArgs{
			"id": e.ID, "user": e.User, "certificate": e.Certificate, "countries": e.Countries, "regions": e.Regions, "until": e.ValidUntil, "by": e.DecidedBy,
		})
	if err != nil {
		return Exemption{}, fmt.Errorf("exempt user %s: %w", e.User, err)
	}
	return made, nil
}

type revokeInput struct {
	User      id.User         `path:"user"`
	Exemption id.TaxExemption `path:"exemption"`
}

func (z *Zones) revoke(ctx context.Context, tx pgx.Tx, in *revokeInput) (httpapi.Empty, error) {
	before, err := postgres.Get[Exemption](ctx, tx, exemptionColumns+`WHERE id = @id AND user_id = @user`, pgx.NamedArgs{"id": in.Exemption, "user": in.User})
	switch {
	case errors.Is(err, postgres.ErrNoRow):
		return httpapi.Empty{}, ErrNoExemption
	case err != nil:
		return httpapi.Empty{}, fmt.Errorf("read tax exemption %s: %w", in.Exemption, err)
	}
	httpapi.Before(ctx, before)
	_, err = postgres.Exec(ctx, tx, `UPDATE tax_exemptions SET revoked_at = coalesce(revoked_at, now()) WHERE id = @id`, pgx.NamedArgs{"id": in.Exemption})
	return httpapi.Empty{}, err
}

const exemptionColumns = `SELECT id, user_id, certificate, countries, regions, valid_until, decided_by, created_at, revoked_at FROM tax_exemptions `
