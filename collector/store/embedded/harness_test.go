//go:build integration

package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

func config(t *testing.T, dir string) embedded.Config {
	return embedded.Config{Dir: dir, Binary: storetest.Binary(t), Listen: "127.0.0.1:0", Log: storetest.Log(t)}
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	server, err := embedded.Start(t.Context(), config(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return server
}

func stop(t *testing.T, server *embedded.Server) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	select {
	case <-server.Done():
	default:
		t.Error("not Done after Stop")
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid == 0 {
		t.Fatal("no process to kill")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, address, token, statement string) (int, string) {
	t.Helper()
	status, body, err := tryQuery(address, token, statement)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

func tryQuery(address, token, statement string) (int, string, error) {
	request, err := http.NewRequest(http.MethodPost, address+"/query?q="+url.QueryEscape(statement), nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Token "+token)
	}
	return tryDo(request)
}

func do(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	status, body, err := tryDo(request)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

func tryDo(request *http.Request) (int, string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// listening gives the local addresses of a process's listening sockets.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	sockets := map[string]bool{}
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil {
			sockets[strings.Trim(strings.TrimPrefix(target, "socket:"), "[]")] = true
		}
	}
	var addresses []string
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			// sl local remote state … inode is the 10th; 0A is listening.
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && sockets[f[9]] {
				addresses = append(addresses, f[1])
			}
		}
	}
	return addresses
}
