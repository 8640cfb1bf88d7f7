package shipping

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (s *Shipping) zoneRoutes(r *httpapi.Router) {
	httpapi.Get(r, "/api/v1/admin/shipping/zones", s.listZones, httpapi.Needs(CanRead), httpapi.Summary("List shipping zones"))
	httpapi.Post(r, "/api/v1/admin/shipping/zones", s.createZone, httpapi.Needs(CanWrite), httpapi.Status(201), httpapi.Summary("Make a shipping zone"))
	httpapi.Get(r, "/api/v1/admin/shipping/zones/{zone}", s.showZone, httpapi.Needs(CanRead), httpapi.Summary("Show a shipping zone"))
	httpapi.Patch(r, "/api/v1/admin/shipping/zones/{zone}", s.editZone, httpapi.Needs(CanWrite), httpapi.Summary("Edit a shipping zone"))
	httpapi.Delete(r, "/api/v1/admin/shipping/zones/{zone}", s.deleteZone, httpapi.Needs(CanWrite), httpapi.Summary("Remove a shipping zone that has no options"))
}

type listZonesInput struct{ httpapi.Page }

func (s *Shipping) listZones(ctx context.Context, in *listZonesInput) (httpapi.List[Zone], error) {
	var after string
	if err := s.cursors.Open(httpapi.Scope(ctx), in.After, &after); err != nil {
		return httpapi.List[Zone]{}, err
	}
	zones, err := listZones(ctx, s.DB, after, in.Limit+1)
	if err != nil {
		return httpapi.List[Zone]{}, err
	}
	page := httpapi.ListOf(s.cursors, httpapi.Scope(ctx), zones, in.Limit, func(z Zone) any { return z.Name })
	if in.WantsTotal() {
		total, err := countZones(ctx, s.DB)
		if err != nil {
			return page, err
		}
		page.TotalCount = &total
	}
	return page, nil
}

type zoneInput struct {
	Zone id.ShipZone `path:"zone"`
}

func (s *Shipping) showZone(ctx context.Context, in *zoneInput) (Zone, error) {
	return getZone(ctx, s.DB, in.Zone)
}

type createZoneInput struct {
	Body struct {
		Name      string   `json:"name" minLength:"1" maxLength:"100"`
		Countries []string `json:"countries" minItems:"1" maxItems:"300" doc:"ISO 3166-1 alpha-2 codes, or * for everywhere"`
	}
}

func (s *Shipping) createZone(ctx context.Context, tx pgx.Tx, in *createZoneInput) (Zone, error) {
	zone := Zone{ID: id.New[id.ShipZone](), Name: in.Body.Name, Countries: in.Body.Countries, Version: 1}
	if err := zone.tidy(); err != nil {
		return Zone{}, err
	}
	return zone, insertZone(ctx, tx, zone)
}

type editZoneInput struct {
	Zone id.ShipZone `path:"zone"`
	httpapi.IfMatch
	Body struct {
		Name      *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Countries *[]string `json:"countries,omitempty" minItems:"1" maxItems:"300"`
	}
}

func (s *Shipping) editZone(ctx context.Context, tx pgx.Tx, in *editZoneInput) (Zone, error) {
	zone, err := lockZone(ctx, tx, in.Zone)
	if err != nil {
		return Zone{}, err
	}
	if err := in.Check(zone.ETag()); err != nil {
		return Zone{}, err
	}
	set(&zone.Name, in.Body.Name)
	set(&zone.Countries, in.Body.Countries)
	if err := zone.tidy(); err != nil {
		return Zone{}, err
	}
	zone.Version++
	return zone, updateZone(ctx, tx, zone)
}

type deleteZoneInput struct {
	Zone id.ShipZone `path:"zone"`
	httpapi.IfMatch
}

func (s *Shipping) deleteZone(ctx context.Context, tx pgx.Tx, in *deleteZoneInput) (httpapi.Empty, error) {
	zone, err := lockZone(ctx, tx, in.Zone)
	if err != nil {
		return httpapi.Empty{}, err
	}
	if err := in.Check(zone.ETag()); err != nil {
		return httpapi.Empty{}, err
	}
	removed, err := removeZone(ctx, tx, zone.ID)
	if err == nil && !removed {
		err = ErrZoneInUse
	}
	return httpapi.Empty{}, err
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
