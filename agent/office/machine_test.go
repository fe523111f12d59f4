package office

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestAMachineIsTheSameAsLongAsOneMarkAgrees(t *testing.T) {
	for name, c := range map[string]struct {
		before, now []string
		want        []string // in the file then; nil: it is another's
	}{
		"nothing changed":                {[]string{"disk:d", "mac:a"}, []string{"disk:d", "mac:a"}, []string{"disk:d", "mac:a"}},
		"another network card":           {[]string{"disk:d", "mac:a"}, []string{"disk:d", "mac:b"}, []string{"disk:d", "mac:b"}},
		"another disk, by an image":      {[]string{"disk:d", "mac:a"}, []string{"disk:e", "mac:a"}, []string{"disk:e", "mac:a"}},
		"the disk moved to another PC":   {[]string{"disk:d", "mac:a"}, []string{"disk:d", "mac:b"}, []string{"disk:d", "mac:b"}},
		"copied to another PC":           {[]string{"disk:d", "mac:a", "uuid:u"}, []string{"disk:e", "mac:b", "uuid:v"}, nil},
		"root saw more than the service": {[]string{"mac:a", "uuid:u"}, []string{"mac:a"}, []string{"mac:a", "uuid:u"}},
		"no marks now":                   {[]string{"mac:a"}, nil, []string{"mac:a"}},
		"no marks then":                  {nil, []string{"mac:a"}, []string{"mac:a"}},
		"never any":                      {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := sameMachine(folder, c.before); err != nil {
				t.Fatal(err)
			}
			err := sameMachine(folder, c.now)
			var copied *CopiedError
			if isCopy := name == "copied to another PC"; errors.As(err, &copied) != isCopy || !isCopy && err != nil {
				t.Fatalf("got %v", err)
			}
			if copied != nil {
				host, _ := os.Hostname()
				if !strings.Contains(err.Error(), host) || !strings.Contains(err.Error(), time.Now().UTC().Format(time.DateOnly)) || !strings.Contains(err.Error(), "invitation of its own") {
					t.Errorf("it says %q", err)
				}
				return
			}
			known, err := readMachine(folder)
			if d := cmp.Diff(c.want, known.Marks); d != "" || err != nil {
				t.Error(d, err)
			}
		})
	}
}

// Card after card, disk after disk: in the end nothing is as it was.
func TestAMachineMayBeReplacedPieceByPiece(t *testing.T) {
	folder := t.TempDir()
	for _, marks := range [][]string{{"mac:a", "disk:d"}, {"mac:b", "disk:d"}, {"mac:b", "disk:e"}, {"mac:c", "disk:e"}} {
		if err := sameMachine(folder, marks); err != nil {
			t.Errorf("%v: %v", marks, err)
		}
	}
	if sameMachine(folder, []string{"mac:a", "disk:d"}) == nil {
		t.Error("what was thrown away still counts")
	}
}

func TestAFileThatIsNoLongerReadableAccusesNobody(t *testing.T) {
	folder := t.TempDir()
	for _, text := range []string{"", "{", "\x00\x00\x00"} {
		if err := os.WriteFile(filepath.Join(folder, machineFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := sameMachine(folder, []string{"mac:a"}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if known, err := readMachine(folder); err != nil || len(known.Marks) != 1 {
			t.Errorf("%q: then %+v, %v", text, known, err)
		}
	}
}

func TestWhatACloneOrAHypervisorSharesIsNoMark(t *testing.T) {
	for _, address := range []string{"\x00\x00\x00\x00\x00\x00", "\x02\x42\xac\x11\x00\x02", "\x52\x54\x00\x12\x34\x56", "\x00\x15\x5d\x01\x02\x03", "\x08\x00\x27\x01\x02\x03", "\x01\x00\x5e\x01\x02\x03", "\xff\xff\xff\xff\xff\xff", "\x3c\x52\x82", ""} {
		if m := macMark([]byte(address)); m != nil {
			t.Errorf("%x: %v", address, m)
		}
	}
	if m := macMark([]byte("\x3c\x52\x82\x01\x02\x03")); len(m) != 1 || strings.Contains(m[0], "3c5282") {
		t.Errorf("a real card: %v", m)
	}
	for _, serial := range []string{"", "  ", "To be filled by O.E.M.", "Default string", "None", "0000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "03000200-0400-0500-0006-000700080009", "123456789", "N/A", "ab"} {
		if m := serialMark(markBoard, serial); m != nil {
			t.Errorf("%q: %v", serial, m)
		}
	}
	a, b := serialMark(markDisk, " S3Z9NB0K123456 "), serialMark(markDisk, "s3z9-nb0k123456")
	if len(a) != 1 || !slices.Equal(a, b) || strings.Contains(strings.ToLower(a[0]), "s3z9") {
		t.Errorf("a real serial: %v, %v", a, b)
	}
	if slices.Equal(serialMark(markDisk, "S3Z9NB0K123456"), serialMark(markBoard, "S3Z9NB0K123456")) {
		t.Error("kinds are not told apart")
	}
}

func TestAFingerprintFitsTheContractAndTellsMachinesApart(t *testing.T) {
	a, b := Fingerprint([]string{"mac:a", "disk:d"}), Fingerprint([]string{"mac:a", "disk:e"})
	if a == b || len(a) == 0 || len(a) > api.MaxMachine || Fingerprint(nil) != "" {
		t.Errorf("%q, %q", a, b)
	}
}

// enrolledBench is an office with an identity on a machine with these marks.
func enrolledBench(t *testing.T, folder string, marks ...string) (*bench, *bytes.Buffer) {
	b := newBench(t, folder, func(c *Config) {
		c.Token, c.Identity = "", filepath.Join(folder, "identity.pem")
	})
	writeIdentity(t, b.cfg.Identity, time.Now().Add(720*time.Hour))
	var log bytes.Buffer
	b.deps.Log = slog.New(slog.NewTextHandler(&log, nil))
	b.deps.machine = func() []string { return marks }
	return b, &log
}

func TestACopyMeasuresAndKeepsButSendsNothingAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		original, _ := enrolledBench(t, folder, "mac:a")
		original.start()
		original.offer("v1", docOf("theirs"))
		time.Sleep(3 * time.Minute)
		if original.sender.Stats().Attempts == 0 {
			t.Error("the original does not send")
		}
		original.stop()
		theirs := original.count("")

		clone, log := enrolledBench(t, folder, "mac:b")
		clone.start()
		time.Sleep(3 * time.Minute)
		s := clone.status()
		if clone.sender.Stats().Attempts != 0 || s.Copied == nil || !slices.Contains(s.Problems(), Copied) || clone.documents != nil {
			t.Errorf("attempts %d, status %+v", clone.sender.Stats().Attempts, s.Copied)
		}
		clone.stop()
		if clone.sender.Stats().Attempts != 0 {
			t.Error("it says goodbye for another machine")
		}
		if !strings.Contains(log.String(), "invitation of its own") {
			t.Errorf("the log says %s", log)
		}
		if clone.count("target=theirs") != 0 || clone.count("target=gateway") < 2 {
			t.Error("what the original measured is in the clone's queue, or what the clone did is not")
		}
		aside, err := filepath.Glob(clone.cfg.SpoolDir + "-of-another-machine/*")
		if err != nil || len(aside) < theirs/4 {
			t.Errorf("put aside: %v, %v", aside, err)
		}

		mine := clone.count("")
		again, _ := enrolledBench(t, folder, "mac:b")
		again.start()
		time.Sleep(time.Minute)
		if again.copied == nil {
			t.Error("a second start forgets that it is a copy")
		}
		again.stop()
		if again.count("") <= mine {
			t.Error("and puts aside what the clone measured")
		}

		home, _ := enrolledBench(t, folder, "mac:a") // the disk is back where it was
		home.start()
		time.Sleep(time.Minute)
		if home.copied != nil || home.sender.Stats().Attempts == 0 {
			t.Error("the original is accused")
		}
		home.stop()
	})
}

func TestOnceEnrolledByItselfACopySendsWhatItMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		marks := Machine()
		if len(marks) == 0 {
			marks = []string{"mac:here"}
		}
		if err := sameMachine(folder, []string{"mac:elsewhere"}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{documentFile, refusedFile} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		clone, _ := enrolledBench(t, folder, marks...)
		clone.start()
		time.Sleep(3 * time.Minute)
		clone.stop()
		mine := clone.count("target=gateway")
		if err := Enrolled(clone.cfg, api.EnrolReply{Site: "bd-2", Label: "Xã Mới"}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{documentFile, refusedFile} {
			if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
				t.Errorf("%s of the other machine's site stays", name)
			}
		}
		b, _ := enrolledBench(t, folder, marks...)
		b.start()
		time.Sleep(time.Minute)
		if s := b.status(); s.Copied != nil || s.Label != "Xã Mới" || b.sender.Stats().Attempts == 0 {
			t.Errorf("after it was enrolled: %+v", s.Copied)
		}
		b.stop()
		if mine == 0 || b.count("target=gateway") <= mine {
			t.Error("what it measured before is gone")
		}
	})
}

func TestWhoIsEnrolledAsAnotherSiteDoesNotSendTheFormersData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		b, _ := enrolledBench(t, folder)
		if err := Enrolled(b.cfg, api.EnrolReply{Site: "bd-1"}); err != nil {
			t.Fatal(err)
		}
		b.start()
		time.Sleep(2 * time.Minute)
		b.stop()
		if err := Enrolled(b.cfg, api.EnrolReply{Site: "bd-1"}); err != nil || b.count("") == 0 {
			t.Errorf("enrolled anew as the same site: %v, %d lines left", err, b.count(""))
		}
		if err := Enrolled(b.cfg, api.EnrolReply{Site: "bd-2"}); err != nil || b.count("") != 0 {
			t.Errorf("enrolled as another: %v, %d lines left", err, b.count(""))
		}
	})
}

func TestMachineFileHoldsNoSerialNumber(t *testing.T) {
	folder := t.TempDir()
	if err := sameMachine(folder, macMark([]byte("\x3c\x52\x82\x01\x02\x03"))); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, machineFile))
	if err != nil || !json.Valid(data) || bytes.Contains(data, []byte("3c5282010203")) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestACopyThatIsTakenAwayOrMovedSaysNothingInTheOthersName(t *testing.T) {
	folder := t.TempDir()
	must(t, sameMachine(folder, []string{"mac:elsewhere"}))
	clone, _ := enrolledBench(t, folder, "mac:here")
	clone.build()
	defer clone.Close()
	if err := clone.sendLast(t.Context()); !errors.As(err, new(*CopiedError)) || clone.sender.Stats().Attempts != 0 {
		t.Errorf("%d attempts, %v", clone.sender.Stats().Attempts, err)
	}
}
