package office

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBehindAResolverOnThisMachineTheServersAreThoseThatItAsks(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	behind := file("resolved.conf", "nameserver 192.168.1.1\nnameserver fe80::1%eth0\n")
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain":       {"# nameserver 10.9.9.9\nsearch lan\nnameserver 10.0.0.1\n\tnameserver\t10.0.0.2 # x\nnameserver nonsense\nnameserver\n", []string{"10.0.0.1", "10.0.0.2"}},
		"resolved":    {"nameserver 127.0.0.53\noptions edns0\n", []string{"127.0.0.53", "192.168.1.1", "fe80::1%eth0"}},
		"empty":       {"", nil},
		"a long line": {string(make([]byte, 70_000)) + "\nnameserver 10.0.0.1\n", nil},
	} {
		var got []string
		for _, a := range serversIn(file("resolv.conf", c.text), behind) {
			got = append(got, a.String())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if got := serversIn(filepath.Join(dir, "none"), behind); got != nil {
		t.Errorf("without a file: %v", got)
	}
}
