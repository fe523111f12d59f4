package enrol

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func openTokens(t testing.TB, path string) *Tokens {
	t.Helper()
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func issue(t testing.TB, tokens *Tokens, site string) string {
	t.Helper()
	token, err := tokens.Issue(site, "a1")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func who(tokens *Tokens, token string) string {
	id, ok := tokens.Identify(token)
	if !ok {
		return ""
	}
	return id.Site
}

func TestATokenGivesTheIdentityItWasIssuedForAndNoOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens := openTokens(t, path)
	one, two := issue(t, tokens, "bd-21997"), issue(t, tokens, "bd-21550")
	for token, site := range map[string]string{one: "bd-21997", two: "bd-21550"} {
		id, ok := tokens.Identify(token)
		if d := cmp.Diff(api.Identity{Site: site, Agent: "a1", Via: "token"}, id); d != "" || !ok {
			t.Error(d, ok)
		}
	}
	for _, token := range []string{"", "cw_", one[:len(one)-1], one + "A", strings.ToUpper(one), "Cw_" + one[3:], one[3:],
		"cw_" + strings.Repeat("A", 43), strings.Repeat("x", 1<<20)} {
		if id, ok := tokens.Identify(token); ok || id != (api.Identity{}) {
			t.Errorf("%.60q is %v", token, id)
		}
	}
	// A hash from the file is no token.
	sum := sha256.Sum256([]byte(one))
	if who(tokens, hex.EncodeToString(sum[:])) != "" || who(tokens, "cw_"+hex.EncodeToString(sum[:])) != "" {
		t.Error("the hash opens the door")
	}
	if who(openTokens(t, path), one) != "bd-21997" {
		t.Error("after a restart it is unknown")
	}
}

func TestOnlyHashesReachTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	token := issue(t, openTokens(t, path), "bd-21997")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(token)) || bytes.Contains(data, []byte(token[3:])) {
		t.Error("the token stands in the file")
	}
	sum := sha256.Sum256([]byte(token))
	if !bytes.Contains(data, []byte("bd-21997 a1 "+hex.EncodeToString(sum[:])+" ")) {
		t.Errorf("the file holds %s", data)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestANewTokenVoidsTheOldOneOfThatAgentOnly(t *testing.T) {
	tokens := openTokens(t, filepath.Join(t.TempDir(), "tokens"))
	old, other := issue(t, tokens, "bd-21997"), issue(t, tokens, "bd-21550")
	second, err := tokens.Issue("bd-21997", "a2")
	if err != nil {
		t.Fatal(err)
	}
	fresh := issue(t, tokens, "bd-21997")
	got := []string{who(tokens, old), who(tokens, fresh), who(tokens, second), who(tokens, other)}
	if d := cmp.Diff([]string{"", "bd-21997", "bd-21997", "bd-21550"}, got); d != "" {
		t.Error(d)
	}
}

func TestATokenThatAnotherProcessIssuedIsKnownASecondLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	synctest.Test(t, func(t *testing.T) {
		serving, issuing := openTokens(t, path), openTokens(t, path)
		token := issue(t, issuing, "bd-21997")
		time.Sleep(recheck)
		if who(serving, token) != "bd-21997" {
			t.Fatal("unknown after a second")
		}
		fresh := issue(t, issuing, "bd-21997")
		time.Sleep(recheck)
		if who(serving, token) != "" || who(serving, fresh) != "bd-21997" {
			t.Error("the replaced token still opens the door")
		}
		// An administrator deletes the line.
		if err := os.WriteFile(path, []byte(tokensHead), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recheck)
		if who(serving, fresh) != "" {
			t.Error("a withdrawn token still opens the door")
		}
	})
}

func TestAFileSpoiledWhileServingLeavesTheTokensKnownBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	synctest.Test(t, func(t *testing.T) {
		tokens := openTokens(t, path)
		token := issue(t, tokens, "bd-21997")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("bd-219"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recheck)
		if who(tokens, token) != "bd-21997" || tokens.Err() == nil {
			t.Errorf("known: %q, said: %v", who(tokens, token), tokens.Err())
		}
		if _, err := tokens.Issue("bd-21550", "a1"); err == nil {
			t.Error("a spoiled file was overwritten")
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recheck)
		if who(tokens, token) != "bd-21997" || tokens.Err() != nil {
			t.Errorf("known: %q, said: %v", who(tokens, token), tokens.Err())
		}
	})
}

func TestManyProcessesIssueAtOnceAndNoTokenIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	const processes, each = 8, 4
	var mu sync.Mutex
	want := map[string]string{}
	var group sync.WaitGroup
	for p := range processes {
		tokens := openTokens(t, path) // its own lock, as another process has
		group.Go(func() {
			for i := range each {
				site := fmt.Sprintf("bd-%05d", p*each+i)
				token, err := tokens.Issue(site, "a1")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				want[token] = site
				mu.Unlock()
			}
		})
	}
	group.Wait()
	tokens := openTokens(t, path)
	for token, site := range want {
		if who(tokens, token) != site {
			t.Errorf("%s is lost", site)
		}
	}
	if len(want) != processes*each {
		t.Errorf("%d different tokens", len(want))
	}
}

func TestAWholeProvinceIsIssuedInOneWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens := openTokens(t, path)
	var sites []string
	for i := range 159 {
		sites = append(sites, fmt.Sprintf("bd-%05d", i))
	}
	issued, err := tokens.IssueAll(append(sites, sites[0]), "a1")
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range sites {
		if who(tokens, issued[site]) != site {
			t.Errorf("%s: %q", site, issued[site])
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.IssueAll(append(sites, "no such"), "a1"); err == nil {
		t.Error("issued to no site")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a refused call changed the file")
	}
}

func TestAFileThatCannotBeReadIsRefusedWithItsLine(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for content, want := range map[string]string{
		"bd-21997 a1 " + sum + "\n":                                                          ":1: 3 words, want site, agent, sha256 and time",
		"# x\n\nbd-21997 a1 " + sum[1:] + " 2026-11-25T04:00:00Z\n":                          ":3: the third word is no SHA-256 in hexadecimal",
		"bd-21997 a1 " + sum + " yesterday\n":                                                ":1: the fourth word is no time such as 2026-11-25T04:00:00Z",
		"BD a1 " + sum + " 2026-11-25T04:00:00Z\n":                                           `:1: "BD" "a1" is no site and agent`,
		strings.Repeat("bd-21997 a1 "+sum+" 2026-11-25T04:00:00Z\n", 2):                      ":2: bd-21997 a1 or its token stands twice",
		"bd-1 a1 " + sum + " 2026-11-25T04:00:00Z\nbd-2 a1 " + sum + " 2026-11-25T04:00:00Z": ":2: bd-2 a1 or its token stands twice",
	} {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenTokens(path); err == nil || !strings.HasSuffix(err.Error(), path+want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTokens(path); err == nil || !strings.Contains(err.Error(), "run: chmod 600 "+path) {
		t.Errorf("a file open to others: %v", err)
	}
}

func FuzzATokenFileIsReadOrRefused(f *testing.F) {
	f.Add([]byte(tokensHead + "bd-21997 a1 " + strings.Repeat("ab", 32) + " 2026-11-25T04:00:00Z\n"))
	f.Add([]byte("bd-21997 a1  \n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := parseTokens(data)
		if err != nil {
			return
		}
		written, err := encodeTokens(tokens)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseTokens(written)
		if d := cmp.Diff(tokens, again, cmp.AllowUnexported(issued{})); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}

func BenchmarkIdentify(b *testing.B) {
	tokens := openTokens(b, filepath.Join(b.TempDir(), "tokens"))
	token := issue(b, tokens, "bd-21997")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := tokens.Identify(token); !ok {
			b.Fatal("unknown")
		}
	}
}
