package importer

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkImport imports new articles into a shop that grows.
func BenchmarkImport(b *testing.B) {
	s := newShop(b)
	const rows = 2000
	n := 0
	for b.Loop() {
		file := strings.ReplaceAll(articles(rows), "\na", "\nb"+strconv.Itoa(n)+"-")
		file = strings.ReplaceAll(file, "\",a", "\",b"+strconv.Itoa(n)+"-")
		if report := s.clean(b, file, Options{Publish: true}); report.Created != rows {
			b.Fatalf("%+v", tally(report))
		}
		n++
	}
	b.ReportMetric(float64(n*rows)/b.Elapsed().Seconds(), "rows/s")
}

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
