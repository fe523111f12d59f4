package declared

import (
	"strings"
	"sync"

	"communewatch/collector/say"
)

// form is what stands in a column.
type form uint8

const (
	textForm form = iota
	lineForm
	dayForm
	speedForm // Mbit/s
	moneyForm // đồng
	countForm
)

// column is one of a sheet. Its heading is "declared.col_" and its name in the catalogue,
// what it means "declared.about_" and its name; both languages' headings are known, its
// name, and what else people call it.
type column struct {
	name    string
	form    form
	most    int // bytes of a text
	other   string
	declare func(*Declaration) any // where its value is kept; nil: it only says whose row it is
}

// columns are all, in the order of the template.
var columns = []column{
	{name: "site", other: "mã xã/mã đơn vị/mã đvhc/mã/mã điểm/code/site id/mã cơ quan/mã số"},
	{name: "name", other: "tên xã/xã/xã, phường, thị trấn/xã phường/xã, phường/đơn vị/tên đơn vị/commune/tên cơ quan/cơ quan/ubnd xã"},
	{name: "area", other: "huyện/huyện, thị xã, thành phố/quận huyện/district/huyện cũ/địa bàn/khu vực"},
	{name: "date", form: dayForm, declare: func(d *Declaration) any { return &d.Date }, other: "ngày/ngày kê khai/thời điểm/đến ngày/tính đến/thời điểm kê khai/as of/date"},
	{name: "source", most: 200, declare: func(d *Declaration) any { return &d.Source }, other: "nguồn/nguồn số liệu/văn bản/số văn bản/căn cứ"},
	{name: "line", form: lineForm, declare: func(d *Declaration) any { return &d.Line }, other: "đường truyền/loại đường truyền/loại/line/line kind/kind of line/kết nối"},
	{name: "provider", most: 200, declare: func(d *Declaration) any { return &d.Provider }, other: "nhà cung cấp/nhà mạng/đơn vị cung cấp/isp/nhà cung cấp dịch vụ"},
	{name: "contract", most: 200, declare: func(d *Declaration) any { return &d.Contract }, other: "hợp đồng/số hợp đồng/số hđ/contract number"},
	{name: "down_mbps", form: speedForm, declare: func(d *Declaration) any { return &d.DownMbps }, other: "tốc độ tải xuống/tải xuống/tốc độ tải về/tải về/download/down/băng thông/băng thông (Mbps)/tốc độ (Mbps)/download (Mbps)/bandwidth/tốc độ/tải xuống (Mbps)"},
	{name: "up_mbps", form: speedForm, declare: func(d *Declaration) any { return &d.UpMbps }, other: "tốc độ tải lên/tải lên/upload/up/upload (Mbps)/tải lên (Mbps)"},
	{name: "monthly_vnd", form: moneyForm, declare: func(d *Declaration) any { return &d.MonthlyVND }, other: "giá/giá cước/cước/giá tháng/cước tháng/giá (đồng)/giá cước (đồng)/price/giá cước tháng (đồng)/cước (đồng/tháng)/giá (đồng/tháng)/price (VND)"},
	{name: "line_since", form: dayForm, declare: func(d *Declaration) any { return &d.LineSince }, other: "ngày lắp/ngày lắp đặt/ngày hợp đồng/ngày đưa vào sử dụng/installed on"},
	{name: "routers", form: countForm, declare: func(d *Declaration) any { return &d.Routers }, other: "router/bộ định tuyến/số router/modem/modem router/router, modem/thiết bị định tuyến"},
	{name: "switches", form: countForm, declare: func(d *Declaration) any { return &d.Switches }, other: "switch/bộ chuyển mạch/số switch/thiết bị chuyển mạch"},
	{name: "pcs", form: countForm, declare: func(d *Declaration) any { return &d.PCs }, other: "pc/máy tính/máy vi tính/số máy tính/computers/máy trạm"},
	{name: "upses", form: countForm, declare: func(d *Declaration) any { return &d.UPSes }, other: "ups/bộ lưu điện/số ups/lưu điện"},
	{name: "printers", form: countForm, declare: func(d *Declaration) any { return &d.Printers }, other: "printer/máy in/số máy in"},
	{name: "models", most: 500, declare: func(d *Declaration) any { return &d.Models }, other: "model/kiểu máy/kiểu thiết bị/chủng loại/model thiết bị/nhãn hiệu"},
	{name: "note", most: 1000, declare: func(d *Declaration) any { return &d.Note }, other: "ghi chú/lưu ý/remarks/notes"},
	{name: "number", other: "stt/tt/số thứ tự/no"}, // of the row, which says nothing
}

// tells is whether a value in the column is a declaration: day, source and note are about one.
func (c *column) tells() bool {
	return c.declare != nil && c.name != "date" && c.name != "source" && c.name != "note"
}

func (c *column) heading() say.Key { return say.Key("declared.col_" + c.name) }
func (c *column) about() say.Key   { return say.Key("declared.about_" + c.name) }

// called finds a column by what stands above it.
func called(heading string) *column { return byHeading()[fold(heading)] }

var byHeading = sync.OnceValue(func() map[string]*column {
	known := map[string]*column{}
	for i := range columns {
		c := &columns[i]
		names := append(strings.Split(c.other, "/"), c.name)
		for _, lang := range say.Langs {
			names = append(names, lang.Text(c.heading()))
		}
		for _, name := range names {
			known[fold(name)] = c
		}
	}
	return known
})
