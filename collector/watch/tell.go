package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const tellTimeout = 30 * time.Second

// message is what people are told, with the names that Grafana's webhook uses: one
// relay serves both.
type message struct {
	Title  string `json:"title"`
	Text   string `json:"message"`
	Status string `json:"status"` // firing or resolved
}

// Vietnam has one time and no summer time; no zone file is needed to say it.
var vietnam = time.FixedZone("+07", 7*3600)

func messageOf(cfg Config, n news, before, after state) message {
	when := func(t time.Time) string { return t.In(vietnam).Format("15:04 02/01/2006") }
	if n == up {
		return message{cfg.Lang.Text("alert.watch_up_title"), cfg.Lang.Text("alert.watch_up", cfg.Ready, when(before.Since)), "resolved"}
	}
	return message{
		cfg.Lang.Text("alert.watch_down_title"),
		cfg.Lang.Text("alert.watch_down", cfg.Ready, when(after.Since), after.Failed, after.Reason), "firing",
	}
}

// tell goes every way there is. One that works is enough: people know.
func tell(ctx context.Context, cfg Config, m message) (told bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	var ways []error
	if cfg.Webhook != "" {
		ways = append(ways, post(ctx, cfg.Webhook, m))
	}
	if len(cfg.Command) > 0 {
		ways = append(ways, run(ctx, cfg.Command, m))
	}
	return slices.Contains(ways, nil), errors.Join(ways...)
}

// post goes through the system's certificates: the webhook is not the collector's.
func post(ctx context.Context, address string, m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	client, err := clientFor("")
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's address cannot be read")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("webhook: %w", bare(err))
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("webhook: %s", response.Status)
	}
	return nil
}

// run gives the text to a program's input and the title in its environment. Nothing
// goes through a shell.
func run(ctx context.Context, command []string, m message) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin = strings.NewReader(m.Title + "\n\n" + m.Text + "\n")
	c.Env = append(os.Environ(), "COMMUNEWATCH_TITLE="+m.Title, "COMMUNEWATCH_STATUS="+m.Status)
	c.WaitDelay = time.Second
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("command %s: %w: %s", command[0], err, oneLine(out))
	}
	return nil
}
