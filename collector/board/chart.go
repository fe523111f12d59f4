package board

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"communewatch/collector/say"
	"communewatch/collector/store"
)

// chartColumns are a line's figures in one interval: extremes of the extremes,
// medians of each round's quartiles, packets for the loss.
var chartColumns = []store.Selector{
	{Func: "sum", Field: "sent"}, {Func: "sum", Field: "received"},
	{Func: "min", Field: "rtt_min_ms"}, {Func: "max", Field: "rtt_max_ms"},
	{Func: "percentile", Field: "rtt_p25_ms", Arg: 50},
	{Func: "percentile", Field: "rtt_median_ms", Arg: 50},
	{Func: "percentile", Field: "rtt_p75_ms", Arg: 50},
}

// Geometry of a chart, in units of its viewBox.
const (
	chartWidth, chartHeight     = 960, 250
	plotLeft, plotRight         = 62, chartWidth - 12
	plotTop, plotBottom         = 14, 176 // of the round trips
	lossTop, lossBottom         = 188, 216
	gapFactor                   = 2.5 // intervals without an answer that end a line
	clipFactor                  = 2.5 // times the 95th percentile: what is higher is cut off, and said
	pixelWidth, minLossMarkSize = 1.5, 2.0
)

// chart is one target's round trips and losses, ready to be drawn.
type chart struct {
	Target, Summary string
	Label           string // the picture in words
	Width, Height   int
	MinMax, Quarts  string // paths of the two bands
	Median          string // path of the line
	Losses          []lossMark
	X, Y            []tick
	Plot, Loss      box // the two panes
	Clipped         string
}

type box struct{ X, Y, Width, Height float64 }

type lossMark struct {
	box
	Title string
	Whole bool // nothing came back
}

type tick struct {
	At, Label float64
	Text      string
	Strong    bool
}

// sample is one interval of one target.
type sample struct {
	at                         time.Time // its middle
	sent, received             int64
	answered                   bool
	low, p25, median, p75, top float64 // ms
}

func samples(s store.Series, every time.Duration) []sample {
	var out []sample
	for _, row := range s.Rows {
		v := row.Values
		one := sample{
			at: row.Time.Add(every / 2), sent: v["sent"].Integer(), received: v["received"].Integer(),
			low: v["rtt_min_ms"].Float(), p25: v["rtt_p25_ms"].Float(), median: v["rtt_median_ms"].Float(),
			p75: v["rtt_p75_ms"].Float(), top: v["rtt_max_ms"].Float(),
		}
		_, one.answered = v["rtt_median_ms"]
		out = append(out, one)
	}
	return out
}

// drawing is a chart in the making.
type drawing struct {
	format
	from, to time.Time
	every    time.Duration
	ceiling  float64 // ms at the top
}

func (d drawing) x(t time.Time) float64 {
	share := float64(t.Sub(d.from)) / float64(d.to.Sub(d.from))
	return tenth(plotLeft + min(max(share, 0), 1)*(plotRight-plotLeft))
}

func (d drawing) y(ms float64) float64 {
	return tenth(plotBottom - min(max(ms/d.ceiling, 0), 1)*(plotBottom-plotTop))
}

// tenth is as fine as a screen shows.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// draw makes the chart of one target over a period.
func draw(f format, target string, p period, from time.Time, every time.Duration, all []sample) chart {
	d := drawing{format: f, from: from, to: f.now, every: every}
	highest := d.scale(all)
	c := chart{
		Target: target, Width: chartWidth, Height: chartHeight,
		Plot: box{plotLeft, plotTop, plotRight - plotLeft, plotBottom - plotTop},
		Loss: box{plotLeft, lossTop, plotRight - plotLeft, lossBottom - lossTop},
		X:    d.times(p), Y: d.levels(),
	}
	var minMax, quarts, line strings.Builder
	for _, segment := range d.segments(all) {
		d.band(&minMax, segment, func(s sample) (float64, float64) { return s.low, s.top })
		d.band(&quarts, segment, func(s sample) (float64, float64) { return s.p25, s.p75 })
		d.line(&line, segment)
	}
	c.MinMax, c.Quarts, c.Median = minMax.String(), quarts.String(), line.String()
	c.Losses = d.losses(all)
	c.Summary = d.summary(all)
	c.Label = f.lang.Text("board.chart_label", target, f.lang.Text(say.Key("board.period_"+p.name)), c.Summary)
	if highest > d.ceiling {
		c.Clipped = f.lang.Text("board.clipped", f.milliseconds(highest))
	}
	return c
}

// scale chooses the top of the axis and gives the highest value: a few wild ones
// would press the line to the ground.
func (d *drawing) scale(all []sample) (highest float64) {
	var tops []float64
	for _, s := range all {
		if s.answered {
			tops = append(tops, s.top)
			highest = max(highest, s.top)
		}
	}
	if len(tops) == 0 {
		d.ceiling = 100
		return 0
	}
	slices.Sort(tops)
	d.ceiling = roundUp(min(highest, clipFactor*tops[(len(tops)-1)*95/100]))
	return highest
}

// roundUp gives the next 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten.
func roundUp(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// segments cuts where nothing came back for too long: a gap stays a gap.
func (d drawing) segments(all []sample) [][]sample {
	var out [][]sample
	var last time.Time
	for _, s := range all {
		if !s.answered {
			if s.sent > 0 {
				last = time.Time{} // all lost: the line ends here
			}
			continue
		}
		if last.IsZero() || s.at.Sub(last) > time.Duration(gapFactor*float64(d.every)) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
		last = s.at
	}
	return out
}

// edges are the beginning and the end of a segment: half an interval beyond its
// samples, so that a single one is seen.
func (d drawing) edges(segment []sample) (left, right float64) {
	left, right = d.x(segment[0].at.Add(-d.every/2)), d.x(segment[len(segment)-1].at.Add(d.every/2))
	return left, max(right, left+pixelWidth)
}

func (d drawing) band(path *strings.Builder, segment []sample, limits func(sample) (low, high float64)) {
	left, right := d.edges(segment)
	low, high := limits(segment[0])
	fmt.Fprintf(path, "M%g %gL%g %g", left, d.y(low), left, d.y(high))
	for _, s := range segment {
		_, high = limits(s)
		fmt.Fprintf(path, "L%g %g", d.x(s.at), d.y(high))
	}
	low, _ = limits(segment[len(segment)-1])
	fmt.Fprintf(path, "L%g %gL%g %g", right, d.y(high), right, d.y(low))
	for _, s := range slices.Backward(segment) {
		low, _ = limits(s)
		fmt.Fprintf(path, "L%g %g", d.x(s.at), d.y(low))
	}
	path.WriteByte('Z')
}

func (d drawing) line(path *strings.Builder, segment []sample) {
	left, right := d.edges(segment)
	fmt.Fprintf(path, "M%g %g", left, d.y(segment[0].median))
	for _, s := range segment {
		fmt.Fprintf(path, "L%g %g", d.x(s.at), d.y(s.median))
	}
	fmt.Fprintf(path, "L%g %g", right, d.y(segment[len(segment)-1].median))
}

// losses are bars from the ground, as high as the share that was lost.
func (d drawing) losses(all []sample) []lossMark {
	var out []lossMark
	for _, s := range all {
		lost := s.sent - s.received
		if lost <= 0 || s.at.Add(d.every/2).Before(d.from) {
			continue
		}
		share := float64(lost) / float64(s.sent)
		left, right := d.x(s.at.Add(-d.every/2)), d.x(s.at.Add(d.every/2))
		height := max(share*(lossBottom-lossTop), minLossMarkSize)
		out = append(out, lossMark{
			box:   box{left, tenth(lossBottom - height), tenth(max(right-left, pixelWidth)), tenth(height)},
			Title: d.clock(s.at.Add(-d.every/2)) + ": " + d.percent(share),
			Whole: s.received == 0,
		})
	}
	return out
}

// times are the marks of the axis, at whole hours and days as they are in Vietnam.
func (d drawing) times(p period) []tick {
	var out []tick
	_, offset := d.from.In(zone).Zone()
	shift := time.Duration(offset) * time.Second
	for t := d.from.Add(shift).Truncate(p.tick).Add(-shift); !t.After(d.to); t = t.Add(p.tick) {
		if t.Before(d.from) {
			continue
		}
		local := t.In(zone)
		midnight := local.Hour() == 0 && local.Minute() == 0
		one := tick{At: d.x(t), Text: local.Format("15:04"), Strong: midnight}
		if midnight {
			one.Text = d.shortDay(local)
		}
		// A label at the very edge would be cut off.
		one.Label = min(max(one.At, plotLeft+14), plotRight-14)
		out = append(out, one)
	}
	return out
}

func (d drawing) shortDay(t time.Time) string {
	if d.lang == say.Vietnamese {
		return t.Format("02/01")
	}
	return t.Format("2 Jan")
}

// levels are four or five marks of the round trip.
func (d drawing) levels() []tick {
	step := d.ceiling / 4
	if lead := d.ceiling / math.Pow(10, math.Floor(math.Log10(d.ceiling))); math.Round(lead*10) == 15 || math.Round(lead) == 3 || math.Round(lead) == 6 {
		step = d.ceiling / 3
	}
	var out []tick
	for v := 0.0; v <= d.ceiling*1.001; v += step {
		out = append(out, tick{At: d.y(v), Text: d.number(v, 2)})
	}
	return out
}

// summary says the period in figures, for whoever does not see the picture too.
func (d drawing) summary(all []sample) string {
	var medians []float64
	var sent, received int64
	for _, s := range all {
		sent, received = sent+s.sent, received+s.received
		if s.answered {
			medians = append(medians, s.median)
		}
	}
	if sent == 0 {
		return d.lang.Text("board.nothing_sent")
	}
	loss := d.percent(float64(sent-received) / float64(sent))
	if len(medians) == 0 {
		return d.lang.Text("board.chart_summary", none, loss)
	}
	return d.lang.Text("board.chart_summary", d.milliseconds(median(medians)), loss)
}
