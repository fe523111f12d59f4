package say

// configTexts is what is wrong in a configuration file; the place comes before it.
var configTexts = texts{
	"config.unknown_key": {"khóa %q không có trong cấu hình; có thể dùng: %s", "unknown key %q; known here: %s"},
	"config.duplicate":   {"khóa %q đã khai ở dòng %d", "key %q was already given in line %d"},
	"config.syntax":      {"không đọc được YAML: %s", "not YAML: %s"},
	"config.wrong_type":  {"%s là %s, cần %s", "%s is %s, want %s"},
	"config.missing":     {"thiếu %s", "%s is missing"},
	"config.empty":       {"tệp trống", "the file is empty"},
	"config.too_large":   {"tệp lớn hơn %d byte", "the file is larger than %d byte{s}"},
	"config.not_utf8":    {"byte thứ %d không phải UTF-8; hãy lưu tệp ở dạng UTF-8", "byte %d is not UTF-8; save the file as UTF-8"},
	"config.alias":       {"không dùng được neo và bí danh YAML", "YAML anchors and aliases are not used here"},
	"config.documents":   {"tệp có hơn một tài liệu YAML", "the file holds more than one YAML document"},

	"config.a_mapping":     {"một nhóm khóa", "a mapping"},
	"config.a_sequence":    {"một danh sách", "a list"},
	"config.want_mapping":  {"một nhóm khóa: giá trị", "a mapping of keys to values"},
	"config.want_sequence": {"một danh sách, mỗi mục bắt đầu bằng “- ”", "a list, each item starting with “- ”"},
	"config.want_duration": {"một khoảng thời gian như 60s hoặc 5m", "a duration such as 60s or 5m"},
	"config.want_boolean":  {"true hoặc false", "true or false"},
	"config.want_integer":  {"một số nguyên", "an integer"},
	"config.want_number":   {"một số", "a number"},
	"config.want_port":     {"một cổng từ 0 đến 65535", "a port from 0 to 65535"},
	"config.want_text":     {"một chuỗi chữ", "text"},

	"config.address":     {"%s không phải địa chỉ IP, cũng không phải tên miền, chẳng hạn 192.168.1.1", "%s is neither an IP address nor a DNS name, such as 192.168.1.1"},
	"config.one_of":      {"%s không dùng được; cần một trong: %s", "%s is not known; want one of: %s"},
	"config.range":       {"%s ngoài khoảng từ %s đến %s", "%s is outside %s to %s"},
	"config.twice":       {"tên %q đã dùng ở trên; mỗi mục cần một tên riêng", "the name %q is used above; each needs its own"},
	"config.name":        {"tên %q trống hoặc có ký tự không dùng được (dấu \\ hay ký tự điều khiển)", "the name %q is empty or holds a character that cannot be used (a backslash or a control character)"},
	"config.too_short":   {"%s cần ít nhất %d ký tự", "%s needs at least %d character{s}"},
	"config.too_long":    {"%s dài quá %d byte", "%s is longer than %d byte{s}"},
	"config.snmp_unused": {"%s không dùng ở mức %s; hãy bỏ đi hoặc đổi level", "%s is not used at level %s; leave it out or change the level"},
	"config.snmp_other":  {"%s không dùng trong version %s; hãy bỏ đi hoặc đổi version", "%s is not used by version %s; leave it out or change the version"},
	"config.proxy":       {"proxy phải là http://[tên:mật-khẩu@]máy:cổng, hoặc direct", "proxy must be http://[name:password@]host:port, or direct"},
	"config.url":         {"%q không phải địa chỉ https://máy:cổng", "%q is not an address https://host:port"},
	"config.pin":         {"%q không phải dấu vân tay sha256: và 64 chữ số thập lục phân", "%q is not a pin of sha256: and 64 hexadecimal digits"},
	"config.token":       {"cần identity, token hoặc token_file, và chỉ một trong số đó", "want one of identity, token and token_file"},
	"config.file":        {"không đọc được %s: %s", "cannot read %s: %s"},
	"config.listen":      {"%q không phải địa chỉ nghe máy:cổng, chẳng hạn :8443 hoặc 127.0.0.1:8480", "%q is not host:port to listen on, such as :8443 or 127.0.0.1:8480"},
	"config.influx_url":  {"%q không phải địa chỉ http://máy:cổng của InfluxDB", "%q is not http://host:port of an InfluxDB"},
	"config.parent":      {"không có mục nào tên %q để làm parent", "no target is named %q, so it cannot be a parent"},
	"config.circle":      {"parent đi thành vòng tròn: %s", "parents go in a circle: %s"},
	"config.too_many":    {"có %d mục, nhiều nhất là %d", "%d item{s}, at most %d"},
}

// cliTexts is what every program says of its own command line.
var cliTexts = texts{
	"cli.usage":   {"Cách dùng: %s LỆNH [tùy chọn]\n\nCác lệnh (thêm --help sau lệnh để xem tùy chọn, --lang en cho tiếng Anh):", "Usage: %s COMMAND [flags]\n\nCommands (add --help behind one to see its flags):"},
	"cli.unknown": {"không có lệnh %q; gõ “%s help” để xem các lệnh", "no command %q; “%s help” lists them"},
	"cli.lang":    {"ngôn ngữ: vi hoặc en", "language: vi or en"},
	"cli.failed":  {"lỗi: %s", "failed: %s"},
	"cli.extra":   {"thừa tham số %q", "unexpected argument %q"},
}
