package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/internal/fault"
)

func TestExitCodes(t *testing.T) {
	t.Setenv("WRIT_DATA", t.TempDir())
	tests := []struct {
		args string
		want int
	}{
		{"--help", exitOK},
		{"findings rules", exitOK},
		{"bogus", exitUsage},
		{"who-can", exitUsage},
		{"who-can x --limit 5000", exitUsage},
		{"findings --nope", exitUsage},
		{"-o yaml findings", exitUsage},
		{"system add", exitUsage},
		{"access nobody", exitFailed},
		{"system sync nowhere", exitFailed},
		{"assess --system csv=/nowhere", exitFailed},
	}
	for _, tt := range tests {
		var out, errs bytes.Buffer
		if got := run(context.Background(), strings.Fields(tt.args), strings.NewReader(""), &out, &errs); got != tt.want {
			t.Errorf("writ %s: exit %d, want %d: %s", tt.args, got, tt.want, errs.String())
		}
		if tt.want != exitOK && !strings.HasPrefix(lastLine(errs.String()), "writ: ") {
			t.Errorf("writ %s: no error that names the program: %q", tt.args, errs.String())
		}
	}
	if exitFor(fault.New(fault.Denied, "x", "x")) != exitDenied {
		t.Error("a denial exits with 3")
	}
}

func lastLine(s string) string {
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasPrefix(line, "writ: ") {
			return line
		}
	}
	return s
}

// TestLesson32_NothingReachesTheTerminal: what a system calls its things is
// printed without control characters and without reversing text.
func TestLesson32_NothingReachesTheTerminal(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	hostile := "x\x1b[2Jy\u202ez\u009bq\r\n\ttab"
	err := a.print(whyAnswer{&ask.Why{Count: "1", Identity: ask.Shown{Name: hostile}, Target: ask.Shown{Name: "t"}, Paths: []ask.Path{{Sentence: hostile}}}})
	if err != nil {
		t.Fatal(err)
	}
	err = a.print(&findingsAnswer{Findings: []findingLine{{Rule: hostile, Evidence: []string{hostile}, Subject: subjectLine{Name: hostile}}}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\r\u202e\u009b\t") {
		t.Fatalf("control characters reach the terminal: %q", out.String())
	}
}

// A spreadsheet must not run what a system called its things.
func TestCSVIsNoFormula(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out, format: asCSV}
	if err := a.print(&findingsAnswer{Findings: []findingLine{{Rule: "=cmd|' /C calc'!A0", Subject: subjectLine{Type: "account", Name: "x"}}}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "'=cmd") {
		t.Fatalf("a formula is written as one: %s", out.String())
	}
}
