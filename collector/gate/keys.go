package gate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// keyCheck is how often at most the files of the pages' certificate are looked at, and
// keyWarning how long before its end it is spoken of.
const (
	keyCheck   = time.Second
	keyWarning = 14 * 24 * time.Hour
)

// pageKeys are the certificate by which browsers know the pages, from files of the
// administrator's, followed as they change: whoever renews them need restart nothing. The
// authority that agents are pinned to gives none: no browser trusts it, and who teaches
// one to do so gives its key power over all that this browser opens; who does not teaches
// people to click warnings away.
type pageKeys struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	looked  time.Time
	files   [2]fs.FileInfo
	current *tls.Certificate
	problem string // that was logged
}

func openPageKeys(cert, key string, log *slog.Logger) (*pageKeys, error) {
	k := &pageKeys{cert: cert, key: key, log: log, looked: time.Now()}
	if err := k.load(); err != nil {
		return nil, err
	}
	k.warn(time.Now())
	return k, nil
}

// CheckPageKeys tells why the pages could not be served with these files.
func CheckPageKeys(cert, key string) error {
	_, err := openPageKeys(cert, key, slog.New(slog.DiscardHandler))
	return err
}

// get is tls.Config's GetCertificate.
func (k *pageKeys) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) >= keyCheck {
		k.looked = time.Now()
		k.follow()
	}
	return k.current, nil
}

func (k *pageKeys) follow() {
	if k.unchanged() {
		k.problem = ""
		return
	}
	if err := k.load(); err == nil {
		k.problem = ""
		k.log.Info("the pages' certificate was taken up", "file", k.cert, "until", k.current.Leaf.NotAfter.UTC().Format(time.RFC3339))
	} else if err.Error() != k.problem { // one of two files was replaced, and the other will be
		k.problem = err.Error()
		k.log.Error("the pages' certificate cannot be read; the one before is shown", "error", err)
	}
}

func (k *pageKeys) unchanged() bool {
	for i, path := range []string{k.cert, k.key} {
		info, err := os.Stat(path)
		if err != nil || !os.SameFile(info, k.files[i]) || info.Size() != k.files[i].Size() || !info.ModTime().Equal(k.files[i].ModTime()) {
			return false
		}
	}
	return true
}

func (k *pageKeys) load() error {
	var files [2]fs.FileInfo
	for i, path := range []string{k.cert, k.key} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("read the pages' certificate: %w", err)
		}
		files[i] = info
	}
	if mode := files[1].Mode().Perm(); mode&0o027 != 0 {
		return fmt.Errorf("%s is open to other users (mode %04o); run: chmod 600 %s", k.key, mode, k.key)
	}
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil {
		return fmt.Errorf("read the pages' certificate %s and its key %s: %w", k.cert, k.key, err)
	}
	if pair.Leaf == nil {
		return errors.New("the pages' certificate is empty")
	}
	k.files, k.current = files, &pair
	return nil
}

// warn says that browsers will refuse the certificate soon, or do.
func (k *pageKeys) warn(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if until := k.current.Leaf.NotAfter; until.Sub(now) < keyWarning {
		k.log.Warn("the pages' certificate ends soon or is over: browsers will refuse it", "file", k.cert, "until", until.UTC().Format(time.RFC3339))
	}
}
