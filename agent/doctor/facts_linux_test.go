package doctor

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"communewatch/collector/api"
)

func TestOnlyTheAnswerToOurQuestionIsRead(t *testing.T) {
	name := dnsmessage.MustNewName("cw.example.")
	answer := func(change func(*dnsmessage.Message)) []byte {
		m := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 7, Response: true},
			Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
			Answers: []dnsmessage.Resource{
				{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET}, Body: &dnsmessage.CNAMEResource{CNAME: name}},
				{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 2}}},
			},
		}
		if change != nil {
			change(&m)
		}
		data, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for what, c := range map[string]struct {
		data  []byte
		found int
		code  string
		ok    bool
	}{
		"ours":            {answer(nil), 1, "", true},
		"another number":  {answer(func(m *dnsmessage.Message) { m.ID = 8 }), 0, "", false},
		"a question":      {answer(func(m *dnsmessage.Message) { m.Response = false }), 0, "", false},
		"another name":    {answer(func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("x.example.") }), 0, "", false},
		"another type":    {answer(func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeMX }), 0, "", false},
		"no such name":    {answer(func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeNameError; m.Answers = nil }), 0, "NXDOMAIN", true},
		"capital letters": {answer(func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("CW.Example.") }), 1, "", true},
		"nothing":         {nil, 0, "", false},
	} {
		found, code, ok := readAnswer(c.data, 7, "cw.example", dnsmessage.TypeA)
		if len(found) != c.found || code != c.code || ok != c.ok {
			t.Errorf("%s: %v %q %t", what, found, code, ok)
		}
	}
	whole := answer(nil)
	for n := range whole {
		if found, _, ok := readAnswer(whole[:n], 7, "cw.example", dnsmessage.TypeA); ok {
			t.Errorf("cut after %d bytes: %v", n, found)
		}
	}
}

func TestAServerThatIsSilentIsWaitedForNoLongerThanStated(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	got := askResolver(t.Context(), netip.MustParseAddrPort(silent.LocalAddr().String()), "cw.example")
	if took := time.Since(began); got.failure != api.PathTimeout || took > dnsTries*dnsPatience+time.Second {
		t.Errorf("%+v after %s", got, took)
	}
}

func TestTheStateFolderIsTriedAndLeftAsItWas(t *testing.T) {
	folder := t.TempDir()
	if d := examineDisk(folder, 1); d.err != nil || d.free <= 0 {
		t.Errorf("%+v", d)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if d := examineDisk(filepath.Join(folder, "gone"), 1); !os.IsNotExist(d.err) {
		t.Errorf("%+v", d)
	}
}

func TestADiskThatHangsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := make(chan struct{})
		d := inTime("x", 1, func(string, int64) disk { <-ends; return disk{} })
		if !d.slow || d.folder != "x" {
			t.Errorf("%+v", d)
		}
		close(ends)
		if d := inTime("x", 1, func(string, int64) disk { return disk{free: 7} }); d.slow || d.free != 7 {
			t.Errorf("%+v", d)
		}
	})
}

func TestTheKernelsNeighboursAreReadAndDamagedRowsAreNot(t *testing.T) {
	if _, err := neighbours(); err != nil {
		t.Error(err)
	}
	row := []byte{2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 8, 0, 1, 0, 192, 168, 1, 1, 10, 0, 2, 0, 1, 2, 3, 4, 5, 6, 0, 0}
	n, ok := neighbourOf(row)
	if !ok || n.address != router || n.mac.String() != "01:02:03:04:05:06" || !n.fresh || n.dead {
		t.Errorf("%+v %t", n, ok)
	}
	for cut := range row[:20] {
		if n, ok := neighbourOf(row[:cut]); ok {
			t.Errorf("cut after %d bytes: %+v", cut, n)
		}
	}
	row[8] = 0x20 // NUD_FAILED
	if n, _ := neighbourOf(row); n.fresh || !n.dead {
		t.Errorf("failed: %+v", n)
	}
	zeros := slices.Clone(row)
	copy(zeros[24:30], make([]byte, 6))
	if n, ok := neighbourOf(zeros); !ok || n.mac != nil {
		t.Errorf("a card of zeros: %+v %t", n, ok)
	}
	row[8] = 0x40 // NUD_NOARP
	if _, ok := neighbourOf(row); ok {
		t.Error("what has no hardware address")
	}
	row[8] = 2
	row[12] = 0 // an attribute of no length
	if _, ok := neighbourOf(row); ok {
		t.Error("an attribute of no length")
	}
}
