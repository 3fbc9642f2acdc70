package e2e

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The questions of the demo have the answers that the sample says.
func TestQuestionsOfTheSample(t *testing.T) {
	dir, _ := sampleOf(t, "small")
	data := filepath.Join(t.TempDir(), "data")
	run(t, "assess", "--sample", dir, "--keep", data, "-o", "json")
	names := namesByNumber(t, filepath.Join(dir, "hr.csv"))
	text, err := os.ReadFile(filepath.Join(dir, "answers.json")) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	var key struct {
		Questions []struct {
			Command, Identities, Escalating []string
		} `json:"questions"`
	}
	if err := json.Unmarshal(text, &key); err != nil {
		t.Fatal(err)
	}
	if len(key.Questions) != 3 {
		t.Fatalf("%d questions", len(key.Questions))
	}
	for _, q := range key.Questions {
		run(t, append(q.Command, "--data", data)...)
		target := q.Command[len(q.Command)-1]
		if q.Command[0] == "access" {
			continue
		}
		want := named(names, q.Identities)
		if got := whoCan(t, data, target); !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", q.Command, got, want)
		}
		if len(q.Escalating) > 0 {
			want = named(names, append(q.Identities, q.Escalating...))
			if got := whoCan(t, data, target, "--escalation"); !slices.Equal(got, want) {
				t.Errorf("%v with escalation: %v, want %v", q.Command, got, want)
			}
		}
	}
}

// whoCan is the command's answer, by names.
func whoCan(t *testing.T, data, target string, more ...string) []string {
	t.Helper()
	var answer struct {
		Identities []struct {
			Name string `json:"name"`
		} `json:"identities"`
	}
	args := append([]string{"who-can", target, "--data", data, "-o", "json"}, more...)
	if err := json.Unmarshal(run(t, args...), &answer); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, i := range answer.Identities {
		list = append(list, i.Name)
	}
	slices.Sort(list)
	return list
}

func namesByNumber(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, line := range lines[1:] {
		names[line[0]] = line[2]
	}
	return names
}

func named(names map[string]string, numbers []string) []string {
	var list []string
	for _, n := range numbers {
		list = append(list, names[n])
	}
	slices.Sort(list)
	return list
}
