package service

import "testing"

func TestTheServiceAccountsSIDIsTheOneThatWindowsDerives(t *testing.T) {
	// Published by Microsoft as the SID of NT SERVICE\TrustedInstaller.
	if got, want := serviceSID("TrustedInstaller"), "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestTheFolderIsClosedToAllButThree(t *testing.T) {
	if got, want := folderACL("S-1-5-80-1"), "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;S-1-5-80-1)"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestACommandLineQuotesTheProgramAndEachArgument(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{`C:\Program Files (x86)\Giám sát xã\communewatch-agent.exe`, `"C:\Program Files (x86)\Giám sát xã\communewatch-agent.exe"`},
		{`run`, `"run"`},
		{`C:\Users\Nguyễn Văn Đức\cw\`, `"C:\Users\Nguyễn Văn Đức\cw\\"`}, // a backslash before the quote is doubled
		{`a"b`, `"a\"b"`},
		{`a\"b`, `"a\\\"b"`},
		{`a\\b`, `"a\\b"`},
		{``, `""`},
	} {
		if got := commandLine(c.word); got != c.want {
			t.Errorf("%s: got %s, want %s", c.word, got, c.want)
		}
	}
	if got, want := commandLine(`C:\a b.exe`, "run", "--config", `D:\cw\agent.yaml`), `"C:\a b.exe" "run" "--config" "D:\cw\agent.yaml"`; got != want {
		t.Errorf("got %s", got)
	}
}
