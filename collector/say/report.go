package say

// reportTexts are those of the commands `report` and `goal`.
var reportTexts = texts{
	"report.report": {"báo cáo xã nào đạt mục tiêu trong một tháng, kèm chứng cứ", "report which communes meet the target in a month, with the evidence"},
	"report.goal":   {"in tiêu chuẩn đi kèm, hoặc kiểm tra một tệp tiêu chuẩn", "print the embedded target, or check the file of one"},

	"report.flag_goal":      {"mã hoặc tệp của tiêu chuẩn; mặc định là tiêu chuẩn tháng 5/2023", "id or file of the target; default is that of May 2023"},
	"report.flag_compare":   {"mã hoặc tệp của tiêu chuẩn thứ hai để so sánh", "id or file of a second target to compare with"},
	"report.flag_month":     {"tháng, ví dụ 2026-10; mặc định là tháng gần nhất đã hết", "month, such as 2026-10; default is the last that is over"},
	"report.flag_units_on":  {"ngày của danh mục đơn vị hành chính, ví dụ 2025-06-30; mặc định là ngày cuối tháng", "day whose units are listed, such as 2025-06-30; default is the month's last"},
	"report.flag_format":    {"text, xlsx, csv, json hoặc html; mặc định theo tên tệp --out, nếu không có thì text", "text, xlsx, csv, json or html; default follows the name of --out, else text"},
	"report.flag_out":       {"ghi vào tệp này thay vì in ra màn hình", "write into this file instead of printing"},
	"report.flag_site":      {"chỉ cơ quan mang mã này: một trang A4 (html), hoặc text, là mặc định ở màn hình", "only the site with this id: one A4 page (html), or text, the default at a terminal"},
	"report.flag_area":      {"chỉ địa bàn huyện (2023) mang mã này: một trang A4 (html), hoặc text, là mặc định ở màn hình", "only the area (district of 2023) with this code: one A4 page (html), or text, the default at a terminal"},
	"report.flag_by":        {"người công bố; mặc định là tài khoản đang dùng", "who publishes; default is the account in use"},
	"report.flag_months":    {"số tháng của phần lịch sử, tính cả tháng báo cáo", "months of history, the month itself included"},
	"report.flag_budget":    {"kinh phí (đồng): lập thứ tự việc cần làm rẻ nhất trước", "budget in đồng: plan the cheapest order of work"},
	"report.flag_publish":   {"công bố: giữ lại báo cáo này, không bao giờ thay đổi; in mã và giá trị băm", "publish: keep this report for good, never to change; print its id and hash"},
	"report.flag_published": {"liệt kê các báo cáo đã công bố; kèm một mã thì in báo cáo đó", "list the published reports; with an id, print that one"},

	"report.months":       {"--months cần từ 1 đến %d", "--months: want 1 to %d"},
	"report.budget":       {"kinh phí %q không đúng; cần số đồng không âm, chẳng hạn 500000000 hoặc 500.000.000", "the budget %q is not right; it is a number of đồng that is not negative, such as 500000000 or 500.000.000"},
	"report.month":        {"tháng %q không đúng, cần dạng 2026-10", "month %q, want one like 2026-10"},
	"report.day":          {"ngày %q không đúng, cần dạng 2025-06-30", "day %q, want one like 2025-06-30"},
	"report.no_goal":      {"không có tiêu chuẩn hay tệp nào là %q; hiện có: %s", "there is no target and no file %q; there are: %s"},
	"report.goal_twice":   {"%s: mã %q đã là của một tiêu chuẩn khác; hãy đặt mã khác trong tệp", "%s: its id %q is another target's; give it one of its own in the file"},
	"report.no_area":      {"không có địa bàn nào mang mã %q; hiện có: %s", "there is no area %q; there are: %s"},
	"report.format":       {"không có định dạng %q; hiện có: %s", "there is no format %q; there are: %s"},
	"report.needs_out":    {"xlsx không in ra màn hình được; hãy thêm --out baocao.xlsx", "xlsx cannot be shown on a terminal; add --out report.xlsx"},
	"report.one_place":    {"chỉ chọn một trong hai: --site hoặc --area", "choose one of the two: --site or --area"},
	"report.html_only":    {"báo cáo của một cơ quan hay một địa bàn chỉ có ở định dạng html (trang A4) hoặc text", "the report of a site or an area is html (an A4 page) or text only"},
	"report.publish_both": {"--publish và --published không dùng cùng lúc", "--publish and --published do not go together"},

	"report.unusable": {"tiêu chuẩn có %d lỗi, chưa dùng được", "the target has %d mistake{s} and cannot be used"},

	"report.kept":       {"đã công bố %s\nSHA-256 %s", "published %s\nSHA-256 %s"},
	"report.none_kept":  {"chưa có báo cáo nào được công bố", "no report has been published yet"},
	"report.kept_head":  {"MÃ\tLẬP LÚC\tĐẠT\tKHÔNG ĐẠT\tCHƯA ĐỦ SỐ LIỆU\tNGƯỜI CÔNG BỐ", "ID\tMADE\tMET\tNOT MET\tNO DATA\tPUBLISHED BY"},
	"report.goal_right": {"%s (%s): %d tiêu chí, dùng được\nSHA-256 %s", "%s (%s): %d criteri{on|a}, can be used\nSHA-256 %s"},
}
