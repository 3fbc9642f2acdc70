package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const (
		passes = `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.5}
{"Action":"pass","Package":"p","Elapsed":0.6}
`
		fails = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":1.5}
{"Action":"fail","Package":"p","Elapsed":1.6}
`
		skips = `{"Action":"output","Package":"p","Test":"TestC","Output":"=== RUN   TestC\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:3: no server\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
`
		breaks = `{"Action":"build-output","ImportPath":"q","Output":"q.go:1: undefined: x\n"}
{"Action":"build-fail","ImportPath":"q"}
{"Action":"fail","Package":"q"}
`
		panics = `{"Action":"output","Package":"p","Output":"panic: at once\n"}
{"Action":"fail","Package":"p"}
`
	)
	tests := []struct {
		name, in string
		well     bool
		want     []string
	}{
		{"all pass", passes, true, []string{"0.50s  p TestA", "\n1 passed, 0 failed, 0 skipped\n"}},
		{"one fails", passes + fails, false, []string{"FAIL  p TestB\n    b_test.go:3: wrong", "\n1 passed, 1 failed, 0 skipped\n"}},
		{"one is left out", passes + skips, true, []string{"skipped  p TestC  c_test.go:3: no server\n", "\n1 passed, 0 failed, 1 skipped\n"}},
		{"one does not build", passes + breaks, false, []string{"FAIL  q\nq.go:1: undefined: x", "\n1 passed, 1 failed, 0 skipped\n"}},
		{"one panics", passes + panics, false, []string{"panic: at once", "\n1 passed, 1 failed, 0 skipped\n"}},
		{"one fails and another does not build", fails + breaks, false, []string{"\n0 passed, 2 failed, 0 skipped\n"}},
		{"nothing ran", "", false, []string{"\n0 passed, 0 failed, 0 skipped\n"}},
		{"only left out", skips, false, []string{"\n0 passed, 0 failed, 1 skipped\n"}},
		{"the go command's own words", "go: no such package\n" + passes, true, []string{"go: no such package\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			r := report{out: &out, output: map[key]*strings.Builder{}}
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if well := r.print(&out); well != tt.well {
				t.Errorf("all is well: %v", well)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("does not say %q:\n%s", want, out.String())
				}
			}
		})
	}
}
