package api

import (
	"encoding/base64"
	"errors"
	"hash/crc32"
	"net/url"
	"strings"
	"time"
)

// Invitation is what a site is handed to enrol with: one line to paste, which works
// once and not for long.
type Invitation struct {
	URL   string // https://host:port of the collector
	Site  string // for people; the token alone decides
	Pin   string // "sha256:<64 hex digits>" of the CA's public key
	Token string // of one use
}

// Errors of [ParseInvitation], which are told apart to say what to do.
var (
	ErrNoInvitation  = errors.New("this is no invitation")
	ErrCutInvitation = errors.New("the invitation is not whole: some of it was lost or changed when it was copied")
)

// String is the line's last word: "https://host:port/#site.pin.token.check". What
// stands behind "#" is never sent by a browser that somebody pastes it into.
func (i Invitation) String() string {
	body := strings.Join([]string{strings.TrimSuffix(i.URL, "/") + "/#" + i.Site, strings.TrimPrefix(i.Pin, "sha256:"), i.Token}, ".")
	return body + "." + invitationCheck(body)
}

// ParseInvitation reads what a person pasted: the word alone or the whole command, in
// quotes or not, broken into lines or not, as mail and chat programs leave it.
func ParseInvitation(pasted string) (Invitation, error) {
	text := strings.Join(strings.Fields(strings.Map(dropQuotes, pasted)), "")
	start := strings.Index(text, "https://")
	if start < 0 {
		return Invitation{}, ErrNoInvitation
	}
	address, secret, found := strings.Cut(text[start:], "/#")
	parts := strings.SplitN(secret, ".", 4)
	if !found {
		return Invitation{}, ErrNoInvitation
	}
	// Behind the check may stand the rest of a sentence, or the whole line once more.
	if len(parts) != 4 || !strings.HasPrefix(parts[3], invitationCheck(address+"/#"+strings.Join(parts[:3], "."))) {
		return Invitation{}, ErrCutInvitation
	}
	if u, err := url.Parse(address); err != nil || u.Hostname() == "" || u.User != nil {
		return Invitation{}, ErrNoInvitation
	}
	return Invitation{URL: address, Site: parts[0], Pin: "sha256:" + parts[1], Token: parts[2]}, nil
}

// dropQuotes leaves out what people and programs put around a pasted word: quotes of
// all kinds and the characters of no width.
func dropQuotes(r rune) rune {
	if strings.ContainsRune("\"'`“”‘’«»<>\u200b\u200c\u200d\u2060\ufeff", r) {
		return -1
	}
	return r
}

// invitationCheck finds copying mistakes; it keeps nobody out.
func invitationCheck(body string) string {
	sum := crc32.Checksum([]byte(body), crc32.MakeTable(crc32.Castagnoli))
	return base64.RawURLEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// EnrolRequest is the body of a POST to [PathEnrol], or, without a token, to
// [PathRenew], where the connection's client certificate says who asks.
type EnrolRequest struct {
	Token   string `json:"token,omitempty"` // of the invitation
	CSR     string `json:"csr"`             // PEM of a PKCS #10 request, ECDSA P-256; of its subject nothing is used
	Machine string `json:"machine"`         // hash of the machine's own marks, at most MaxMachine bytes; tells a copied disk
	Host    string `json:"host"`            // host name, for people
	OS      string `json:"os"`              // GOOS
	Arch    string `json:"arch"`            // GOARCH
	Version string `json:"version"`         // of the agent
}

// Limits of enrolment.
const (
	MaxEnrolBytes = 16 << 10 // an EnrolRequest or EnrolReply
	MaxMachine    = 128
)

// EnrolReply is the answer: 200.
type EnrolReply struct {
	Certificate string    `json:"certificate"` // PEM: the agent's, then the CA's
	Site        string    `json:"site"`
	Agent       string    `json:"agent"`
	Label       string    `json:"label"`       // "Xã Vĩnh Sơn"
	RenewAfter  time.Time `json:"renew_after"` // by the collector's clock
	NotAfter    time.Time `json:"not_after"`
}
