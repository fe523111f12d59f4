package enrol

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// A token is "cw_" and 32 random bytes in base64url.
const (
	tokenPrefix = "cw_"
	tokenBytes  = 32
)

var tokenLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// maxTokens bounds the file: a country has about 11,000 communes.
const maxTokens = 50_000

// Tokens are the tokens issued, of which only hashes are kept. Several processes
// may use the same file at once: one serves while another issues.
type Tokens struct{ *shared[map[hash]issued] }

type hash [sha256.Size]byte

// OpenTokens reads a file of tokens; one that is not there is empty. The folder must exist.
func OpenTokens(path string) (*Tokens, error) {
	file, err := openShared(path, maxTokens*maxTokenLine, form[map[hash]issued]{encode: encodeTokens, parse: parseTokens})
	if err != nil {
		return nil, fmt.Errorf("open tokens: %w", err)
	}
	return &Tokens{file}, nil
}

// Identify tells whose token it is; false if it is nobody's. A token that another
// process issued is known a second later. It may be called from anywhere at once.
// What it compares are hashes, so how long it takes tells nothing about a token.
func (t *Tokens) Identify(token string) (api.Identity, bool) {
	if len(token) != tokenLength || !strings.HasPrefix(token, tokenPrefix) {
		return api.Identity{}, false
	}
	who, ok := t.now()[sha256.Sum256([]byte(token))]
	if !ok {
		return api.Identity{}, false
	}
	return api.Identity{Site: who.site, Agent: who.agent, Via: "token"}, true
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
	var tokens map[string]string
	err := t.change(func(before map[hash]issued) (after map[hash]issued, err error) {
		after, tokens = withTokens(before, sites, agent)
		if len(after) > maxTokens {
			return nil, fmt.Errorf("more than %d in %s", maxTokens, t.path)
		}
		return after, nil
	})
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	return tokens, nil
}

// Withdraw makes an agent's token void, and tells whether it had one.
func (t *Tokens) Withdraw(site, agent string) (bool, error) {
	of := func(_ hash, i issued) bool { return i.site == site && i.agent == agent }
	had := false
	err := t.change(func(before map[hash]issued) (map[hash]issued, error) {
		after := maps.Clone(before)
		maps.DeleteFunc(after, of)
		if had = len(after) < len(before); !had {
			return nil, errUnchanged
		}
		return after, nil
	})
	if err != nil {
		return false, fmt.Errorf("withdraw token: %w", err)
	}
	return had, nil
}

// Holders are those who have a token.
func (t *Tokens) Holders() []Holder {
	var all []Holder
	for _, i := range t.now() {
		all = append(all, Holder{i.site, i.agent})
	}
	slices.SortFunc(all, Holder.compare)
	return all
}

// plainName is what a site or agent may be called, so that a line can hold it.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// withTokens adds new tokens and drops those that they replace.
func withTokens(before map[hash]issued, sites []string, agent string) (map[hash]issued, map[string]string) {
	tokens := make(map[string]string, len(sites))
	for _, site := range sites {
		tokens[site] = tokenPrefix + newSecret()
	}
	after := maps.Clone(before)
	maps.DeleteFunc(after, func(_ hash, old issued) bool { return old.agent == agent && tokens[old.site] != "" })
	at := time.Now().UTC().Truncate(time.Second)
	for site, token := range tokens {
		after[sha256.Sum256([]byte(token))] = issued{site, agent, at}
	}
	return after, tokens
}

// newSecret has tokenBytes of chance.
func newSecret() string {
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(secret)
}
