package office

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/agent/round"
	"communewatch/collector/api"
)

func TestADeviceBehindADeadSwitchIsNotAskedAndNoPointOfItsOwnBlamesIt(t *testing.T) {
	targets := []api.Target{
		{Name: "ups", Address: "192.0.2.3", Role: api.RoleDevice, Parent: "switch", SNMP: &api.SNMP{Version: "2c", Community: "x"}},
		{Name: "switch", Address: "192.0.2.2", Role: api.RoleLAN, SNMP: &api.SNMP{Version: "2c", Community: "x"}},
	}
	var mu sync.Mutex // of what follows
	asked, heard := map[string]int{}, map[string]string{}
	dead := Probers{
		ICMP: func(t api.Target) func(context.Context) []*api.Point {
			return func(context.Context) []*api.Point {
				return []*api.Point{api.NewPoint("ping", time.Now()).Tag("target", t.Name).Tag("role", string(t.Role)).Int("sent", 10).Int("received", 0).Text("result", "timeout")}
			}
		},
		SNMP: func(t api.Target) func(context.Context) []*api.Point {
			return func(context.Context) []*api.Point {
				mu.Lock()
				defer mu.Unlock()
				asked[t.Name]++
				return []*api.Point{api.NewPoint("device", time.Now()).Tag("target", t.Name).Int("up", 0)}
			}
		},
	}
	var lines strings.Builder
	synctest.Test(t, func(t *testing.T) {
		r, err := round.New(round.Config{Interval: time.Minute}, tasks(targets, dead, time.Now, func(t api.Target, points []*api.Point) {
			result, _ := points[0].FieldNamed("result")
			mu.Lock()
			defer mu.Unlock()
			heard[t.Name] += result.Text() + " "
		}), round.Deps{
			Put:    func(b []byte) error { lines.Write(b); return nil },
			Health: func(round.Timing) *api.Point { return api.NewPoint("agent_health", time.Now()).Int("spool_batches", 0) },
			Log:    slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute-time.Second)
		defer cancel()
		r.Run(ctx)
	})
	for what, want := range map[string]int{
		"ping,target=switch,role=lan sent=10i,received=0i,result=\"timeout\"":       10,
		"ping,target=ups,role=device sent=0i,received=0i,result=\"skipped_parent\"": 10,
		"ping,target=ups,role=device sent=10i":                                      0,
		"device,target=switch":                                                      10,
		"device,target=ups":                                                         0,
	} {
		if got := strings.Count(lines.String(), what); got != want {
			t.Errorf("%d points %s, want %d", got, what, want)
		}
	}
	if asked["ups"] != 2 || asked["switch"] != 10 {
		t.Errorf("asked %v", asked)
	}
	if !strings.HasPrefix(heard["ups"], "timeout skipped_parent skipped_parent") {
		t.Errorf("the doctor heard %s", heard["ups"])
	}
}

func TestAnAnswerIsReadFromWhatAProbeSays(t *testing.T) {
	at := time.Unix(0, 0)
	ping := func(sent, received int64, result string) *api.Point {
		return api.NewPoint("ping", at).Int("sent", sent).Int("received", received).Text("result", result)
	}
	for name, c := range map[string]struct {
		points []*api.Point
		want   round.Answer
	}{
		"one of ten":      {[]*api.Point{ping(10, 1, "")}, round.Answered},
		"none":            {[]*api.Point{ping(10, 0, "timeout")}, round.Silent},
		"no route":        {[]*api.Point{ping(0, 0, "no_route")}, round.Silent},
		"an error":        {[]*api.Point{ping(10, 0, "icmp_error")}, round.Silent},
		"no name":         {[]*api.Point{ping(0, 0, "no_name")}, round.Unknown},
		"not probed":      {[]*api.Point{ping(0, 0, "not_probed")}, round.Unknown},
		"nothing":         {nil, round.Unknown},
		"a device":        {[]*api.Point{api.NewPoint("interface", at).Int("oper_up", 1), api.NewPoint("device", at).Int("up", 1)}, round.Answered},
		"a silent device": {[]*api.Point{api.NewPoint("device", at).Int("up", 0)}, round.Silent},
	} {
		if got := answerOf(c.points); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
