package tax

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// A preset is zones and rates as a government has published them.
type preset struct {
	Title    string       `json:"name"`
	Date     string       `json:"date"`
	Sources  []string     `json:"sources"`
	Note     string       `json:"note"`
	Included bool         `json:"included"` // prices hold the tax, unless staff say otherwise
	Zones    []presetZone `json:"zones"`
}

type presetZone struct {
	Key           string   `json:"key"`
	Name          string   `json:"name"`
	Countries     []string `json:"countries"`
	Regions       []string `json:"regions"`
	Prefixes      []string `json:"postal_prefixes"`
	ReverseCharge bool     `json:"reverse_charge"`
	OnTop         bool     `json:"on_top"` // whatever the others are: there is no tax to hold
	Rates         []Rate   `json:"rates"`
}

//go:embed presets
var presetFiles embed.FS

// presets are the ones that there are, by name.
var presets = map[string]preset{"eu-vat": readPreset("eu-vat"), "india-gst": readPreset("india-gst")}

func readPreset(name string) (p preset) {
	text, err := presetFiles.ReadFile("presets/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		panic(fmt.Sprintf("preset %s: %v", name, err)) // it is part of this program
	}
	return p
}

// Presets names what [Zones.Apply] knows.
func Presets() []string { return []string{"eu-vat", "india-gst"} }

// Applying says how a preset is wanted.
type Applying struct {
	Included *bool // prices hold the tax; as the preset says when nil
	DryRun   bool  // tell only
	Replace  bool  // also what was edited, or made by hand for the same place
}

// Applied is what a preset has made of the zones, or would make.
type Applied struct {
	Preset  string        `json:"preset"`
	Title   string        `json:"name"`
	Date    string        `json:"date" doc:"Of the rates"`
	Sources []string      `json:"sources"`
	Note    string        `json:"note"`
	DryRun  bool          `json:"dry_run" doc:"Nothing was changed"`
	Zones   []AppliedZone `json:"zones"`
}

// AppliedZone is what became of one zone.
type AppliedZone struct {
	ID     id.TaxZone `json:"id,omitzero"`
	Name   string     `json:"name"`
	Action string     `json:"action" enum:"create,update,replace,unchanged,keep" doc:"keep: somebody has edited it or made it by hand, so it stays as it is without replace"`
	Rates  []Rate     `json:"rates" doc:"What the preset has for it"`
	Had    []Rate     `json:"had,omitempty" doc:"What it has, or had, where that differs"`
}

// ErrNoPreset says that there is no such preset.
var ErrNoPreset = errs.New(errs.NotFound, "not_found", "There is no such preset.")

// Apply makes the zones and rates of a preset. It is safe to repeat: a zone that
// it has made and nobody has edited follows the preset, another stays as it is.
// A zone that somebody made by hand for just the same place counts as edited.
func (z *Zones) Apply(ctx context.Context, tx pgx.Tx, name string, how Applying) (Applied, error) {
	p, known := presets[name]
	if !known {
		return Applied{}, ErrNoPreset
	}
	done := Applied{Preset: name, Title: p.Title, Date: p.Date, Sources: p.Sources, Note: p.Note, DryRun: how.DryRun}
	all, err := lockAll(ctx, tx)
	if err != nil {
		return Applied{}, err
	}
	for _, made := range p.Zones {
		want := made.zone(name, p, how.Included)
		if err := want.tidy(); err != nil {
			return Applied{}, err
		}
		one, err := apply(ctx, tx, want, all, how)
		if err != nil {
			return Applied{}, err
		}
		done.Zones = append(done.Zones, one)
	}
	return done, nil
}

func (m presetZone) zone(preset string, p preset, included *bool) Zone {
	z := Zone{
		Name: m.Name, Countries: m.Countries, Regions: m.Regions, PostalPrefixes: m.Prefixes, ReverseCharge: m.ReverseCharge,
		Preset: preset + " " + m.Key, Rates: slices.Clone(m.Rates), Terms: Terms{Included: p.Included},
	}
	set(&z.Included, included)
	z.Included = z.Included && !m.OnTop
	for i := range z.Rates {
		z.Rates[i].Shipping = z.Rates[i].Class == Standard
	}
	return z
}

// apply brings one zone to what the preset wants of it.
func apply(ctx context.Context, tx pgx.Tx, want Zone, all []Zone, how Applying) (AppliedZone, error) {
	done := AppliedZone{Name: want.Name, Action: "create", Rates: want.Rates}
	at := slices.IndexFunc(all, func(z Zone) bool { return z.Preset == want.Preset })
	if at < 0 {
		at = slices.IndexFunc(all, func(z Zone) bool { return z.Preset == "" && z.samePlace(want) })
	}
	if at < 0 {
		if how.DryRun {
			return done, nil
		}
		want.PresetVersion = 1
		made, err := (&Zones{}).Create(ctx, tx, want)
		done.ID = made.ID
		return done, err
	}
	has := all[at]
	done.ID, done.Name = has.ID, has.Name
	edited := has.Preset == "" || has.PresetVersion != has.Version
	same := has.sameTax(want)
	if !same {
		done.Had = has.Rates
	}
	switch {
	case same && !edited:
		done.Action = "unchanged"
		return done, nil
	case edited && !how.Replace:
		done.Action = "keep"
		return done, nil
	case edited:
		done.Action = "replace"
	default:
		done.Action = "update"
	}
	if how.DryRun {
		return done, nil
	}
	want.ID, want.Name, want.PresetVersion = has.ID, has.Name, has.Version+1
	for i := range want.Rates {
		want.Rates[i].ID = id.New[id.TaxRate]()
	}
	if err := update(ctx, tx, want); err != nil {
		return done, fmt.Errorf("bring tax zone %s to its preset: %w", want.ID, err)
	}
	return done, nil
}

func (z Zone) samePlace(o Zone) bool {
	return slices.Equal(z.Countries, o.Countries) && slices.Equal(z.Regions, o.Regions) && slices.Equal(z.PostalPrefixes, o.PostalPrefixes)
}

func (z Zone) sameTax(o Zone) bool {
	if !z.samePlace(o) || z.Terms != o.Terms || z.ReverseCharge != o.ReverseCharge || len(z.Rates) != len(o.Rates) {
		return false
	}
	return !slices.ContainsFunc(o.Rates, func(r Rate) bool {
		return !slices.ContainsFunc(z.Rates, func(had Rate) bool {
			return had.same(r) && had.Class == r.Class && had.Shipping == r.Shipping && had.Applies == r.Applies
		})
	})
}

func (z *Zones) presetRoutes(r *httpapi.Router) {
	httpapi.Post(r, "/api/v1/admin/tax/presets/{preset}", z.applyPreset, httpapi.Needs(CanWrite), httpapi.ID("admin-apply-tax-preset"), httpapi.Status(200),
		httpapi.Summary("Make the zones and rates of a preset"),
		httpapi.Describe("`eu-vat` has the standard and reduced rates of all members of the European Union, with reverse charge between them; `india-gst` has CGST, SGST and IGST by place of supply. "+
			"It is safe to repeat. Zones that somebody has edited, or made by hand for the same place, stay as they are without `replace`; `dry_run` tells what would change."))
}

type applyInput struct {
	Preset string `path:"preset" enum:"eu-vat,india-gst"`
	Body   *struct {
		Included *bool `json:"included,omitempty" doc:"Prices hold the tax; true unless told"`
		DryRun   bool  `json:"dry_run,omitempty"`
		Replace  bool  `json:"replace,omitempty"`
	} `required:"false"`
}

func (z *Zones) applyPreset(ctx context.Context, tx pgx.Tx, in *applyInput) (Applied, error) {
	how := Applying{}
	if b := in.Body; b != nil {
		how = Applying{b.Included, b.DryRun, b.Replace}
	}
	return z.Apply(ctx, tx, in.Preset, how)
}
