package board

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// folder is an inventory of one site, with a name.
func folder(t *testing.T, name string) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Read(fstest.MapFS{
		"areas.csv":     {Data: []byte("area,name,kind,until,lan_2023,latitude,longitude\n551,Vân Canh,district,2025-07-01,,13.66806,108.96191\n")},
		"units.csv":     {Data: []byte("unit,name,kind,from,until,by\n21997,Canh Liên,commune,2021-02-01,,\n")},
		"members.csv":   {Data: []byte("site,unit,from,split\nbd-21997,21997,2021-02-01,\n")},
		"providers.csv": {Data: []byte("provider,name,hotline\nvnpt,VNPT <b>,1800 1166\n")},
		"sites.csv": {Data: []byte("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude,phone,responsible,provider\n" +
			"bd-21997," + name + ",commune,551,unknown,,,13.70000,108.80000,0256 3888 123,,vnpt\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestThePagesFollowTheInventoryAndSayWhyTheyDoNot(t *testing.T) {
	inv, problem := folder(t, "Canh Liên"), ""
	h, err := New(Deps{
		Store: empty{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Inventory: func() *inventory.Inventory { return inv }, Problem: func(say.Lang) string { return problem },
	})
	if err != nil {
		t.Fatal(err)
	}
	shows := func(path, text string) bool {
		_, body := get(t, asOperator(h), http.MethodGet, path)
		return strings.Contains(body, text)
	}
	if !shows("/", "Xã Canh Liên") || !shows("/site/bd-21997", "Xã Canh Liên") || shows("/", "sites.csv") {
		t.Error("the first")
	}
	inv, problem = folder(t, "Canh Tân"), "Danh mục có lỗi: sites.csv:2:1"
	if !shows("/", "Xã Canh Tân") || !shows("/site/bd-21997", "Xã Canh Tân") || shows("/", "Xã Canh Liên") {
		t.Error("a rename is not shown")
	}
	if !shows("/", "sites.csv:2:1") {
		t.Error("what is wrong with the folder is not shown")
	}
}

func TestASiteShowsWhomToCall(t *testing.T) {
	inv := folder(t, "Canh Liên")
	h, err := New(Deps{Store: empty{}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Inventory: func() *inventory.Inventory { return inv }})
	if err != nil {
		t.Fatal(err)
	}
	_, body := get(t, asOperator(h), http.MethodGet, "/site/bd-21997")
	for _, want := range []string{"0256 3888 123", "VNPT &lt;b&gt;", "1800 1166", "Nhà mạng, đường dây nóng"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(body, "Hợp đồng") {
		t.Error("what is not known is shown")
	}
	_, body = get(t, pagesOf(t, empty{}), http.MethodGet, "/site/bd-21997")
	if strings.Contains(body, "Nhà mạng, đường dây nóng") {
		t.Error("the embedded province has no providers")
	}
}
