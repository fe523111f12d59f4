package embedded

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Users of the database. The passwords lie beside it in files of mode 0600.
const (
	adminUser  = "communewatch"
	readerUser = "grafana"
	adminFile  = "admin.password"
	readerFile = "grafana.password"
)

// keys are the users' passwords.
type keys struct{ admin, reader string }

// openKeys reads both passwords, or makes them: on disk before any user has one, so
// that none is ever lost between the two.
func openKeys(dir string) (keys, error) {
	admin, err := openPassword(filepath.Join(dir, adminFile))
	if err != nil {
		return keys{}, err
	}
	reader, err := openPassword(filepath.Join(dir, readerFile))
	return keys{admin, reader}, err
}

func openPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newPassword(path)
	}
	if err != nil {
		return "", fmt.Errorf("read InfluxDB's password: %w", err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" || strings.ContainsAny(password, " '\\\"\r\n\t") {
		return "", fmt.Errorf("read InfluxDB's password: %s is empty, or holds a space, a quote or a backslash", path)
	}
	return password, nil
}

// newPassword: temporary file, fsync, rename, fsync of the folder.
func newPassword(path string) (string, error) {
	random := make([]byte, 24)
	rand.Read(random) // never fails since Go 1.24
	password := base64.RawURLEncoding.EncodeToString(random)
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("make InfluxDB's password: %w", err)
	}
	_, err = file.WriteString(password + "\n")
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = errors.Join(os.Rename(temporary, path), syncFolder(filepath.Dir(path)))
	}
	if err != nil {
		return "", fmt.Errorf("make InfluxDB's password: %w", err)
	}
	return password, nil
}

// keepUsers makes the administrator, the database and the reader where they are
// missing. Without an administrator influxd takes one order from anybody: to make
// him. Only this machine can give it, and the first start gives it at once.
func (s *Server) keepUsers(ctx context.Context) error {
	if err := s.order(ctx, s.Token(), "SHOW USERS"); err != nil {
		if created := s.order(ctx, "", "CREATE USER "+adminUser+" WITH PASSWORD '"+s.keys.admin+"' WITH ALL PRIVILEGES"); created != nil {
			return fmt.Errorf("the database in %s does not take the password of %s: %w", s.cfg.Dir, adminFile, err)
		}
	}
	if err := s.order(ctx, s.Token(), `CREATE DATABASE "`+s.cfg.Database+`"`); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	err := s.order(ctx, s.Token(), "CREATE USER "+readerUser+" WITH PASSWORD '"+s.keys.reader+"'")
	if err != nil && strings.Contains(err.Error(), "already exists") { // with another password: its file was lost
		err = s.order(ctx, s.Token(), "SET PASSWORD FOR "+readerUser+" = '"+s.keys.reader+"'")
	}
	if err == nil {
		err = s.order(ctx, s.Token(), `GRANT READ ON "`+s.cfg.Database+`" TO `+readerUser)
	}
	if err != nil {
		return fmt.Errorf("make the reader %s: %w", readerUser, err)
	}
	return nil
}

// order gives one statement. The error never holds the statement: it may hold a password.
func (s *Server) order(ctx context.Context, token, statement string) error {
	body := strings.NewReader(url.Values{"q": {statement}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/query", body)
	if err != nil {
		return fmt.Errorf("order InfluxDB: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		request.Header.Set("Authorization", "Token "+token)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return fmt.Errorf("order InfluxDB: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Error   string
		Results []struct{ Error string }
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("read InfluxDB's answer: %w", err)
	}
	for _, result := range answer.Results {
		answer.Error += result.Error
	}
	if answer.Error != "" || response.StatusCode != http.StatusOK {
		return fmt.Errorf("InfluxDB answers %d: %s", response.StatusCode, answer.Error)
	}
	return nil
}
