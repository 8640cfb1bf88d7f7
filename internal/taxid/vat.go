package taxid

import (
	"regexp"
	"strings"
)

// A vat is how the VAT ids of one member are written after their prefix, and
// the rule of their check digits.
type vat struct {
	form  *regexp.Regexp
	check func(n string) bool
}

// union is the members, by the prefix of their VAT ids.
var union = map[string]vat{
	"AT": {form(`U\d{8}`), austria},
	"BE": {form(`[01]\d{9}`), func(n string) bool { return number(n[8:]) == 97-number(n[:8])%97 }},
	"BG": {form(`\d{9,10}`), bulgaria},
	"CY": {form(`\d{8}[A-Z]`), cyprus},
	"CZ": {form(`\d{8,10}`), czechia},
	"DE": {form(`[1-9]\d{8}`), mod1110},
	"DK": {form(`[1-9]\d{7}`), divides(11, 2, 7, 6, 5, 4, 3, 2, 1)},
	"EE": {form(`\d{9}`), divides(10, 3, 7, 1, 3, 7, 1, 3, 7, 1)},
	"EL": {form(`\d{9}`), func(n string) bool { return weigh(n, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == digit(n, 8) }},
	"ES": {form(`[A-Z\d]\d{7}[A-Z\d]`), spain},
	"FI": {form(`\d{8}`), divides(11, 7, 9, 10, 5, 8, 4, 2, 1)},
	"FR": {form(`[A-HJ-NP-Z\d]{2}\d{9}`), france},
	"HR": {form(`\d{11}`), mod1110},
	"HU": {form(`\d{8}`), divides(10, 9, 7, 3, 1, 9, 7, 3, 1)},
	"IE": {form(`\d[\dA-Z+*]\d{5}[A-W][A-IW]?`), ireland},
	"IT": {form(`\d{11}`), luhn},
	"LT": {form(`(\d{7}|\d{10})1\d`), lithuania},
	"LU": {form(`\d{8}`), func(n string) bool { return number(n[:6])%89 == number(n[6:]) }},
	"LV": {form(`\d{11}`), latvia},
	"MT": {form(`[1-9]\d{7}`), divides(37, 3, 4, 6, 7, 8, 9, 10, 1)},
	"NL": {form(`\d{9}B\d{2}`), netherlands},
	"PL": {form(`\d{10}`), func(n string) bool { return weigh(n, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == digit(n, 9) }},
	"PT": {form(`[1-9]\d{8}`), func(n string) bool { return (11-weigh(n, 9, 8, 7, 6, 5, 4, 3, 2)%11)%11%10 == digit(n, 8) }},
	"RO": {form(`[1-9]\d{1,9}`), romania},
	"SE": {form(`\d{10}(0[1-9]|[1-8]\d|9[0-4])`), func(n string) bool { return luhn(n[:10]) }},
	"SI": {form(`[1-9]\d{7}`), slovenia},
	"SK": {form(`[1-9]\d[2-47-9]\d{7}`), func(n string) bool { return number(n)%11 == 0 }},
}

func form(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

func isVAT(text string) bool {
	if len(text) < 4 {
		return false
	}
	rule, member := union[text[:2]]
	return member && rule.form.MatchString(text[2:]) && rule.check(text[2:])
}

func digit(n string, at int) int { return int(n[at] - '0') }

func number(n string) (value int) {
	for i := range n {
		value = value*10 + digit(n, i)
	}
	return value
}

// weigh adds up the first digits of n times their weights.
func weigh(n string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += digit(n, i) * w
	}
	return sum
}

// divides is the rule that the weighted sum of all digits is a multiple.
func divides(by int, weights ...int) func(n string) bool {
	return func(n string) bool { return weigh(n, weights...)%by == 0 }
}

// luhn doubles every second digit from the right, adds the digits of that up,
// and wants a multiple of ten.
func luhn(n string) bool { return luhnSum(n)%10 == 0 }

func luhnSum(n string) (sum int) {
	for i := range n {
		d := digit(n, len(n)-1-i)
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum
}

// mod1110 is ISO 7064's hybrid system Mod 11,10.
func mod1110(n string) bool {
	p := 10
	for i := range len(n) - 1 {
		if p = (p + digit(n, i)) % 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return (p+digit(n, len(n)-1))%10 == 1
}

func austria(n string) bool { return (luhnSum(n[1:8])+4+digit(n, 8))%10 == 0 }

// bulgaria has one rule for companies and three for people: those born there,
// foreigners, and others.
func bulgaria(n string) bool {
	if len(n) == 9 {
		check := weigh(n, 1, 2, 3, 4, 5, 6, 7, 8) % 11
		if check == 10 {
			check = weigh(n, 3, 4, 5, 6, 7, 8, 9, 10) % 11 % 10
		}
		return check == digit(n, 8)
	}
	last := digit(n, 9)
	return weigh(n, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == last || weigh(n, 21, 19, 17, 13, 11, 9, 7, 3, 1)%10 == last ||
		(11-weigh(n, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11 == last
}

func cyprus(n string) bool {
	sum := 0
	for i := range n[:8] {
		if d := digit(n, i); i%2 == 0 {
			sum += [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21}[d]
		} else {
			sum += d
		}
	}
	return n[:2] != "12" && n[8] == byte('A'+sum%26)
}

// czechia has check digits for companies and for people born since 1954; older
// numbers have none, and those that begin with 6 are given for special cases.
func czechia(n string) bool {
	switch len(n) {
	case 8:
		check := (11 - weigh(n, 8, 7, 6, 5, 4, 3, 2)%11) % 10
		return n[0] != '9' && check == digit(n, 7)
	case 10:
		return number(n)%11 == 0 || number(n[:9])%11 == 10 && n[9] == '0'
	}
	if n[0] != '6' {
		return true
	}
	rest := (11 - weigh(n[1:], 8, 7, 6, 5, 4, 3, 2)%11) % 11
	return [...]int{8, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9}[rest] == digit(n, 8) || number(n[1:3]) <= 53
}

const (
	spanishPeople    = "TRWAGMYFPDXBNJZSQVHLCKE"
	spanishCompanies = "JABCDEFGHI"
)

// spain tells people, foreigners and companies by the first letter. A company's
// check is a digit or a letter by what kind it is.
func spain(n string) bool {
	last := n[8]
	switch first := n[0]; {
	case first >= '0' && first <= '9':
		return last == spanishPeople[number(n[:8])%23]
	case strings.IndexByte("XYZ", first) >= 0:
		return last == spanishPeople[(int(first-'X')*10_000_000+number(n[1:8]))%23]
	case strings.IndexByte("KLM", first) >= 0:
		return last == spanishPeople[number(n[1:8])%23]
	case strings.IndexByte("ABCDEFGHJNPQRSUVW", first) < 0:
		return false
	}
	check := (10 - luhnSum(n[1:8]+"0")%10) % 10
	asDigit, asLetter := last == byte('0'+check), last == spanishCompanies[check]
	switch {
	case strings.IndexByte("ABEH", n[0]) >= 0:
		return asDigit
	case strings.IndexByte("NPQRSW", n[0]) >= 0:
		return asLetter
	}
	return asDigit || asLetter
}

// france puts a key of two before the nine digits of the company: digits, or
// since there are too few of those, letters.
func france(n string) bool {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	first, second, company := strings.IndexByte(alphabet, n[0]), strings.IndexByte(alphabet, n[1]), number(n[2:])
	switch {
	case first < 10 && second < 10:
		return (company*100+12)%97 == first*10+second
	case first < 10:
		first = first*24 + second - 10
	default:
		first = first*34 + second - 100
	}
	return (company+1+first/11)%11 == first%11
}

// ireland weighs seven digits and, since 2013, a second letter. Older numbers
// have a letter or sign in the second place.
func ireland(n string) bool {
	letters := n[7:]
	if n[1] < '0' || n[1] > '9' {
		n, letters = "0"+n[2:7]+n[:1], n[7:8]
	}
	sum := weigh(n, 8, 7, 6, 5, 4, 3, 2)
	if len(letters) == 2 && letters[1] != 'W' {
		sum += 9 * int(letters[1]-'A'+1)
	}
	return letters[0] == "WABCDEFGHIJKLMNOPQRSTUV"[sum%23]
}

func lithuania(n string) bool {
	last := len(n) - 1
	check := 0
	for offset := range 2 { // a second try with weights that begin with 3
		check = 0
		for i := range last {
			check += digit(n, i) * (1 + (i+offset*2)%9)
		}
		if check %= 11; check < 10 {
			break
		}
	}
	return check%10 == digit(n, last)
}

// latvia has check digits for companies; people's begin with 0 to 3, and the new
// ones of those have none.
func latvia(n string) bool {
	return n[0] <= '3' || weigh(n, 9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)%11 == 3
}

// netherlands gives companies a check digit, and sole traders since 2020 a
// number that is, letters as two digits, one more than a multiple of 97.
func netherlands(n string) bool {
	if weigh(n, 9, 8, 7, 6, 5, 4, 3, 2)%11 == digit(n, 8) {
		return true
	}
	rest := 0
	for _, c := range []byte("NL" + n) {
		if v := value(c); v >= 10 {
			rest = (rest*100 + v) % 97
		} else {
			rest = (rest*10 + v) % 97
		}
	}
	return rest == 1
}

func romania(n string) bool {
	body := strings.Repeat("0", 10-len(n)) + n
	return weigh(body, 7, 5, 3, 2, 1, 7, 5, 3, 2)*10%11%10 == digit(body, 9)
}

func slovenia(n string) bool {
	check := 11 - weigh(n, 8, 7, 6, 5, 4, 3, 2)%11
	return check != 11 && check%10 == digit(n, 7)
}
