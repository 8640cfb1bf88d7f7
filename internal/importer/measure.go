package importer

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"souk/internal/catalog"
)

// measures are the units in which Shopify tells what is in a variant (its API's
// UnitPriceMeasurementMeasuredUnit), in the finest of Souk's.
var measures = map[string]struct {
	unit string
	many float64
}{
	"mg": {"g", 0.001}, "g": {"g", 1}, "kg": {"g", 1000}, "oz": {"g", 28.349523125}, "lb": {"g", 453.59237},
	"ml": {"ml", 1}, "cl": {"ml", 10}, "l": {"ml", 1000}, "m3": {"ml", 1e6},
	"floz": {"ml", 29.5735295625}, "pt": {"ml", 473.176473}, "qt": {"ml", 946.352946}, "gal": {"ml", 3785.411784},
	"mm": {"cm", 0.1}, "cm": {"cm", 1}, "m": {"cm", 100}, "in": {"cm", 2.54}, "ft": {"cm", 30.48}, "yd": {"cm", 91.44},
	"m2": {"cm2", 1e4}, "ft2": {"cm2", 929.0304}, "item": {"piece", 1},
}

// kept are those that Souk has, too: whole numbers of them stay as they are.
var kept = []string{"g", "kg", "ml", "l", "cm", "m", "m2"}

// measure reads how much is in a variant, in one of Shopify's units; nothing for
// an empty cell.
func (c *cells) measure(field, unitField string) catalog.Content {
	text, unit := c.get(field), strings.ToLower(c.get(unitField))
	if text == "" {
		return catalog.Content{}
	}
	m, known := measures[unit]
	much, err := strconv.ParseFloat(text, 64)
	if !known {
		c.refuse(unitField, "%q is no unit that prices are told by: use g, kg, ml, cl, l, cm, m, m2 or item", unit)
		return catalog.Content{}
	}
	if much == math.Trunc(much) && slices.Contains(kept, unit) {
		m.unit, m.many = unit, 1
	}
	content := catalog.Content{Unit: m.unit}
	if amount := math.Round(much * m.many); err == nil && amount >= 1 && amount <= maxCount { // not so for NaN
		content.Amount = int(amount)
		return content
	}
	c.refuse(field, "%q is not how much is in it: write a number above zero", text)
	return catalog.Content{}
}

// shopifyMeasure writes how much is in a variant, and by how much its price is told.
func shopifyMeasure(c catalog.Content) map[string]string {
	if c.Amount == 0 {
		return nil
	}
	amount, unit, per := strconv.Itoa(c.Amount), c.Unit, c.Per()
	switch unit {
	case "cm2":
		amount, unit = strconv.FormatFloat(float64(c.Amount)/1e4, 'f', -1, 64), "m2"
	case "piece":
		unit, per = "item", "item"
	}
	return map[string]string{
		"Unit Price Total Measure": amount, "Unit Price Total Measure Unit": unit, "Unit Price Base Measure": "1", "Unit Price Base Measure Unit": per,
	}
}
