//go:build integration

package snmp

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// bothWalks repeats until net-snmp's program sees the same before and after our walk:
// the machine's interfaces may come and go under it.
func bothWalks(t *testing.T, target api.Target, peer []string, root string) (want, got []string) {
	t.Helper()
	for range 10 {
		want, got = peerWalk(t, target, peer, root), walked(t, target, root)
		if cmp.Equal(want, peerWalk(t, target, peer, root)) {
			return want, got
		}
	}
	t.Fatal("the machine's interfaces never stand still")
	return nil, nil
}

// moving marks a value that two walks need not agree on.
const moving = "(moving)"

// peerWalk reads a subtree with net-snmp's own program: numbers as numbers,
// strings in hexadecimal.
func peerWalk(t *testing.T, target api.Target, peer []string, root string) []string {
	t.Helper()
	args := append(slices.Clone(peer[1:]), "-m", "", "-On", "-Oe", "-Ot", "-Ox", fmt.Sprintf("127.0.0.1:%d", target.SNMP.Port), root)
	out, err := exec.Command(peer[0], args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", peer[0], err)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		if !strings.HasPrefix(line, ".") { // a long string goes on in the next line
			lines[len(lines)-1] += strings.ReplaceAll(line, " ", "")
			continue
		}
		oid, value, _ := strings.Cut(line, " = ")
		kind, rest, _ := strings.Cut(value, ": ")
		switch {
		case strings.HasPrefix(kind, "Counter") || value == "" || isTicks(kind, value):
			rest = moving
		case kind == "Hex-STRING":
			rest = strings.ReplaceAll(rest, " ", "")
		case value == `""`:
			rest = ""
		}
		lines = append(lines, oid+" "+rest)
	}
	return lines
}

// isTicks: with -Ot a time is printed as a bare number.
func isTicks(kind, value string) bool {
	_, err := strconv.Atoi(value)
	return kind == "Timeticks" || err == nil
}

func walked(t *testing.T, target api.Target, root string) []string {
	t.Helper()
	talk, err := open(t.Context(), target, DefaultConfiguration(), newHabits())
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var lines []string
	err = talk.walk(root, 0, 100_000, func(suffix string, v gosnmp.SnmpPDU) {
		value := fmt.Sprint(v.Value)
		switch v.Type {
		case gosnmp.OctetString:
			value = fmt.Sprintf("%X", v.Value)
		case gosnmp.Counter32, gosnmp.Counter64, gosnmp.TimeTicks:
			value = moving
		}
		lines = append(lines, v.Name+" "+value)
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func names(t *testing.T, target api.Target, alone bool, roots []string) []string {
	t.Helper()
	h := newHabits()
	h.single = alone
	talk, err := open(t.Context(), target, DefaultConfiguration(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var got []string
	errs := talk.walkAbreast(roots, 0, 100_000, func(_ int, _ string, v gosnmp.SnmpPDU) { got = append(got, v.Name) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}
