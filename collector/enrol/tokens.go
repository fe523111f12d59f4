package enrol

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// A token is "cw_" and 32 random bytes in base64url.
const (
	tokenPrefix = "cw_"
	tokenBytes  = 32
)

var tokenLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// recheck is how often at most the file is looked at for a change.
const recheck = time.Second

// maxTokens bounds the file: a country has about 11,000 communes.
const maxTokens = 50_000

// Tokens are the tokens issued, of which only hashes are kept. Several processes
// may use the same file at once: one serves while another issues.
type Tokens struct {
	path    string
	changes sync.Mutex // held while issuing or reloading
	known   atomic.Pointer[known]
	looked  atomic.Int64 // when the file was last looked at, nanoseconds since started
	started time.Time
	problem atomic.Pointer[error]
}

// known is what stood in the file at one time.
type known struct {
	file   fs.FileInfo // nil: there was none
	byHash map[hash]issued
}

type hash [sha256.Size]byte

// OpenTokens reads a file of tokens; one that is not there is empty. The folder must exist.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path, started: time.Now()}
	k, err := t.read()
	if err != nil {
		return nil, fmt.Errorf("open tokens: %w", err)
	}
	t.known.Store(k)
	return t, nil
}

// Identify tells whose token it is; false if it is nobody's. A token that another
// process issued is known a second later. It may be called from anywhere at once.
// What it compares are hashes, so how long it takes tells nothing about a token.
func (t *Tokens) Identify(token string) (api.Identity, bool) {
	if len(token) != tokenLength || !strings.HasPrefix(token, tokenPrefix) {
		return api.Identity{}, false
	}
	t.refresh()
	who, ok := t.known.Load().byHash[sha256.Sum256([]byte(token))]
	if !ok {
		return api.Identity{}, false
	}
	return api.Identity{Site: who.site, Agent: who.agent, Via: "token"}, true
}

// Err is why the file could not be read again after it changed, nil if it could.
// Until it can, the tokens known before stay valid.
func (t *Tokens) Err() error {
	if err := t.problem.Load(); err != nil {
		return *err
	}
	return nil
}

// Issue makes a new token for a site's agent; the one that it had is void. This is
// the only time that the token can be seen.
func (t *Tokens) Issue(site, agent string) (string, error) {
	tokens, err := t.IssueAll([]string{site}, agent)
	return tokens[site], err
}

// IssueAll does it for many sites with one write: all are issued or none. The
// tokens come by site.
func (t *Tokens) IssueAll(sites []string, agent string) (map[string]string, error) {
	for _, site := range sites {
		if !plainName.MatchString(site) || !plainName.MatchString(agent) {
			return nil, fmt.Errorf("issue token: %q %q is no site and agent such as bd-21997 a1", site, agent)
		}
	}
	t.changes.Lock()
	defer t.changes.Unlock()
	unlock, err := lock(filepath.Dir(t.path))
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	defer unlock()
	before, err := t.read()
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	after, tokens := before.with(sites, agent)
	if len(after) > maxTokens {
		return nil, fmt.Errorf("issue token: more than %d in %s", maxTokens, t.path)
	}
	if err := replace(t.path, encodeTokens(after)); err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	return tokens, t.reload()
}

// plainName is what a site or agent may be called, so that a line can hold it.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// with adds new tokens and drops those that they replace.
func (k *known) with(sites []string, agent string) (map[hash]issued, map[string]string) {
	tokens := make(map[string]string, len(sites))
	for _, site := range sites {
		secret := make([]byte, tokenBytes)
		rand.Read(secret) // never fails (crypto/rand)
		tokens[site] = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	}
	after := maps.Clone(k.byHash)
	maps.DeleteFunc(after, func(_ hash, old issued) bool { return old.agent == agent && tokens[old.site] != "" })
	at := time.Now().UTC().Truncate(time.Second)
	for site, token := range tokens {
		after[sha256.Sum256([]byte(token))] = issued{site, agent, at}
	}
	return after, tokens
}

// refresh looks for a change of the file, at most once in recheck and in one
// goroutine only; the others go on with what is known.
func (t *Tokens) refresh() {
	now, looked := int64(time.Since(t.started)), t.looked.Load()
	if now-looked < int64(recheck) || !t.looked.CompareAndSwap(looked, now) || !t.changes.TryLock() {
		return
	}
	defer t.changes.Unlock()
	info, err := os.Stat(t.path)
	if err == nil && same(t.known.Load().file, info) {
		t.problem.Store(nil)
		return
	}
	if err := t.reload(); err != nil {
		t.problem.Store(&err)
		return
	}
	t.problem.Store(nil)
}

func (t *Tokens) reload() error {
	k, err := t.read()
	if err == nil {
		t.known.Store(k)
	}
	return err
}

func (t *Tokens) read() (*known, error) {
	data, info, err := private(t.path, maxTokens*maxTokenLine)
	if errors.Is(err, fs.ErrNotExist) {
		return &known{byHash: map[hash]issued{}}, nil
	}
	if err != nil {
		return nil, err
	}
	byHash, err := parseTokens(data)
	if err != nil {
		return nil, fmt.Errorf("%s%w", t.path, err)
	}
	return &known{file: info, byHash: byHash}, nil
}

func same(a, b fs.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
