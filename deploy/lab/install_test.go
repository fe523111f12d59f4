//go:build integration

package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"communewatch/collector/center"
	"communewatch/collector/store/embedded"
)

// alone tells the test that it is the one in the namespace.
const alone = "COMMUNEWATCH_LAB_ALONE"

// The first installation, as the people at the province and at the office do it, is a
// script that anybody can read: testdata/install.txtar. It runs in a network namespace
// with a router that leads nowhere, since an agent that has been told nothing yet looks
// beyond this machine.
func TestAFirstInstallationIsOnePastedLine(t *testing.T) {
	if os.Getenv(alone) == "" {
		inNamespace(t)
		return
	}
	testscript.Run(t, testscript.Params{
		Files: []string{filepath.Join("testdata", "install.txtar")},
		Setup: setUpProvince,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":   await,
			"query":   query,
			"keep":    keep,
			"refused": refused,
		},
	})
}

// behindARouter runs a command in a namespace whose router, 10.77.0.1, is another one.
const behindARouter = `
ip link set lo up
unshare --net sleep 300 & router=$!
trap 'kill $router' EXIT
while [ "$(readlink /proc/$router/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add lan type veth peer name lan netns $router
ip addr add 10.77.0.2/24 dev lan
ip link set lan up
nsenter --target $router --net sh -c 'ip link set lo up; ip addr add 10.77.0.1/24 dev lan; ip link set lan up'
ip route add default via 10.77.0.1
"$0" "$@"
`

func inNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-ec", behindARouter,
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), alone+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v (making a network namespace needs root)\n%s", err, out)
	}
}

// setUpProvince gives the script our programs, a province's inventory and free ports.
func setUpProvince(env *testscript.Env) error {
	bin, err := filepath.Abs(filepath.Join("..", "..", "bin"))
	if err != nil {
		return err
	}
	env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
	for name, address := range map[string]string{"AGENTS": FreePort(0), "PAGES": FreePort(0), "INFLUX": FreePort(0)} {
		env.Setenv(name, address)
	}
	inventory := filepath.Join(env.WorkDir, "province", "inventory")
	if err := os.MkdirAll(inventory, 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(inventory, os.DirFS(filepath.Join("..", "..", "collector", "inventory", "binhdinh"))); err != nil {
		return err
	}
	text := fmt.Sprintf("data: data\ninventory: inventory\nlisten: %s\npage: %s\ninterval: 1s\ncalendar: always\ninfluxdb: {listen: %q}\n",
		env.Getenv("AGENTS"), env.Getenv("PAGES"), env.Getenv("INFLUX"))
	return os.WriteFile(filepath.Join(env.WorkDir, "province", "collector.yaml"), []byte(text), 0o600)
}

// patience bounds what a script waits for.
const patience = 60 * time.Second

// retry tries again and again, and fails with the last complaint.
func retry(ts *testscript.TestScript, try func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// await URL: until it answers with 200.
func await(ts *testscript.TestScript, _ bool, args []string) {
	retry(ts, func(ctx context.Context) error {
		_, err := get(ctx, args[0], "")
		return err
	})
}

// query STATEMENT TEXT: until the answer of the collector's InfluxDB holds the text.
func query(ts *testscript.TestScript, _ bool, args []string) {
	credential, err := embedded.Credential(center.InfluxDir(ts.MkAbs("province/data")))
	ts.Check(err)
	address := "http://" + ts.Getenv("INFLUX") + "/query?db=communewatch&q=" + url.QueryEscape(args[0])
	retry(ts, func(ctx context.Context) error {
		answer, err := get(ctx, address, credential)
		if err == nil && !strings.Contains(answer, args[1]) {
			err = fmt.Errorf("%s: %s, want %q in it", args[0], answer, args[1])
		}
		return err
	})
}

func get(ctx context.Context, address, credential string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	if user, password, ok := strings.Cut(credential, ":"); ok {
		request.SetBasicAuth(user, password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

// refused PROGRAM …: until it ends with 1, as `! exec` wants it at once. What it said last
// is the script's standard output.
func refused(ts *testscript.TestScript, _ bool, args []string) {
	retry(ts, func(context.Context) error {
		if ts.Exec(args[0], args[1:]...) == nil {
			return fmt.Errorf("%s went well", args)
		}
		return nil
	})
}

// keep NAME: the last word of the first line that was just printed goes into a variable.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	ts.Setenv(args[0], line[strings.LastIndexByte(line, ' ')+1:])
}
