package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/httpapi"
	"souk/internal/platform/settings"
)

// What staff may be permitted to do with the settings.
const (
	CanReadSettings  auth.Permission = "settings.read"
	CanWriteSettings auth.Permission = "settings.write"
)

func (a *App) settingsRoutes() {
	httpapi.Get(a.Router, "/api/v1/admin/settings", a.listSettings, httpapi.Needs(CanReadSettings), httpapi.Summary("List the settings"))
	httpapi.Patch(a.Router, "/api/v1/admin/settings", a.changeSettings, httpapi.Needs(CanWriteSettings), httpapi.StepUp(),
		httpapi.Summary("Change settings"),
		httpapi.Describe("All of them or none. Other nodes know within a second."))
}

// settingsView is every setting.
type settingsView struct {
	Data []settings.Setting `json:"data"`
}

// ETag tells of the values.
func (v settingsView) ETag() string {
	h := sha256.New()
	for _, s := range v.Data {
		text, _ := json.Marshal(s.Value) // a bool, a number, a text, or JSON already
		fmt.Fprintf(h, "%s=%s\n", s.Key, text)
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:8]) + `"`
}

func (a *App) listSettings(ctx context.Context, _ *struct{}) (settingsView, error) {
	list, err := a.Settings.List(ctx, a.DB)
	return settingsView{list}, err
}

type changeSettingsInput struct {
	httpapi.IfMatch
	Body struct {
		Settings map[string]any `json:"settings" doc:"New values by key; null takes a setting back to its default."`
	}
}

func (a *App) changeSettings(ctx context.Context, tx pgx.Tx, in *changeSettingsInput) (settingsView, error) {
	if err := a.Settings.Lock(ctx, tx); err != nil {
		return settingsView{}, err
	}
	list, err := a.Settings.List(ctx, tx)
	if err != nil {
		return settingsView{}, err
	}
	if err := in.Check(settingsView{list}.ETag()); err != nil {
		return settingsView{}, err
	}
	httpapi.Before(ctx, settingsView{list})
	changes := map[string]json.RawMessage{}
	for key, value := range in.Body.Settings {
		if changes[key], err = json.Marshal(value); err != nil {
			return settingsView{}, err
		}
	}
	if err := a.Settings.Set(ctx, tx, changes); err != nil {
		return settingsView{}, err
	}
	list, err = a.Settings.List(ctx, tx)
	return settingsView{list}, err
}
