package index

import (
	"strconv"
	"strings"
)

// Codes are what a text is as an article number: itself, and as a barcode.
// Barcodes of every length are written as the 14 digits of a GTIN, for UPC-12
// and EAN-13 are the same number with fewer zeros before it, and spreadsheets
// take those away, too; an ISBN of ten digits is one of thirteen.
func Codes(text string) []string {
	folded := Fold(text)
	if folded == "" {
		return nil
	}
	codes := []string{folded}
	compact := strings.NewReplacer("-", "", " ", "", "‐", "", "–", "").Replace(folded)
	if isbn, ok := isbn13(compact); ok {
		codes = append(codes, gtin(isbn))
	}
	if isDigits(compact) && len(compact) >= 8 && len(compact) <= 14 {
		codes = append(codes, gtin(compact))
	}
	return codes
}

func gtin(digits string) string { return "gtin:" + strings.Repeat("0", 14-len(digits)) + digits }

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// isbn13 is an ISBN of ten digits with the prefix and the check digit of today.
func isbn13(isbn10 string) (string, bool) {
	if len(isbn10) != 10 || !isDigits(isbn10[:9]) || !isDigits(isbn10[9:]) && isbn10[9] != 'x' {
		return "", false
	}
	sum := 0
	for i, digit := range isbn10 {
		value := int(digit - '0')
		if digit == 'x' {
			value = 10
		}
		sum += (10 - i) * value
	}
	if sum%11 != 0 {
		return "", false
	}
	digits, check := "978"+isbn10[:9], 0
	for i, digit := range digits {
		check += int(digit-'0') * (1 + 2*(i%2))
	}
	return digits + strconv.Itoa((10-check%10)%10), true
}
