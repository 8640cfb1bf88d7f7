package importer

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func BenchmarkRecords(b *testing.B) {
	line := `mug-1,"Mug, large","<p>Holds a ""pint"" of tea` + strings.Repeat(" and more", 30) + `</p>",House,12.50,TRUE` + "\n"
	file := strings.Repeat(line, 1000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		in, err := newRecords(strings.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, _, err = in.read()
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
}
