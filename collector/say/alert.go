package say

// alertTexts is what Grafana's alert messages say to who is on duty, and what the
// watch from outside says. Those that stand in a message template are put in as they
// are: no verbs, no braces, no quotation marks.
var alertTexts = texts{
	"alert.group_mountain":  {"⛰ Vùng cao, miền núi, chưa xác minh", "⛰ Highland, mountain, unverified"},
	"alert.group_plain":     {"Đồng bằng", "Plain"},
	"alert.group_collector": {"Trung tâm", "The centre"},

	"alert.collector":       {"Trung tâm không còn đánh giá các xã", "The centre no longer judges the offices"},
	"alert.collector_about": {"Quá năm phút không có kết luận mới trong InfluxDB, hoặc Grafana không hỏi được InfluxDB. Các xã vẫn đo và giữ số liệu. Kiểm tra dịch vụ communewatch-collector, trang /readyz và đĩa của máy trung tâm. Trong lúc này các cảnh báo khác giữ nguyên trạng thái cũ.", "No new judgement in InfluxDB for five minutes, or Grafana cannot ask InfluxDB. The offices go on measuring and keep their data. Look at the service communewatch-collector, the page /readyz and the disk of the centre. Until then all other alerts stay as they were."},
	"alert.watchdog":        {"Nhịp báo còn sống của trung tâm", "The centre's sign of life"},
	"alert.watchdog_about":  {"Luôn bật khi Grafana, InfluxDB và trung tâm đều chạy. Nơi nhận phải báo động khi KHÔNG còn nhận được nhịp này.", "Always firing while Grafana, InfluxDB and the collector all work. Whoever receives it must raise the alarm when it stops COMING."},

	"alert.many":           {"Nhiều loại sự cố", "Several kinds of trouble"},
	"alert.places":         {"nơi", "places"},
	"alert.over":           {"Đã hết", "Over"},
	"alert.unsure":         {"Thôi báo, chưa chắc đã hết", "No longer told, perhaps not over"},
	"alert.also_over":      {"đã hết", "over"},
	"alert.since":          {"Từ", "Since"},
	"alert.evidence":       {"Căn cứ", "Evidence"},
	"alert.office":         {"Gọi cơ quan", "Call the office"},
	"alert.provider":       {"Gọi nhà mạng", "Call the provider"},
	"alert.board":          {"Bảng theo dõi", "Dashboard"},
	"alert.page":           {"Trang của trung tâm", "The centre's page"},
	"alert.others":         {"Cùng sự cố", "In the same incident"},
	"alert.more":           {"nơi khác; xem bảng toàn tỉnh", "more; see the province's dashboard"},
	"alert.ended":          {"Đã hết", "Over"},
	"alert.or_closed":      {"mất tín hiệu, mất điện: hoặc đã hết giờ làm việc", "silence, power: or out of hours"},
	"alert.ended_not_seen": {"chưa thấy hoạt động lại, Grafana thôi báo vì", "not seen to work again, Grafana stopped telling because of"},

	"alert.flag_dry_run":       {"chỉ in ra những gì sẽ khác, không ghi gì", "print what would differ and write nothing"},
	"alert.flag_alerts":        {"đưa cả cảnh báo; --alerts=false: chỉ nguồn dữ liệu và bảng theo dõi", "alerts too; --alerts=false: data source and dashboards only"},
	"alert.flag_email":         {"thư báo động gửi đến, cách nhau dấu phẩy", "addresses that alerts are mailed to, separated by commas"},
	"alert.flag_telegram_chat": {"mã nhóm Telegram, ví dụ -4065678900", "Telegram chat id, such as -4065678900"},
	"alert.flag_telegram":      {"tệp chứa mã bot Telegram, hoặc env:TÊN", "file with the Telegram bot's token, or env:NAME"},
	"alert.flag_webhook":       {"tệp chứa địa chỉ webhook nhận báo động (Zalo: qua cầu nối), hoặc env:TÊN", "file with the address of a webhook for alerts (Zalo: through a relay), or env:NAME"},
	"alert.flag_watchdog":      {"tệp chứa địa chỉ nhận nhịp báo còn sống, hoặc env:TÊN", "file with the address that takes the sign of life, or env:NAME"},
	"alert.flag_pages":         {"địa chỉ trang của trung tâm nhìn từ nơi trực, để đưa vào tin báo", "address of the centre's pages as those on duty reach it, for links in messages"},
	"alert.dry_run":            {"Chạy thử: chưa ghi gì.", "Dry run: nothing was written."},
	"alert.no_channel":         {"Chưa có kênh nào (--email, --telegram, --webhook): báo động đi theo kênh mặc định của Grafana.", "No channel is given (--email, --telegram, --webhook): alerts go to Grafana's default contact point."},
	"alert.telegram_both":      {"--telegram và --telegram-chat phải đi cùng nhau", "--telegram and --telegram-chat belong together"},

	"alert.watch":            {"canh trung tâm từ máy khác, gọi webhook hoặc lệnh khi nó hỏng", "watch the collector from another machine, call a webhook or a command when it fails"},
	"alert.watch_ready":      {"địa chỉ cần hỏi, ví dụ https://trung-tam:8443/readyz", "address to ask, such as https://centre:8443/readyz"},
	"alert.watch_ca":         {"tệp chứng chỉ CA của trung tâm; để trống thì dùng của hệ thống", "file with the collector's CA certificate; empty is the system's"},
	"alert.watch_state":      {"tệp nhớ lần hỏi trước", "file that remembers the last question"},
	"alert.watch_webhook":    {"tệp chứa địa chỉ webhook, hoặc env:TÊN", "file with the webhook's address, or env:NAME"},
	"alert.watch_after":      {"hỏng liên tiếp bao nhiêu lần thì báo", "failures in a row before anybody is told"},
	"alert.watch_repeat":     {"bao lâu báo lại một lần khi còn hỏng", "how often it is told again while it lasts"},
	"alert.watch_works":      {"chạy tốt", "works"},
	"alert.watch_fails":      {"không chạy:", "does not work:"},
	"alert.watch_usage":      {"cần --ready, --state và --webhook hoặc một lệnh sau dấu --", "want --ready, --state, and --webhook or a command behind --"},
	"alert.watch_down_title": {"Trung tâm CommuneWatch không chạy", "The CommuneWatch collector does not work"},
	"alert.watch_down":       {"%s không trả lời đúng từ %s (%d lần liên tiếp): %s", "%s has not answered well since %s (%d time{s} in a row): %s"},
	"alert.watch_up_title":   {"Trung tâm CommuneWatch chạy lại", "The CommuneWatch collector works again"},
	"alert.watch_up":         {"%s trả lời tốt, sau khi hỏng từ %s", "%s answers well, after failing since %s"},
}
