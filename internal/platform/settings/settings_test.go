package settings_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/errs"
	"souk/internal/platform/pgtest"
	"souk/internal/platform/postgres"
	"souk/internal/platform/settings"
)

var (
	open   = settings.Value[bool]{Key: "test.open", Help: "Whether the door is open.", Default: true}
	guests = settings.Value[int]{Key: "test.guests", Default: 7, Check: func(n int) bool { return n > 0 }, Rule: "Let at least one in."}
	motto  = settings.Value[string]{Key: "test.motto", Complain: func(text string) string {
		if strings.Contains(text, "!") {
			return "Do not shout: " + text
		}
		return ""
	}}
	greeter = settings.Value[string]{Key: "test.greeter", Default: "nobody", Choices: []string{"nobody", "cat", "dog"}}
)

func declare(db postgres.DB) *settings.Settings {
	s := &settings.Settings{DB: db}
	s.Declare(open, guests, greeter, motto)
	return s
}

func set(t *testing.T, s *settings.Settings, changes string) error {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(changes), &m); err != nil {
		t.Fatal(err)
	}
	return postgres.InTx(t.Context(), s.DB, func(tx pgx.Tx) error { return s.Set(t.Context(), tx, m) })
}

func get[T bool | int | string](t *testing.T, v settings.Value[T], s *settings.Settings) T {
	t.Helper()
	got, err := v.Get(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSettingsHaveDefaultsAndChangeAtOnce(t *testing.T) {
	t.Parallel()
	s := declare(pgtest.Tx(t))
	if !get(t, open, s) || get(t, guests, s) != 7 || get(t, greeter, s) != "nobody" {
		t.Error("what is not set is not the default")
	}
	if !get(t, open, nil) {
		t.Error("without settings it is not the default")
	}
	if err := set(t, s, `{"test.open": false, "test.guests": 3, "test.greeter": "cat"}`); err != nil {
		t.Fatal(err)
	}
	if get(t, open, s) || get(t, guests, s) != 3 || get(t, greeter, s) != "cat" {
		t.Error("what was set is not read")
	}
	if err := set(t, s, `{"test.open": null, "test.greeter": "dog"}`); err != nil {
		t.Fatal(err)
	}
	if !get(t, open, s) || get(t, guests, s) != 3 || get(t, greeter, s) != "dog" {
		t.Error("null is not the way back, or another setting went with it")
	}
	list, err := s.List(t.Context(), s.DB)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"key":"test.greeter","type":"string","value":"dog","default":"nobody","choices":["nobody","cat","dog"],"help":""},` +
		`{"key":"test.guests","type":"integer","value":3,"default":7,"help":""},` +
		`{"key":"test.motto","type":"string","value":"","default":"","help":""},` +
		`{"key":"test.open","type":"boolean","value":true,"default":true,"help":"Whether the door is open."}]`
	if string(text) != want {
		t.Errorf("list is %s\nwant %s", text, want)
	}
}

func TestSettingsRefuseWhatTheyCannotBe(t *testing.T) {
	t.Parallel()
	s := declare(pgtest.Tx(t))
	for changes, pointer := range map[string]string{
		`{"test.open": "yes"}`:                      "/settings/test.open",
		`{"test.open": 1}`:                          "/settings/test.open",
		`{"test.guests": 1.5}`:                      "/settings/test.guests",
		`{"test.guests": 0}`:                        "/settings/test.guests",
		`{"test.greeter": "fish"}`:                  "/settings/test.greeter",
		`{"test.motto": "Buy!"}`:                    "/settings/test.motto",
		`{"test.shut": true}`:                       "/settings/test.shut",
		`{"demo": null}`:                            "/settings/demo",
		`{"test.guests": 9, "test.greeter": false}`: "/settings/test.greeter",
	} {
		err := set(t, s, changes)
		var refusal *errs.Error
		if !errors.As(err, &refusal) || len(refusal.Fields) != 1 || refusal.Fields[0].Pointer != pointer {
			t.Errorf("%s: %v", changes, err)
		}
	}
	if get(t, guests, s) != 7 {
		t.Error("half of a change was made")
	}
}

// A value that an older program left and that is none any more is an error, not
// a silent default: some settings guard something.
func TestASettingThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	s := declare(pgtest.Tx(t))
	if _, err := s.DB.Exec(t.Context(), `INSERT INTO settings (key, value) VALUES ('test.greeter', '"fish"')`); err != nil {
		t.Fatal(err)
	}
	if got, err := greeter.Get(t.Context(), s); err == nil {
		t.Errorf("reads %q", got)
	}
}

func TestOtherNodesSeeAChange(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	here, there := declare(pool), declare(pool)
	get(t, guests, there) // which it now remembers
	if err := set(t, here, `{"test.guests": 3}`); err != nil {
		t.Fatal(err)
	}
	if get(t, guests, here) != 3 {
		t.Error("the node that changes a setting does not see it")
	}
	for limit := time.After(time.Minute); get(t, guests, there) != 3; {
		select {
		case <-limit:
			t.Fatal("another node never sees it")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
