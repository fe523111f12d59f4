package say

// collectorTexts is what the collector's commands say to the person at the centre.
var collectorTexts = texts{
	"collector.serve":     {"nhận số liệu của các xã, lưu vào InfluxDB và hiển thị", "take what the offices measure, store it in InfluxDB and show it"},
	"collector.token":     {"cấp mã cho một xã, in ra tệp agent.yaml", "give an office its token and print its agent.yaml"},
	"collector.provision": {"đưa nguồn dữ liệu và bảng theo dõi vào Grafana", "put data source and dashboards into Grafana"},
	"collector.version":   {"in phiên bản", "print the version"},
	"collector.config":    {"tệp cấu hình; để trống thì dùng mặc định", "configuration file; without one the defaults hold"},

	"collector.token_usage":  {"cần đúng một mã cơ quan, ví dụ: communewatch-collector token bd-21997", "want exactly one site id, such as: communewatch-collector token bd-21997"},
	"collector.token_url":    {"địa chỉ mà máy ở xã dùng để đến đây, https://máy:cổng", "address by which the office reaches this machine, https://host:port"},
	"collector.no_site":      {"không có cơ quan nào mang mã %q trong danh mục", "the inventory has no site %q"},
	"collector.yaml_comment": {"Tệp cấu hình của %s (%s). Giữ kín: trong này có mã truy cập.", "Configuration of %s (%s). Keep it private: it holds the access token."},

	"collector.grafana_url":   {"địa chỉ Grafana, ví dụ http://127.0.0.1:3000", "address of Grafana, such as http://127.0.0.1:3000"},
	"collector.grafana_token": {"tệp chứa mã tài khoản dịch vụ Grafana, hoặc người-dùng:mật-khẩu", "file with Grafana's service account token, or user:password"},
	"collector.influx_url":    {"địa chỉ InfluxDB nhìn từ Grafana; mặc định là InfluxDB đi kèm", "address of InfluxDB as Grafana sees it; default is the embedded one"},
	"collector.influx_token":  {"tệp chứa thông tin đăng nhập chỉ đọc của InfluxDB; mặc định là của InfluxDB đi kèm", "file with InfluxDB's read-only credential; default is the embedded one's"},
	"collector.grafana_usage": {"cần --grafana và --grafana-token", "want --grafana and --grafana-token"},
	"collector.created":       {"đã tạo", "created"},
	"collector.updated":       {"đã cập nhật", "updated"},
	"collector.unchanged":     {"không đổi", "unchanged"},

	"kind.commune":  {"Xã %s", "%s commune"},
	"kind.ward":     {"Phường %s", "%s ward"},
	"kind.township": {"Thị trấn %s", "%s township"},
	"kind.city":     {"Thành phố %s", "%s city"},
	"kind.town":     {"Thị xã %s", "%s town"},
	"kind.district": {"Huyện %s", "%s district"},
}
