package main

import "testing"

// What is typed is JSON where it can be, else a text.
func TestSettingValues(t *testing.T) {
	for typed, want := range map[string]string{"true": "true", "12": "12", "staff": `"staff"`, `"12"`: `"12"`, "": `""`, "a b": `"a b"`, "1 2": `"1 2"`} {
		if got := string(settingsSetCmd{Value: typed}.value()); got != want {
			t.Errorf("%q is %s, want %s", typed, got, want)
		}
	}
	if got := string(settingsSetCmd{Value: "x", Default: true}.value()); got != "null" {
		t.Errorf("the default is %s", got)
	}
}
