package pricing

import "testing"

func TestPercent(t *testing.T) {
	t.Parallel()
	for ppm, want := range map[int64]string{0: "0 %", 1: "0.0001 %", 12_500: "1.25 %", 100_000: "10 %", 1_000_000: "100 %", 1_100_000: "110 %"} {
		if got := Percent(ppm); got != want {
			t.Errorf("%d is written %s, want %s", ppm, got, want)
		}
	}
}
