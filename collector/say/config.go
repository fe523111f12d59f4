package say

// configTexts is what is wrong in a configuration file; the place comes before it.
var configTexts = texts{
	"config.unknown_key": {"khóa %q không có trong cấu hình; có thể dùng: %s", "unknown key %q; known here: %s"},
	"config.duplicate":   {"khóa %q đã khai ở dòng %d", "key %q was already given in line %d"},
	"config.syntax":      {"không đọc được YAML: %s", "not YAML: %s"},
	"config.wrong_type":  {"%s là %s, cần %s", "%s is %s, want %s"},
	"config.invalid":     {"%s: %s", "%s: %s"},
	"config.missing":     {"thiếu %s", "%s is missing"},
	"config.empty":       {"tệp trống", "the file is empty"},
	"config.too_large":   {"tệp lớn hơn %d byte", "the file is larger than %d bytes"},
	"config.not_utf8":    {"byte thứ %d không phải UTF-8; hãy lưu tệp ở dạng UTF-8", "byte %d is not UTF-8; save the file as UTF-8"},
	"config.alias":       {"không dùng được neo và bí danh YAML", "YAML anchors and aliases are not used here"},
	"config.documents":   {"tệp có hơn một tài liệu YAML", "the file holds more than one YAML document"},
}
