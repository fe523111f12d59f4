package users

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// aHash is one that costs what it says and belongs to nobody.
const aHash = "$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

func TestALineIsNameRoleAndHash(t *testing.T) {
	rows, err := parseFile("users", []byte("\xef\xbb\xbf# a remark\r\n\r\nNguye\u0302\u0303n Văn An operator "+aHash+"\r\n  Viewer viewer\t "+aHash+"\nY Bhăm Ênuôl planner "+aHash))
	if err != nil {
		t.Fatal(err)
	}
	var got []Person
	for _, r := range rows {
		if r.person {
			got = append(got, r.Person)
		}
	}
	want := []Person{{"Nguyễn Văn An", api.RoleOperator, aHash}, {"Viewer", api.RoleViewer, aHash}, {"Y Bhăm Ênuôl", api.RolePlanner, aHash}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Person{})); d != "" {
		t.Error(d)
	}
}

func TestEachMistakeOfTheFileIsSaidWithItsPlace(t *testing.T) {
	for line, want := range map[string]string{
		"An":                         "users:1:1: each line needs",
		"An operator":                "users:1:1: each line needs",
		"An boss " + aHash:           `users:1:4: the role "boss" is not known`,
		"An Operator " + aHash:       `users:1:4: the role "Operator" is not known`,
		"Аn operator " + aHash:       "users:1:1: a name needs", // a Cyrillic letter
		"<b> operator " + aHash:      "users:1:1: a name needs",
		"An  Bình operator " + aHash: "users:1:1: a name needs",
		strings.Repeat("a", 61) + " operator " + aHash:                                 "users:1:1: a name needs 1 to 60 characters",
		"An operator plain":                                                            "users:1:13: the hash is not of the form",
		"An operator " + aHash + "=":                                                   "users:1:13: the hash is not",
		"An operator " + strings.Replace(aHash, "v=19", "v=16", 1):                     "users:1:13: the hash is not",
		"An operator " + strings.Replace(aHash, "argon2id", "argon2i", 1):              "users:1:13: the hash is not",
		"An operator " + strings.Replace(aHash, "m=19456", "m=4096", 1):                "users:1:13: the hash needs m from 19456 to 131072",
		"An operator " + strings.Replace(aHash, "m=19456", "m=999999999", 1):           "users:1:13: the hash needs m",
		"An operator " + strings.Replace(aHash, "t=1", "t=0", 1):                       "users:1:13: the hash needs m",
		"An operator " + strings.Replace(aHash, "p=1", "p=99", 1):                      "users:1:13: the hash needs m",
		"An operator " + strings.Replace(aHash, "c2FsdHNhbHRzYWx0c2FsdA", "c2FsdA", 1): "users:1:13: the hash is not",
		"An viewer " + aHash + "\nBình viewer " + aHash + "\naN operator " + aHash:     `users:3:1: the name "aN" already stands in line 1`,
		"An viewer " + aHash + "\n\xff":                                                "users:2:1: byte",
	} {
		_, err := parseFile("users", []byte(line))
		problems, is := errors.AsType[settings.Problems](err)
		if !is || !strings.HasPrefix(problems.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
	var many strings.Builder
	for i := range maxPeople + 1 {
		fmt.Fprintf(&many, "p%d viewer %s\n", i, aHash)
	}
	if _, err := parseFile("users", []byte(many.String())); err == nil || !strings.Contains(err.Error(), "users:1001:1: there are more than 1000 people") {
		t.Errorf("%.200v", err)
	}
}

func TestAChangeKeepsEveryOtherLineAsItStands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	before := "# who may what\n\n  An   operator\t" + aHash + "\n# left in May\nBình viewer " + aHash + "\n"
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(before, "  An   operator\t", "An operator   ")), 0o640); err != nil {
		t.Fatal(err)
	}
	before = strings.ReplaceAll(before, "  An   operator\t", "An operator   ")
	if err := SetRole(file, "bình", api.RolePlanner); err != nil {
		t.Fatal(err)
	}
	after := func() string {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if d := cmp.Diff(strings.Replace(before, "Bình viewer", "Bình planner", 1), after()); d != "" {
		t.Error(d)
	}
	if err := Remove(file, "Bình"); err != nil {
		t.Fatal(err)
	}
	if want := "# who may what\n\nAn operator   " + aHash + "\n# left in May\n"; after() != want {
		t.Errorf("%q", after())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	link := filepath.Join(t.TempDir(), "users")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := SetPassword(link, "An", "một câu khác hẳn"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || strings.Contains(after(), aHash) {
		t.Error("a link was replaced, or its file was not")
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestPeopleWhoAreEnteredAtOnceAreAllThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte("An operator "+aHash+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if err := change(file, true, func(rows []row) ([]row, error) {
				return append(rows, row{text: fmt.Sprintf("p%d viewer %s", i, aHash)}), nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if all, err := List(file); err != nil || len(all) != 9 {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestAFirstFileIsForItsOwnerAloneAndARefusalMakesNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	for what, err := range map[string]error{
		"role":     Add(file, "An", "root", "con trâu đi trước"),
		"name":     Add(file, "An\nB", api.RoleViewer, "ngắn"),
		"password": Add(file, "An", api.RoleViewer, "ngắn"),
		"unknown":  SetRole(file, "An", api.RoleViewer),
	} {
		if err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Error("a file was made")
	}
	if err := Add(file, " An  Bình ", api.RoleViewer, "con trâu đi trước"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	all, err := List(file)
	if err != nil || len(all) != 1 || all[0].Name != "An Bình" {
		t.Fatalf("%v, %v", all, err)
	}
	if d, w := parseHash(all[0].hash); w != nil || d.cost != ours || !d.is("con trâu đi trước") {
		t.Errorf("%+v", d.cost)
	}
}

func TestAPasswordThatIsGuessedFirstIsRefused(t *testing.T) {
	for password, ok := range map[string]bool{
		"con trâu đi trước": true, "xanh-do-tim-vang": true, strings.Repeat("aăâb", 32): false, strings.Repeat("ngựa", 32): false, strings.Repeat("a1b2c3d4", 16): true,
		"ngắn": false, "1234567890": false, "0987654321": false, "aaaaaaaaaaaa": false, "abcdefghijkl": false, "1212121212": false, "NguyenVanAn1": true, "nguyễn văn an1": false, "\xff0123456789x": false, strings.Repeat("x1y2z", 26): false,
	} {
		if w := checkPassword(password, "Nguyễn Văn An"); (w == nil) != ok {
			t.Errorf("%q: %v", password, w)
		}
	}
}

func FuzzUsersFile(f *testing.F) {
	f.Add("An operator " + aHash + "\n# x\n")
	f.Add("Nguyễn Văn An viewer " + aHash)
	f.Add("a\tb c\x00 viewer $argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := parseFile("users", []byte(text))
		if err != nil {
			if _, is := errors.AsType[settings.Problems](err); !is {
				t.Errorf("%v", err)
			}
			return
		}
		// What is taken says the same when it is written again.
		var again strings.Builder
		for _, r := range rows {
			line := r.text
			if r.person {
				line = r.line()
			}
			again.WriteString(line + "\n")
		}
		back, err := parseFile("users", []byte(again.String()))
		if err != nil || len(back) != len(rows) {
			t.Fatalf("%q: %v", again.String(), err)
		}
		for i := range rows {
			if rows[i].Person != back[i].Person {
				t.Errorf("%+v became %+v", rows[i].Person, back[i].Person)
			}
		}
	})
}
