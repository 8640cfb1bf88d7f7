package httpapi

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"souk/internal/errs"
)

const (
	maxDepth = 32     // of nested arrays and objects
	maxItems = 10_000 // of one array or object
)

// soundJSON reads a body that means the same to every reader: one value, valid
// UTF-8, no key twice, no lone surrogate, no NUL, not deeper than 32.
// encoding/json lets all of those pass. Numbers are float64, as Huma's
// validation wants them; suspects are what it does not look at closely enough.
func soundJSON(data []byte) (value any, suspects []suspect, err error) {
	p := parser{data: data}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*errs.Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	if !utf8.Valid(data) {
		p.fail("invalid_utf8", "The body is not valid UTF-8.")
	}
	value = p.value(1)
	p.space()
	if p.at < len(data) {
		p.fail("trailing_data", "Something follows the JSON value.")
	}
	return value, p.suspects, nil
}

// A suspect is a value that the schema must be asked about once more.
type suspect struct {
	pointer string
	kind    oddity
}

type oddity int

const (
	isNull   oddity = iota + 1
	notWhole        // not written as a whole number that fits an int64: 1.0 and 1e3 are not quantities
	wide            // does not fit an int32
)

type parser struct {
	data     []byte
	at       int
	path     []byte // JSON pointer of the value being read
	suspects []suspect
}

// fail leaves the recursion; soundJSON recovers.
func (p *parser) fail(code, detail string) {
	panic(ErrMalformed.Field(string(p.path), code, detail))
}

func (p *parser) syntax() {
	p.fail("syntax", "This is not JSON, at byte "+strconv.Itoa(p.at)+".")
}

func (p *parser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next is the next byte that is not space, 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.at == len(p.data) {
		return 0
	}
	return p.data[p.at]
}

func (p *parser) value(depth int) any {
	switch c := p.next(); {
	case c == '{' || c == '[':
		if depth > maxDepth {
			p.fail("too_deep", "The body is nested deeper than 32 levels.")
		}
		p.at++
		if c == '{' {
			return p.object(depth)
		}
		return p.array(depth)
	case c == '"':
		return p.text()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == 't':
		p.word("true")
		return true
	case c == 'f':
		p.word("false")
		return false
	case c == 'n':
		p.word("null")
		p.suspects = append(p.suspects, suspect{string(p.path), isNull})
		return nil
	}
	p.syntax()
	return nil
}

func (p *parser) word(w string) {
	if len(p.data)-p.at < len(w) || string(p.data[p.at:p.at+len(w)]) != w {
		p.syntax()
	}
	p.at += len(w)
}

func (p *parser) object(depth int) map[string]any {
	object := make(map[string]any, 8)
	if p.next() == '}' {
		p.at++
		return object
	}
	for {
		if p.next() != '"' {
			p.syntax()
		}
		key := p.text()
		outer := len(p.path)
		p.path = appendPointer(p.path, key)
		if _, twice := object[key]; twice {
			p.fail("duplicate_key", "This key is there twice.")
		}
		if p.next() != ':' {
			p.syntax()
		}
		p.at++
		object[key] = p.value(depth + 1)
		p.path = p.path[:outer]
		if len(object) > maxItems {
			p.fail("too_many", "An object holds more than 10000 members.")
		}
		if p.more('}') {
			return object
		}
	}
}

func (p *parser) array(depth int) []any {
	array := []any{}
	if p.next() == ']' {
		p.at++
		return array
	}
	for {
		outer := len(p.path)
		p.path = strconv.AppendInt(append(p.path, '/'), int64(len(array)), 10)
		array = append(array, p.value(depth+1))
		p.path = p.path[:outer]
		if len(array) > maxItems {
			p.fail("too_many", "An array holds more than 10000 items.")
		}
		if p.more(']') {
			return array
		}
	}
}

// more steps over a comma, or over the end and reports true.
func (p *parser) more(end byte) bool {
	switch p.next() {
	case end:
		p.at++
		return true
	case ',':
		p.at++
		return false
	}
	p.syntax()
	return false
}

// number follows the grammar of RFC 8259: no leading zero, no bare point.
func (p *parser) number() any {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else {
		p.digits()
	}
	if p.peek() == '.' {
		p.at++
		p.digits()
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		p.digits()
	}
	text := string(p.data[start:p.at])
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		if int64(int32(n)) != n {
			p.suspects = append(p.suspects, suspect{string(p.path), wide})
		}
		return float64(n)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil { // beyond the range of a float64
		panic(errs.Validation.Field(string(p.path), "too_large", "This number is out of range."))
	}
	p.suspects = append(p.suspects, suspect{string(p.path), notWhole})
	return f
}

func (p *parser) peek() byte {
	if p.at == len(p.data) {
		return 0
	}
	return p.data[p.at]
}

func (p *parser) digits() {
	start := p.at
	for '0' <= p.peek() && p.peek() <= '9' {
		p.at++
	}
	if p.at == start {
		p.syntax()
	}
}

// text reads a string from its opening quote past its closing one.
func (p *parser) text() string {
	p.at++
	start := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			s := string(p.data[start:p.at])
			p.at++
			return s
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			p.syntax()
		default:
			p.at++
		}
	}
	p.syntax()
	return ""
}

// escaped reads a string that holds at least one escape.
func (p *parser) escaped(start int) string {
	s := append([]byte(nil), p.data[start:p.at]...)
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			return string(s)
		case c == '\\':
			s = p.escape(s)
		case c < 0x20:
			p.syntax()
		default:
			s = append(s, c)
			p.at++
		}
	}
	p.syntax()
	return ""
}

const escapes = "\"\\/bfnrt"

func (p *parser) escape(s []byte) []byte {
	p.at++
	switch c := p.peek(); c {
	case 'u':
		return utf8.AppendRune(s, p.unicode())
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.at++
		for i := range len(escapes) {
			if escapes[i] == c {
				c = "\"\\/\b\f\n\r\t"[i]
				break
			}
		}
		return append(s, c)
	}
	p.syntax()
	return nil
}

// unicode reads uXXXX, and the second half of a pair.
func (p *parser) unicode() rune {
	r := p.hex()
	if r == 0 {
		panic(errs.Validation.Field(string(p.path), "nul", "Text cannot hold the NUL character."))
	}
	if !utf16.IsSurrogate(r) {
		return r
	}
	if p.peek() == '\\' {
		p.at++
		if p.peek() == 'u' {
			if pair := utf16.DecodeRune(r, p.hex()); pair != utf8.RuneError {
				return pair
			}
		}
	}
	p.fail("lone_surrogate", "Text holds half of a surrogate pair.")
	return 0
}

func (p *parser) hex() rune {
	p.at++ // the u
	if len(p.data)-p.at < 4 {
		p.syntax()
	}
	n, err := strconv.ParseUint(string(p.data[p.at:p.at+4]), 16, 16)
	if err != nil || p.data[p.at] == '+' {
		p.syntax()
	}
	p.at += 4
	return rune(n)
}

// appendPointer adds one step to a JSON pointer (RFC 6901).
func appendPointer(path []byte, key string) []byte {
	path = append(path, '/')
	for i := range len(key) {
		switch c := key[i]; c {
		case '~':
			path = append(path, '~', '0')
		case '/':
			path = append(path, '~', '1')
		default:
			path = append(path, c)
		}
	}
	return path
}
