package say

// policyTexts are those of the policy, of maintenance windows, and of the rules that a
// site's state follows beside those in stateTexts.
var policyTexts = texts{
	"policy.policy":   {"in chính sách kèm theo chương trình, có giải thích từng con số", "print the policy that comes with the program, each figure explained"},
	"policy.flag":     {"tệp chính sách cần kiểm tra (mặc định: tệp mà cấu hình nêu)", "policy file to check (default: the configuration's)"},
	"policy.unusable": {"chính sách có %d lỗi, chưa dùng được", "the policy has %d mistake{s} and cannot be used"},
	"policy.range":    {"%s là %s, phải từ %s đến %s", "%s is %s, want %s to %s"},

	"reason.uplink_slow": {"đường truyền phản hồi chậm", "the line answers slowly"},
	"reason.recovering":  {"vừa trả lời lại, chờ thêm vòng đo cho chắc", "it has just answered again, waiting for more rounds to be sure"},
	"reason.flapping":    {"lúc mất lúc có nhiều lần, chưa coi là ổn định", "lost and back many times, not taken as steady yet"},
	"reason.power_lost":  {"bộ lưu điện đang chạy ắc quy thì mất tín hiệu; số liệu cuối nhận lúc", "the UPS ran on battery, then nothing came; last heard at"},

	"inventory.moment":           {"%s %q không phải ngày giờ; hãy viết như 2026-11-28 14:30", "%s %q is no date and time; write it as 2026-11-28 14:30"},
	"inventory.moment_shown":     {"%s %q là ngày giờ theo cách hiển thị của Excel, không rõ đâu là ngày, đâu là tháng; hãy viết như 2026-11-28 14:30", "%s %q is a date as Excel shows it, day and month cannot be told apart; write it as 2026-11-28 14:30"},
	"inventory.moment_early":     {"%s %q trước năm 2020", "%s %q is before 2020"},
	"inventory.window_order":     {"%s %q không sau from", "%s %q is not after from"},
	"inventory.window_long":      {"%s %q là hơn %d ngày sau from; hãy chia ra nhiều đợt", "%s %q is more than %d day{s} after from; split it"},
	"inventory.scope":            {"%s %q không dùng được; cần mã cơ quan, mã khu vực, mã nhà mạng, hoặc all", "%s %q is unknown; want a site, an area, a provider, or all"},
	"inventory.scope_two":        {"%s %q là tên của hơn một thứ trong danh mục; hãy đổi mã nhà mạng", "%s %q names more than one thing; rename the provider"},
	"inventory.summary_windows":  {"%d đợt bảo trì", "%d maintenance window{s}"},
	"inventory.windows_too_many": {"hơn %d đợt bảo trì; hãy bỏ bớt những đợt đã qua", "more than %d maintenance window{s}; take out those that are over"},
}
