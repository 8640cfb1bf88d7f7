package app_test

import (
	"log/slog"
	"reflect"
	"testing"

	"souk/internal/app"
	"souk/internal/clock"
	"souk/internal/platform/blob"
	"souk/internal/platform/config"
	"souk/internal/platform/pgtest"
)

// A module is a literal that app.go fills: nothing but this test notices a
// dependency that was left out before somebody needs it.
func TestEveryDependencyIsFilled(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	settings := &config.Config{Currency: "USD", Listen: "localhost:8080", RateLimits: "on", DataDir: t.TempDir()}
	blobs, err := blob.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := settings.Keys()
	if err != nil {
		t.Fatal(err)
	}
	shop := app.Build(app.Parts{
		Config: settings, DB: pool, Pool: pool, Keys: keys, Blobs: blobs, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
	})
	house := reflect.ValueOf(shop).Elem()
	for i := range house.NumField() {
		room := house.Field(i)
		if room.Kind() != reflect.Pointer || room.Elem().Kind() != reflect.Struct {
			continue
		}
		name := house.Type().Field(i).Name
		for j := range room.Elem().NumField() {
			field := room.Elem().Type().Field(j)
			if !field.IsExported() {
				continue
			}
			switch value := room.Elem().Field(j); value.Kind() {
			case reflect.Pointer, reflect.Interface, reflect.Func:
				if value.IsNil() {
					t.Errorf("app.go gives %s no %s", name, field.Name)
				}
			}
		}
	}
}
