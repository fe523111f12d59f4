package clock

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

const id = "5f2c9a0188e1b3d4"

func TestABatchReadsBackAsItWasWritten(t *testing.T) {
	lines := []byte("ping,target=gw sent=10i 1700000000000000000\n")
	for want, b := range map[string]Batch{
		"cw1 5f2c9a0188e1b3d4 unsealed -\n":               {Session: id, Lines: lines},
		"cw1 5f2c9a0188e1b3d4 0 synced\n":                 {Session: id, Sealed: true, Clock: api.ClockSynced, Lines: lines},
		"cw1 5f2c9a0188e1b3d4 -7200000000000 corrected\n": {Session: id, Sealed: true, Offset: -2 * time.Hour, Clock: api.ClockCorrected, Lines: lines},
		"cw1 5f2c9a0188e1b3d4 90000000000 bounded\n":      {Session: id, Sealed: true, Offset: 90 * time.Second, Clock: api.ClockBounded, Lines: lines},
		"cw1 5f2c9a0188e1b3d4 0 bounded\n":                {Session: id, Sealed: true, Clock: api.ClockBounded, Lines: lines},
	} {
		data, err := b.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if string(data) != want+string(lines) {
			t.Errorf("written as %q", data)
		}
		got, err := Unmarshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, got); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
	}
}

func TestSealingMovesEachLineOnceAndForGood(t *testing.T) {
	b := Batch{Session: id, Lines: []byte(`ping,target=a\ b sent=1i 1000` + "\n" + `device,target=x up=true,model="2 3 4" -9` + "\n")}
	if err := b.Seal(Offset{Value: 2 * time.Second, Uncertainty: time.Second}); err != nil {
		t.Fatal(err)
	}
	want := Batch{Session: id, Sealed: true, Offset: 2 * time.Second, Clock: api.ClockCorrected,
		Lines: []byte(`ping,target=a\ b sent=1i 2000001000` + "\n" + `device,target=x up=true,model="2 3 4" 1999999991` + "\n")}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := b.Seal(Offset{Value: time.Hour}); err == nil {
		t.Error("a sealed batch was sealed again")
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("after the second Seal (-want +got):\n%s", diff)
	}
}

func TestSealingWithinTheUncertaintyLeavesTheLines(t *testing.T) {
	b := Batch{Session: id, Lines: []byte("x a=1i 5\n")}
	if err := b.Seal(Offset{Value: ms, Uncertainty: ms}); err != nil {
		t.Fatal(err)
	}
	want := Batch{Session: id, Sealed: true, Clock: api.ClockSynced, Lines: []byte("x a=1i 5\n")}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABatchSealedBetweenItsNeighboursSaysSoEvenWhereNothingIsAdded(t *testing.T) {
	for value, want := range map[time.Duration]string{time.Minute: "x a=1i 60000000005\n", time.Second: "x a=1i 5\n", 0: "x a=1i 5\n"} {
		b := Batch{Session: id, Lines: []byte("x a=1i 5\n")}
		if err := b.Seal(Offset{Value: value, Uncertainty: 30 * time.Second, Bounded: true}); err != nil {
			t.Fatal(err)
		}
		data, err := b.Marshal()
		if err != nil || string(b.Lines) != want || b.Clock != api.ClockBounded {
			t.Errorf("%s: %+v, %v", value, b, err)
		}
		if back, err := Unmarshal(data); err != nil || back.Clock != api.ClockBounded {
			t.Errorf("%q: %+v, %v", data, back, err)
		}
	}
}

func TestABatchThatCannotBeSealedStaysAsItWas(t *testing.T) {
	for name, lines := range map[string]string{
		"no time":         "x a=1i 5\nx a=1i\n",
		"empty line":      "x a=1i 5\n\n",
		"only a number":   "5\n",
		"beyond int64":    "x a=1i 5\nx a=1i 9223372036854775807\n",
		"time is a float": "x a=1i 5.0\n",
	} {
		b := Batch{Session: id, Lines: []byte(lines)}
		if err := b.Seal(Offset{Value: time.Hour}); err == nil {
			t.Errorf("%s: sealed as %q", name, b.Lines)
		}
		if string(b.Lines) != lines || b.Sealed {
			t.Errorf("%s: changed to %+v", name, b)
		}
	}
	b := Batch{Session: id, Lines: []byte("x a=1i -9223372036854775808\n")}
	if err := b.Seal(Offset{Value: -time.Hour}); err == nil {
		t.Error("sealed below int64")
	}
}

func TestDamagedHeadingsAreErrorsThatSayWhat(t *testing.T) {
	const line = "x a=1i 5\n"
	for data, want := range map[string]string{
		"":                        "no heading",
		"cw1 " + id + " 0 synced": "no heading",
		"cw1 " + strings.Repeat("5", 100) + "\n" + line:              "no heading",
		"cw2 " + id + " 0 synced\n" + line:                           `begins with "cw2"`,
		"cw1 " + id + " 0\n" + line:                                  "3 words",
		"cw1  " + id + " 0 synced\n" + line:                          "5 words",
		"cw1 5F2C9A0188E1B3D4 0 synced\n" + line:                     "session is",
		"cw1 5f2c9a01 0 synced\n" + line:                             "session is",
		"cw1 " + id + " 1h corrected\n" + line:                       "offset is",
		"cw1 " + id + " +5 corrected\n" + line:                       "offset is",
		"cw1 " + id + " 9223372036854775808 corrected\n" + line:      "offset is",
		"cw1 " + id + " 5 synced\n" + line:                           "offset 5 and clock",
		"cw1 " + id + " 0 corrected\n" + line:                        "offset 0 and clock",
		"cw1 " + id + " unsealed bounded\n" + line:                   "not sealed",
		"cw1 " + id + " 5 sure\n" + line:                             "offset 5 and clock",
		"cw1 " + id + " unsealed synced\n" + line:                    "not sealed",
		"cw1 " + id + " 0 synced\n":                                  "no newline",
		"cw1 " + id + " 0 synced\n" + strings.TrimSuffix(line, "\n"): "no newline",
	} {
		if b, err := Unmarshal([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want an error with %q", data, b, err, want)
		}
	}
	if data, err := (&Batch{Session: "x", Lines: []byte(line)}).Marshal(); err == nil {
		t.Errorf("written without a session: %q", data)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("cw1 "+id+" unsealed -\nping,target=gw sent=10i 1700000000000000000\n"), int64(time.Hour))
	f.Add([]byte("cw1 "+id+" -7200000000000 corrected\nx a=\"1 2\" 5\nx b=t -5\n"), int64(1))
	f.Add([]byte("cw1 "+id+" 0 synced\n \n"), int64(math.MinInt64))
	f.Add([]byte("cw1 "+id+" 0 bounded\nx a=1i 5\n"), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, offset int64) {
		b, err := Unmarshal(data)
		if err != nil {
			return
		}
		again, err := b.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("read from %q, written as %q (%v)", data, again, err)
		}
		lines := bytes.Count(b.Lines, []byte("\n"))
		if b.Seal(Offset{Value: time.Duration(offset), Bounded: offset%2 == 0}) != nil {
			return
		}
		sealed, err := b.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Unmarshal(sealed)
		if err != nil || bytes.Count(back.Lines, []byte("\n")) != lines {
			t.Fatalf("%q sealed by %d is %q (%v)", data, offset, sealed, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	round := bytes.Repeat([]byte("ping,target=gateway,role=gateway sent=10i,received=10i,rtt_median_ms=1.25 1700000000000000000\n"), 30)
	b.ReportAllocs()
	for b.Loop() {
		batch := Batch{Session: id, Lines: round}
		if err := batch.Seal(Offset{Value: time.Hour}); err != nil {
			b.Fatal(err)
		}
	}
}
