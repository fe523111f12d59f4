package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
)

var keyUse = regexp.MustCompile(`\bsaid\("([a-z0-9_]+)"`)
var codeUse = regexp.MustCompile(`"(doctor\.[a-z0-9_]+)"`)

func TestEverySentenceThatIsUsedIsInTheCatalogue(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, "../check.go", "../discover.go") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keyUse.FindAllStringSubmatch(string(data), -1) {
			if !say.Has(say.Key("doctor." + m[1])) {
				t.Errorf("%s: doctor.%s", path, m[1])
			}
		}
		for _, m := range codeUse.FindAllStringSubmatch(string(data), -1) {
			if key := say.Key(m[1]); !strings.HasSuffix(m[1], "_") && !say.Has(key) {
				t.Errorf("%s: %s", path, key)
			}
		}
	}
	for code, r := range refusals {
		if !say.Has("doctor."+r.is) || !say.Has("doctor."+r.do) {
			t.Errorf("%s lacks a sentence", code)
		}
	}
	for _, m := range makes {
		if !say.Has(m.howTo().Key) || !say.Has(say.Key("doctor.kind_"+m.kind)) {
			t.Errorf("%s lacks a sentence", m.name)
		}
	}
	for _, v := range prefixes() {
		if !say.Has(say.Key("doctor.kind_" + v.Kind)) {
			t.Errorf("%s: kind %s lacks a sentence", v.Name, v.Kind)
		}
	}
}

func TestLinesAreSaidInBothLanguagesWithWhatToDoBelow(t *testing.T) {
	all := []Finding{
		good(CheckLink, said("link_up", "eth0")),
		bad(CheckClock, said("clock_off", ahead(-time.Hour), lasting(time.Hour+5*time.Minute)), said("do_clock_linux")),
		skipped(CheckSNMP, said("snmp_none")).of("nas"),
	}
	for lang, want := range map[say.Lang]string{
		say.Vietnamese: "✔ Đường mạng: eth0 có tín hiệu\n✘ Đồng hồ: chậm 1 giờ 5 phút so với trung tâm. Dữ liệu đo vẫn đúng vì được tự hiệu chỉnh\n    → sudo timedatectl set-ntp true. Nếu máy lại sai giờ mỗi lần bật: thay pin CMOS (CR2032) trên bo mạch.\n– SNMP nas: chưa khai thiết bị nào để hỏi\n",
		say.English:    "✔ Link: eth0 is connected\n✘ Clock: 1 h 5 min behind the collector's. What is measured is right all the same, since it is corrected\n    → sudo timedatectl set-ntp true. If it is wrong again after each start: replace the CMOS battery (CR2032) on the main board.\n– SNMP nas: no device is configured to be asked\n",
	} {
		var b strings.Builder
		if err := Print(&b, lang, all); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Error(d)
		}
	}
}
