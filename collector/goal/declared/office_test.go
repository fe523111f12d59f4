package declared

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
)

// office converts files as LibreOffice saves them.
func office(t *testing.T, profile, to string, file string) {
	t.Helper()
	program, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatal("there is no LibreOffice on this machine; run `make setup`")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-env:UserInstallation=file://"+profile, "--headless", "--norestore", "--convert-to", to, "--outdir", filepath.Dir(file), file)
	cmd.Env = append(os.Environ(), "HOME="+profile, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
}

// What an office opens in LibreOffice and saves again, as a workbook of its own, as an
// Excel one or as CSV, says what it said.
func TestLibreOfficeSavesWhatWasDeclared(t *testing.T) {
	t.Parallel() // it waits more than it works
	inv := province(t)
	dir, profile := t.TempDir(), t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	have := someDeclarations()
	one := have["bd-21997"]
	one.UpMbps = to(12.5) // of 1.125 a CSV in English has "1.125", which is refused as it must be
	have["bd-21997"] = one
	var book bytes.Buffer
	if err := WriteXLSX(&book, inv, have, say.Vietnamese); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("book.xlsx"), book.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	office(t, profile, "ods", path("book.xlsx"))
	office(t, profile, "xlsx:Calc MS Excel 2007 XML", path("book.ods"))
	office(t, profile, "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true", path("book.ods"))
	for _, name := range []string{"book.xlsx", "book.csv"} {
		data, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(name, bytes.NewReader(data), inv, testNow)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(have, bySite(t, got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestALargeSheetIsReadInBoundedTimeAndMemory(t *testing.T) {
	inv := province(t)
	var rows strings.Builder
	sites := inv.Sites()
	for n := range maxRows {
		fmt.Fprintf(&rows, `<row><c t="inlineStr"><is><t>%s</t></is></c><c><v>%d</v></c><c t="s"><v>0</v></c><c><v>500000</v></c><c><v>100</v></c></row>`, sites[n%len(sites)].ID, 46326-n/len(sites))
	}
	data := bookOf(t, "", "<si><t>CV</t></si>", [2]string{"S", heading + rows.String() + "</sheetData>"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	got, err := Read("", bytes.NewReader(data), inv, testNow)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != maxRows {
		t.Fatal(len(got), err)
	}
	// Half a second and 120 MB where nothing else runs; the race detector takes four times as much.
	t.Logf("%d bytes, %v, %d MB allocated", len(data), took, (after.TotalAlloc-before.TotalAlloc)>>20)
	if took > time.Minute || after.TotalAlloc-before.TotalAlloc > 1<<30 {
		t.Errorf("%v, %d bytes", took, after.TotalAlloc-before.TotalAlloc)
	}
	_, err = Read("", strings.NewReader("site;date;source;pcs\n"+strings.Repeat("bd-21997;x;;1\n", maxRows+1)), inv, testNow)
	if err == nil || err.Error() != "A20002: more than 20000 rows" {
		t.Error(err)
	}
}
