package goal

var testStandard *Standard
