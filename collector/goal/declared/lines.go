package declared

import (
	"strings"
	"sync"

	"communewatch/collector/say"
)

// noLine is the one of Lines by which there is none.
const noLine = "none"

// lineOthers is what else people call a line's kind. "Cáp" alone, a leased line or the
// province's own network may be any, so they are none of these.
var lineOthers = map[string]string{
	"fiber":     "fiber/fibre/quang/ftth/cáp quang ftth/internet cáp quang/fiber optic/cáp sợi quang/fibervnn/gpon",
	"cable":     "cable/coaxial/truyền hình cáp/cáp truyền hình/docsis/coax",
	"copper":    "copper/adsl/vdsl/dsl/xdsl/adsl2/cáp đồng adsl/cáp đồng xdsl",
	"mobile":    "mobile/3g/4g/5g/lte/4g lte/3g 4g/4g 5g/sim/sim 4g/usb 4g/mạng di động/wifi 4g",
	"satellite": "satellite/vsat/starlink/internet vệ tinh",
	"none":      "none/no/không/chưa có/no line/không có đường truyền/chưa có đường truyền/chưa/không có internet/chưa có internet",
}

var lineKinds = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for kind := range strings.FieldsSeq(Lines) {
		names := strings.Split(lineOthers[kind], "/")
		for _, lang := range say.Langs {
			names = append(names, lang.Text(lineKey(kind)))
		}
		for _, name := range names {
			known[fold(name)] = kind
		}
	}
	return known
})

// lineKey is what a kind of line is called in the catalogue.
func lineKey(kind string) say.Key { return say.Key("declared.line_" + kind) }

// lineWords are all kinds, for a message.
type lineWords struct{}

func (lineWords) in(lang say.Lang) string { return strings.Join(lineNames(lang), ", ") }

func lineNames(lang say.Lang) []string {
	var names []string
	for kind := range strings.FieldsSeq(Lines) {
		names = append(names, lang.Text(lineKey(kind)))
	}
	return names
}

// nothing are the words by which there is none of something, folded.
var nothing = map[string]bool{"khong": true, "khong co": true, "chua co": true, "chua": true, "none": true, "no": true, "0": true}
