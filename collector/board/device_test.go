package board

import (
	"slices"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

func TestAnAgentWhosePingsProveNothingIsSaidToBeOne(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for _, untrusted := range []bool{false, true} {
		health := api.NewPoint("agent_health", at).Int("spool_batches", 0)
		if untrusted {
			health.Int("icmp_untrusted", 2)
		}
		values := map[string]api.Value{}
		for _, f := range health.Fields {
			values[f.Name] = f.Value
		}
		for _, lang := range say.Langs {
			boxes := agentBoxes(format{lang, at}, siteFile{health: []store.Series{{Rows: []store.Row{{Time: at, Values: values}}}}})
			said := slices.ContainsFunc(boxes[0].Facts, func(f fact) bool { return f == fact{lang.Text("board.icmp"), lang.Text("board.icmp_untrusted"), ""} })
			if said != untrusted {
				t.Errorf("%s: untrusted %v, said %v", lang, untrusted, said)
			}
		}
	}
}
