// Package settings is what staff change while the shop runs. What an operator
// says before it starts is in package config.
//
// Owns: settings with a type, a default and a rule ([Value]), and what they are
// at the moment ([Settings]).
// Tables: settings. Raises: nothing. Calls: postgres.
//
// A module declares its settings, app.go makes them known, and whoever needs
// one asks for it:
//
//	var GiftNotes = settings.Value[bool]{Key: "orders.gift_notes", Help: "Let buyers add a note."}
//
//	on, err := GiftNotes.Get(ctx, o.Settings)
package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"souk/internal/clock"
	"souk/internal/errs"
	"souk/internal/platform/postgres"
)

// memory is how old what a node knows may be.
const memory = time.Second

// machine is the clock of what is remembered, which no test sets.
var machine clock.System

// A Value is one setting of type T.
type Value[T bool | int | string] struct {
	Key     string // "accounts.verify_email"
	Help    string // a sentence for staff
	Default T
	Choices []T          // the values it can have; any when there are none
	Check   func(T) bool // a further rule that the value must keep; may be nil
	Rule    string       // Check in words: "Give a mailto: or https: address."

	// Complain says what is wrong with a value, "" if nothing is, where one
	// Rule cannot. May be nil.
	Complain func(T) string
}

// Get is the value of now, at most a second old. Without s it is the default.
func (v Value[T]) Get(ctx context.Context, s *Settings) (T, error) {
	if s == nil {
		return v.Default, nil
	}
	text, err := s.get(ctx, v.Key)
	if err != nil || text == nil {
		return v.Default, err
	}
	if value, ok := s.recall(v.Key, text).(T); ok {
		return value, nil
	}
	value, complaint := v.read(text)
	if complaint != "" {
		return v.Default, fmt.Errorf("setting %s holds %s: %s", v.Key, text, complaint)
	}
	s.remember(v.Key, text, value)
	return value, nil
}

// read says what is wrong with a value, "" when nothing is.
func (v Value[T]) read(text json.RawMessage) (value T, complaint string) {
	if json.Unmarshal(text, &value) != nil || string(text) == "null" {
		return value, "This must be " + map[string]string{boolean: "true or false", integer: "a whole number", words: "a text"}[typeOf(v.Default)] + "."
	}
	if len(v.Choices) > 0 && !slices.Contains(v.Choices, value) {
		return value, "This must be one of " + strings.Join(strings.Fields(strings.Trim(fmt.Sprint(v.Choices), "[]")), ", ") + "."
	}
	if v.Check != nil && !v.Check(value) {
		return value, v.Rule
	}
	if v.Complain != nil {
		return value, v.Complain(value)
	}
	return value, ""
}

func (v Value[T]) key() string { return v.Key }

func (v Value[T]) judge(text json.RawMessage) (complaint string) {
	_, complaint = v.read(text)
	return complaint
}

func (v Value[T]) show(text json.RawMessage) Setting {
	s := Setting{Key: v.Key, Type: typeOf(v.Default), Value: v.Default, Default: v.Default, Help: v.Help}
	for _, c := range v.Choices {
		s.Choices = append(s.Choices, c)
	}
	if text != nil {
		s.Value = text // as it stands there, be it right or wrong
	}
	return s
}

// The types, as the API calls them.
const (
	boolean = "boolean"
	integer = "integer"
	words   = "string"
)

func typeOf(v any) string {
	switch v.(type) {
	case bool:
		return boolean
	case int:
		return integer
	}
	return words
}

// Declared is a [Value] of any type.
type Declared interface {
	key() string
	judge(text json.RawMessage) (complaint string)
	show(text json.RawMessage) Setting
}

// Setting is a setting as staff see it.
type Setting struct {
	Key     string `json:"key" example:"accounts.verify_email"`
	Type    string `json:"type" enum:"boolean,integer,string"`
	Value   any    `json:"value"`
	Default any    `json:"default"`
	Choices []any  `json:"choices,omitempty" doc:"The values that it can have."`
	Help    string `json:"help"`
}

// Settings knows what is declared and what is set. Use it by pointer.
type Settings struct {
	DB postgres.DB

	declared []Declared // by key

	mu     sync.Mutex
	known  map[string]json.RawMessage
	values map[string]reading // by key
	until  time.Time          // when what is known is too old
	change time.Time          // the last one of this node
}

// Declare makes settings known, once, when the shop is built.
func (s *Settings) Declare(values ...Declared) {
	s.declared = append(s.declared, values...)
	slices.SortFunc(s.declared, func(a, b Declared) int { return strings.Compare(a.key(), b.key()) })
	for i := 1; i < len(s.declared); i++ {
		if s.declared[i].key() == s.declared[i-1].key() {
			panic("setting declared twice: " + s.declared[i].key())
		}
	}
}

func (s *Settings) find(key string) Declared {
	for _, d := range s.declared {
		if d.key() == key {
			return d
		}
	}
	return nil
}

// get is nil when key is not set.
func (s *Settings) get(ctx context.Context, key string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := machine.Now()
	if now.Before(s.until) {
		return s.known[key], nil
	}
	known, err := selectSettings(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	s.known = known
	// Whoever changes a setting here commits soon after, and sees it at once.
	if now.Sub(s.change) > memory {
		s.until = now.Add(memory)
	}
	return known[key], nil
}

// reading is a value that was read, which takes a while where it is long.
type reading struct {
	text  json.RawMessage
	value any
}

// recall is what was read from the same text before, or nil.
func (s *Settings) recall(key string, text json.RawMessage) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.values[key]; ok && bytes.Equal(r.text, text) {
		return r.value
	}
	return nil
}

func (s *Settings) remember(key string, text json.RawMessage, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]reading{}
	}
	s.values[key] = reading{text, value}
}

// List is every declared setting by key.
func (s *Settings) List(ctx context.Context, db postgres.DB) ([]Setting, error) {
	set, err := selectSettings(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	list := make([]Setting, len(s.declared))
	for i, d := range s.declared {
		list[i] = d.show(set[d.key()])
	}
	return list, nil
}

// Lock keeps others from changing settings until tx ends.
func (s *Settings) Lock(ctx context.Context, tx pgx.Tx) error { return lockSettings(ctx, tx) }

// Set changes settings by key: all or none. A null takes one back to its
// default.
func (s *Settings) Set(ctx context.Context, tx pgx.Tx, changes map[string]json.RawMessage) error {
	var bad errs.Fields
	for key, text := range changes {
		d := s.find(key)
		if d == nil {
			bad.Require(false, "/settings/"+key, "unknown_setting", "There is no such setting.")
			continue
		}
		if string(text) != "null" {
			complaint := d.judge(text)
			bad.Require(complaint == "", "/settings/"+key, "invalid", complaint)
		}
	}
	if err := bad.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	s.change, s.until = machine.Now(), time.Time{}
	s.mu.Unlock()
	return writeSettings(ctx, tx, changes)
}
