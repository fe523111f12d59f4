package snmp

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// Each of forty files uses all behind it: there are 2^38 ways through them.
func TestManyWaysThroughProfilesAreLookedAtOnce(t *testing.T) {
	files := map[string]string{}
	var behind []string
	for i := 40; i > 0; i-- {
		name := fmt.Sprintf("n%d", i)
		files[name+".yaml"] = "about: x\nuse: [" + strings.Join(behind, ", ") + "]\n"
		behind = append(behind, name)
	}
	got, err := LoadProfiles(folder(t, files))
	if err == nil || got.byName["n40"] == nil || got.byName["n1"] != nil {
		t.Errorf("want those that use more than %d left out, got %v", maxUsed, err)
	}
}

func TestNoMoreFilesAreReadThanThereMayBeThoughAllAreWrong(t *testing.T) {
	files := fstest.MapFS{}
	for i := range maxProfileFiles + 50 {
		files[fmt.Sprintf("x%d.yaml", i)] = &fstest.MapFile{Data: []byte("7")}
	}
	_, wrong := readFolder(files, ".", "x", true)
	if len(wrong) != maxProfileFiles+1 || wrong[maxProfileFiles].Key != "config.too_many" {
		t.Errorf("%d complaints, want one a file and one of their number", len(wrong))
	}
}

func TestAPipeInTheFolderIsNotWaitedFor(t *testing.T) {
	files := fstest.MapFS{"x.yaml": {Data: []byte("about: x\n"), Mode: fs.ModeNamedPipe}}
	if own, wrong := readFolder(files, ".", "x", true); len(own) != 0 || len(wrong) != 1 {
		t.Errorf("read %v, complaints %v", own, wrong)
	}
}
