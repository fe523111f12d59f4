//go:build integration

package embedded_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

func TestItAnswersItsOwnCredentialAndNobodyElse(t *testing.T) {
	server := storetest.Start(t)
	if status, body := query(t, server.URL(), server.Token(), "SHOW DATABASES"); status != 200 || !strings.Contains(body, "communewatch") {
		t.Errorf("with its token: %d %s", status, body)
	}
	for _, token := range []string{"", "communewatch:guess", "root:root"} {
		if status, body := query(t, server.URL(), token, "SHOW DATABASES"); status != http.StatusUnauthorized {
			t.Errorf("with token %q: %d %s", token, status, body)
		}
	}
}

func TestTheReaderMayReadTheDatabaseAndNothingElse(t *testing.T) {
	server := storetest.Start(t)
	if status, body := query(t, server.URL(), server.ReaderToken(), `SHOW MEASUREMENTS ON "communewatch"`); status != 200 || strings.Contains(body, "error") {
		t.Errorf("reading: %d %s", status, body)
	}
	for _, statement := range []string{`DROP DATABASE "communewatch"`, "SHOW USERS", `CREATE USER "x" WITH PASSWORD 'x' WITH ALL PRIVILEGES`} {
		if status, body := query(t, server.URL(), server.ReaderToken(), statement); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", statement, status, body)
		}
	}
	request, _ := http.NewRequest(http.MethodPost, server.URL()+"/write?db=communewatch", strings.NewReader("m f=1"))
	request.Header.Set("Authorization", "Token "+server.ReaderToken())
	if status, body := do(t, request); status != http.StatusForbidden {
		t.Errorf("writing: %d %s", status, body)
	}
}

func TestPasswordsAreForTheOwnerOnlyAndStayOverARestart(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	token, reader := server.Token(), server.ReaderToken()
	for _, name := range []string{"admin.password", "grafana.password", "influxd.conf"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info.Mode(), err)
		}
	}
	stop(t, server)
	if again := start(t, dir); again.Token() != token || again.ReaderToken() != reader {
		t.Error("other passwords after a restart")
	} else {
		stop(t, again)
	}
}

func TestALostPasswordOfTheReaderIsReplacedAndOneOfTheAdministratorIsTold(t *testing.T) {
	dir := t.TempDir()
	stop(t, start(t, dir))
	remove(t, dir, "grafana.password")
	server := start(t, dir)
	if status, body := query(t, server.URL(), server.ReaderToken(), `SHOW MEASUREMENTS ON "communewatch"`); status != 200 {
		t.Errorf("with the new password: %d %s", status, body)
	}
	stop(t, server)
	remove(t, dir, "admin.password")
	if _, err := embedded.Start(t.Context(), config(t, dir)); err == nil || !strings.Contains(err.Error(), "does not take the password of admin.password") {
		t.Errorf("without the administrator's password: %v", err)
	}
}

func TestAKilledInfluxDBComesBackWithItsDataAtTheSameAddress(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	defer stop(t, server)
	address := server.URL()
	query(t, address, server.Token(), `CREATE DATABASE "kept"`)
	first := storetest.PID(dir)
	kill(t, first)
	eventually(t, "another process answers", func() bool {
		if pid := storetest.PID(dir); pid == 0 || pid == first {
			return false
		}
		status, body, err := tryQuery(address, server.Token(), "SHOW DATABASES")
		return err == nil && status == 200 && strings.Contains(body, "kept")
	})
	if server.URL() != address {
		t.Errorf("address went from %s to %s", address, server.URL())
	}
	select {
	case <-server.Done():
		t.Error("Done before Stop")
	default:
	}
}

func TestNoInfluxDBOutlivesItsKilledParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentOf+"="+dir, parentOf+"_BINARY="+storetest.Binary(t))
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "http://") || storetest.PID(dir) == 0 {
		t.Fatalf("parent says %q, child is %d", line, storetest.PID(dir))
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	// At once on the same folder: the lock waits for the child that is being killed.
	server := start(t, dir)
	stop(t, server)
	eventually(t, "no process is left", func() bool { return storetest.PID(dir) == 0 })
}

func TestASecondInfluxDBOnTheSameFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	defer stop(t, start(t, dir))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := embedded.Start(ctx, config(t, dir)); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second start: %v", err)
	}
}

func TestATakenAddressIsToldInClearWords(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := config(t, t.TempDir())
	cfg.Listen = taken.Addr().String()
	if _, err := embedded.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "its address is not free") {
		t.Errorf("start on a taken address: %v", err)
	}
}

func TestItListensOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:8486", "influx:8486", "8486"} {
		cfg := config(t, t.TempDir())
		cfg.Listen = listen
		if server, err := embedded.Start(t.Context(), cfg); err == nil {
			t.Errorf("listens on %s", listen)
			stop(t, server)
		}
	}
	dir := t.TempDir()
	defer stop(t, start(t, dir))
	addresses := listening(t, storetest.PID(dir))
	if len(addresses) == 0 {
		t.Fatal("no listener found in /proc")
	}
	for _, address := range addresses {
		// "0100007F" is 127.0.0.1 as /proc/net/tcp writes it.
		if !strings.HasPrefix(address, "0100007F:") {
			t.Errorf("listens on %s", address)
		}
	}
}

func TestTheEnvironmentDoesNotConfigureIt(t *testing.T) {
	t.Setenv("INFLUXDB_HTTP_AUTH_ENABLED", "false")
	t.Setenv("INFLUXDB_HTTP_BIND_ADDRESS", "0.0.0.0:0")
	server := storetest.Start(t)
	if status, _ := query(t, server.URL(), "", "SHOW DATABASES"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
}

func TestAFailedStartSaysWhatInfluxDBSaidAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "meta"), []byte("a file where a folder should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), config(t, dir))
	if err == nil || !strings.Contains(err.Error(), "it said last: run: ") {
		t.Errorf("start: %v", err)
	}
	if pid := storetest.PID(dir); pid != 0 {
		t.Errorf("process %d is left", pid)
	}
	if err := os.Remove(filepath.Join(dir, "meta")); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, dir)) // the lock is free again
}
