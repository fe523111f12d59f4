package upstream

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func documented(etag, target string) Offer {
	return Offer{ETag: etag, Document: api.Document{Interval: time.Minute, Packets: 10, Targets: []api.Target{
		{Name: target, Address: "192.168.1.1", Role: api.RoleGateway},
		{Name: "printer", Address: "192.168.1.9", Role: api.RoleDevice, SNMP: &api.SNMP{Version: "2c", Community: "community<&>"}},
	}}}
}

func openDocuments(t *testing.T, folder string) *Documents {
	t.Helper()
	d, err := OpenDocuments(folder)
	must(t, err)
	return d
}

// received is a document as it comes from the centre.
func (d *Documents) received(t *testing.T, o Offer) (offered bool, err error) {
	t.Helper()
	body, marshalErr := json.Marshal(o.Document)
	must(t, marshalErr)
	return d.receive(o.ETag, body)
}

// next is what is offered now, "" if nothing is.
func (d *Documents) next() string {
	select {
	case o := <-d.Offers():
		return o.ETag
	default:
		return ""
	}
}

func TestADocumentHoldsOnlyOnceItHasWorkedAndThenOverRestarts(t *testing.T) {
	folder := t.TempDir()
	d := openDocuments(t, folder)
	if _, has := d.Current(); has || d.newest() != "" {
		t.Error("an empty folder has a document")
	}
	one := documented(`"v1"`, "router")
	if offered, err := d.received(t, one); !offered || err != nil {
		t.Fatal(offered, err)
	}
	got := <-d.Offers()
	if diff := cmp.Diff(one, got); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	if _, has := d.Current(); has {
		t.Error("it holds before it has worked")
	}
	must(t, d.Commit(got))
	d = openDocuments(t, folder)
	held, has := d.Current()
	if diff := cmp.Diff(one, held); diff != "" || !has {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	if d.newest() != `"v1"` || d.Problem() != "" {
		t.Errorf("newest %s, problem %q", d.newest(), d.Problem())
	}
	if offered, _ := d.received(t, one); offered {
		t.Error("what holds is offered again")
	}
	files, err := os.ReadDir(folder)
	must(t, err)
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 || f.Name() != documentFile {
			t.Errorf("%s with mode %04o", f.Name(), info.Mode().Perm())
		}
	}
}

func TestADocumentThatDoesNotWorkIsNeverOfferedAgainAndTheOneThatWorkedHolds(t *testing.T) {
	folder := t.TempDir()
	d := openDocuments(t, folder)
	one, two, three := documented(`"v1"`, "router"), documented(`"v2"`, "wrong"), documented(`"v3"`, "router 3")
	must(t, d.Commit(one))
	must(t, second(d.received(t, two)))
	<-d.Offers()
	must(t, d.Refuse(`"v2"`, "no round\nfinished "+strings.Repeat("á", 600)))
	for range 2 {
		if offered, _ := d.received(t, two); offered || d.next() != "" {
			t.Error("offered again")
		}
		if held, _ := d.Current(); held.ETag != `"v1"` {
			t.Errorf("%s holds", held.ETag)
		}
		if p := d.Problem(); !strings.Contains(p, `"v2"`) || !strings.Contains(p, "no round finished") || len(p) > 600 {
			t.Errorf("problem: %q", p)
		}
		if d.newest() != `"v2"` {
			t.Errorf("asked for with %s: it would come again each time", d.newest())
		}
		d = openDocuments(t, folder) // and after a restart
	}
	if offered, _ := d.received(t, one); offered || d.Problem() != "" {
		t.Errorf("the centre took it back: offered %t, problem %q", offered, d.Problem())
	}
	must(t, second(d.received(t, three)))
	if d.next() != `"v3"` || d.Problem() != "" {
		t.Errorf("a new one is not offered, or %q", d.Problem())
	}
	must(t, d.Commit(three))
	d = openDocuments(t, folder)
	if offered, _ := d.received(t, two); offered {
		t.Error("the bad one is offered again after another that worked")
	}
}

func TestTheNewestOfferWins(t *testing.T) {
	d := openDocuments(t, t.TempDir())
	for i := range 3 {
		must(t, second(d.received(t, documented(fmt.Sprintf(`"v%d"`, i), "router"))))
	}
	if got := d.next(); got != `"v2"` {
		t.Errorf("offered %s", got)
	}
	must(t, d.Commit(documented(`"v2"`, "router")))
	must(t, second(d.received(t, documented(`"v3"`, "router"))))
	// Before anybody looked at v3, the centre has v2 again.
	if offered, err := d.received(t, documented(`"v2"`, "router")); !offered || err != nil || d.next() != `"v2"` {
		t.Errorf("what was taken back stands: offered %t, %v", offered, err)
	}
	// A broken one takes an offer's place too: what it replaced is not wanted any more.
	must(t, second(d.received(t, documented(`"v4"`, "router"))))
	if _, err := d.receive(`"v5"`, []byte("{}")); err == nil || d.next() != "" {
		t.Error("an older one than the newest is offered")
	}
}

func TestADocumentThatCannotBeIsRefusedOnTheSpot(t *testing.T) {
	bad := func(change func(*api.Document)) []byte {
		doc := documented("", "router").Document
		change(&doc)
		body, err := json.Marshal(doc)
		must(t, err)
		return body
	}
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"no JSON":                                {[]byte("<html>"), "not JSON"},
		"half of it":                             {bad(func(*api.Document) {})[:50], "not JSON"},
		"no interval":                            {bad(func(d *api.Document) { d.Interval = 0 }), "interval is 0s"},
		"too many targets":                       {bad(func(d *api.Document) { d.Targets = make([]api.Target, api.MaxTargets+1) }), "1001 targets"},
		"too large":                              {append(bad(func(*api.Document) {}), make([]byte, api.MaxDocumentBytes)...), "more than 1048576 bytes"},
		"a profile that leads out of its folder": {bad(func(d *api.Document) { d.Profiles = []api.Profile{{Name: "../../x.yaml"}} }), "name that no file can have"},
		"too many profiles":                      {bad(func(d *api.Document) { d.Profiles = make([]api.Profile, api.MaxProfiles+1) }), "101 profiles"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			d := openDocuments(t, folder)
			offered, err := d.receive(`"bad"`, c.body)
			if offered || err == nil || !strings.Contains(err.Error(), c.want) || d.next() != "" {
				t.Errorf("offered %t, %v", offered, err)
			}
			d = openDocuments(t, folder)
			if d.newest() != `"bad"` || !strings.Contains(d.Problem(), c.want) {
				t.Errorf("after a restart: newest %s, problem %q", d.newest(), d.Problem())
			}
		})
	}
}

func TestADocumentThatEndsTheProgramEachTimeCountsAsBad(t *testing.T) {
	folder := t.TempDir()
	one, two := documented(`"v1"`, "router"), documented(`"v2"`, "deadly")
	must(t, openDocuments(t, folder).Commit(one))
	begun := 0
	for range trials + 3 {
		d := openDocuments(t, folder)
		if offered, err := d.received(t, two); err != nil {
			t.Fatal(err)
		} else if offered {
			begun++ // and there the program ends
		}
	}
	d := openDocuments(t, folder)
	if held, _ := d.Current(); begun != trials || held.ETag != `"v1"` || !strings.Contains(d.Problem(), "ended 5 times") {
		t.Errorf("begun %d times, %s holds, problem %q", begun, held.ETag, d.Problem())
	}
}

func TestWhatCannotBeReadOnDiskIsSetAsideAndSaid(t *testing.T) {
	good, err := json.Marshal(documented(`"v1"`, "router"))
	must(t, err)
	for name, data := range map[string][]byte{
		"empty": {}, "zeros": make([]byte, 100), "cut off": good[:len(good)/2], "of another form": []byte(`{"etag":"x","document":{"interval":0}}`),
		"too large": make([]byte, 2*api.MaxDocumentBytes+1), "a list": []byte("[]"),
	} {
		for _, file := range []string{documentFile, refusedFile, trialFile} {
			if file != documentFile && name == "of another form" {
				continue
			}
			folder := t.TempDir()
			must(t, os.WriteFile(filepath.Join(folder, file), data, 0o644))
			d := openDocuments(t, folder)
			if _, has := d.Current(); has || !strings.Contains(d.Problem(), file+broken) {
				t.Errorf("%s, %s: problem %q", name, file, d.Problem())
			}
			if got := contents(t, filepath.Join(folder, file+broken)); len(got) != len(data) {
				t.Errorf("%s, %s: %d bytes are kept of %d", name, file, len(got), len(data))
			}
			must(t, d.Commit(documented(`"v2"`, "router")))
			if d.Problem() != "" {
				t.Errorf("%s: after a good one: %q", name, d.Problem())
			}
		}
	}
	if _, err := OpenDocuments(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("a folder that is not there yet: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := OpenDocuments(file); err == nil {
		t.Error("a file was taken for a folder")
	}
	odd := t.TempDir() // a folder where a file should be
	must(t, os.Mkdir(filepath.Join(odd, documentFile), 0o700))
	if d := openDocuments(t, odd); !strings.Contains(d.Problem(), documentFile) {
		t.Errorf("problem %q", d.Problem())
	}
}

func TestADocumentIsNotSaidToHoldWhereItCannotBeWritten(t *testing.T) {
	d := openDocuments(t, filepath.Join(t.TempDir(), "none"))
	if err := d.Commit(documented(`"v1"`, "router")); err == nil {
		t.Error("committed")
	}
	if _, has := d.Current(); has {
		t.Error("it holds")
	}
	if err := d.Refuse(`"v1"`, "x"); err == nil {
		t.Error("refused on disk")
	}
	if offered, _ := d.received(t, documented(`"v1"`, "router")); offered {
		t.Error("offered again in this run")
	}
	if offered, err := d.received(t, documented(`"v2"`, "router")); !offered || err == nil || d.next() != `"v2"` {
		t.Errorf("a full disk keeps a document from being tried: %t, %v", offered, err)
	}
}
