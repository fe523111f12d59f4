package board

import (
	"cmp"
	"strconv"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// interfaceRows are rates over the last rounds, by the real time between them.
func interfaceRows(f format, s siteFile) []interfaceRow {
	aliases := map[string]string{}
	for _, series := range s.aliases {
		aliases[series.Tags[api.TagTarget]+"\x00"+series.Tags[api.TagInterface]] = series.Rows[0].Values["alias"].Text()
	}
	var out []interfaceRow
	for _, series := range s.interfaces {
		last := series.Rows[len(series.Rows)-1].Values
		r := interfaceRow{
			Target: series.Tags[api.TagTarget], Name: series.Tags[api.TagInterface], Speed: none,
			In: rate(f, series, "in_octets"), Out: rate(f, series, "out_octets"), Errors: none,
			Down: last["oper_up"].Integer() == 0,
		}
		r.Alias = aliases[r.Target+"\x00"+r.Name]
		r.State = f.lang.Text(upOrDown(!r.Down))
		if v, ok := last["speed_bps"]; ok && v.Integer() > 0 {
			r.Speed = f.bits(v.Float())
		}
		var errors int64
		for _, row := range series.Rows {
			errors += row.Values["in_errors"].Integer() + row.Values["out_errors"].Integer()
		}
		if errors > 0 {
			r.Errors = strconv.FormatInt(errors, 10)
		}
		out = append(out, r)
	}
	return out
}

func upOrDown(up bool) say.Key {
	if up {
		return "board.up"
	}
	return "board.down"
}

// rate is bit/s. A round's octets passed since the round before, so the first row
// only begins the time, and a row without octets (a reset) takes its time out of it.
func rate(f format, series store.Series, field string) string {
	var octets float64
	var over time.Duration
	for i, row := range series.Rows {
		if v, ok := row.Values[field]; ok && i > 0 {
			octets += v.Float()
			over += row.Time.Sub(series.Rows[i-1].Time)
		}
	}
	if over <= 0 {
		return none
	}
	return f.bits(octets * 8 / over.Seconds())
}

func deviceRows(f format, s siteFile) []deviceRow {
	said := map[string]map[string]api.Value{}
	for _, series := range s.models {
		said[series.Tags[api.TagTarget]] = series.Rows[len(series.Rows)-1].Values
	}
	var out []deviceRow
	for _, series := range s.devices {
		row := series.Rows[len(series.Rows)-1]
		v, known := row.Values, said[series.Tags[api.TagTarget]]
		r := deviceRow{
			Target: series.Tags[api.TagTarget], Name: known["name"].Text(), Model: cmp.Or(known["model"].Text(), none),
			Error: v["error"].Text(), Uptime: none, Age: f.ago(row.Time), Down: v["up"].Integer() == 0,
		}
		r.State = f.lang.Text(answersOrNot(!r.Down))
		if up, ok := v["uptime_seconds"]; ok {
			r.Uptime = f.span(time.Duration(min(up.Float(), 1e9)) * time.Second)
		}
		out = append(out, r)
	}
	return out
}

func answersOrNot(up bool) say.Key {
	if up {
		return "board.answers"
	}
	return "board.no_answer"
}

// agentBoxes say how the measuring programs of the site are.
func agentBoxes(f format, s siteFile) []agentBox {
	var out []agentBox
	for _, series := range s.health {
		row := series.Rows[len(series.Rows)-1]
		v, lang := row.Values, f.lang
		box := agentBox{ID: series.Tags[api.TagAgent]}
		add := func(key say.Key, value, note string) {
			box.Facts = append(box.Facts, fact{lang.Text(key), cmp.Or(value, none), note})
		}
		add("board.reported", f.stamp(row.Time), f.ago(row.Time))
		add("board.version", v["version"].Text(), system(v["os"].Text(), v["arch"].Text()))
		spool := ""
		if bytes, ok := v["spool_bytes"]; ok {
			spool = f.bytes(bytes.Float())
		}
		add("board.spool", lang.Text("board.batches", v["spool_batches"].Integer()), spool)
		for _, loss := range []struct {
			field string
			key   say.Key
		}{{"memory_batches", "board.in_memory"}, {"aside_batches", "board.aside"}, {"dropped_batches", "board.dropped"}} {
			if n := v[loss.field].Integer(); n > 0 {
				add(loss.key, lang.Text("board.batches", n), "")
			}
		}
		if v["icmp_untrusted"].Integer() > 0 {
			add("board.icmp", lang.Text("board.icmp_untrusted"), "")
		}
		if offset, ok := v["clock_offset_ms"]; ok {
			add("board.clock_offset", f.milliseconds(offset.Float()), "± "+f.milliseconds(v["clock_uncertainty_ms"].Float()))
		} else {
			add("board.clock_offset", lang.Text("board.not_measured"), "")
		}
		if rss, ok := v["rss_bytes"]; ok {
			add("board.memory", f.bytes(rss.Float()), "")
		}
		out = append(out, box)
	}
	return out
}

func system(os, arch string) string {
	if os == "" || arch == "" {
		return os + arch
	}
	return os + "/" + arch
}
