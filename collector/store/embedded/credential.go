package embedded

import (
	"fmt"
	"os"
	"path/filepath"
)

// Credential reads, for another process of the same user, the administrator's
// "user:password" of the database in dir. It makes nothing: without a first start
// there is none.
func Credential(dir string) (string, error) { return credential(dir, adminUser, adminFile) }

// ReaderCredential reads that of the user who may only read: Grafana's.
func ReaderCredential(dir string) (string, error) { return credential(dir, readerUser, readerFile) }

func credential(dir, user, file string) (string, error) {
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no credential of the embedded InfluxDB: start `serve` once, or name its --config, or another InfluxDB: %w", err)
	}
	password, err := openPassword(path)
	if err != nil {
		return "", err
	}
	return user + ":" + password, nil
}
