package main

import (
	"errors"
	"strings"
	"testing"
)

var testKinds = []string{"csv", "postgres", "linux"}

func TestParseSystem(t *testing.T) {
	tests := []struct {
		text, name, kind, address string
		want                      error
	}{
		{"postgres=postgres://r@db1:5432/x?sslmode=require", "db1:5432", "postgres", "postgres://r@db1:5432/x?sslmode=require", nil},
		{"pay=postgres=postgres://r@db1/x?sslmode=require", "pay", "postgres", "postgres://r@db1/x?sslmode=require", nil},
		{"csv=/data/erp/", "erp", "csv", "/data/erp/", nil},
		{"pay=oracle=db1", "", "", "", errSystemFlag},
		{"postgres", "", "", "", errSystemFlag},
		{"postgres=", "", "", "", errSystemFlag},
		{"p=postgres=postgres://r:hunter2@db1/x", "", "", "", errPassword},
		{"p=postgres=postgres://r@db1/x?password=hunter2", "", "", "", errPassword},
		{"p=postgres=host=db1 password=hunter2", "", "", "", errPassword},
	}
	for _, tt := range tests {
		s, err := parseSystem(tt.text, testKinds)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.text, err, tt.want)
			continue
		}
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the message repeats the password", tt.text)
			}
			continue
		}
		if s.name != tt.name || s.kind != tt.kind || s.address != tt.address {
			t.Errorf("%s: %+v", tt.text, s)
		}
	}
}

func TestOptionsGoToTheirSystem(t *testing.T) {
	f := systemFlags{
		systems:     []string{"db.example=linux=ssh://a@db.example", "db=linux=ssh://a@db"},
		options:     []string{"db.example.known_hosts=/k=1", "db.sudo=off"},
		credentials: []string{"db=env:X"},
	}
	got, err := f.parse(testKinds)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].options["known_hosts"] != "/k=1" || got[1].options["sudo"] != "off" || got[1].credential != "env:X" || got[0].credential != "" {
		t.Fatalf("%+v", got)
	}
	f.options = []string{"nowhere.x=1"}
	if _, err := f.parse(testKinds); !errors.Is(err, errSystemFlag) || !strings.Contains(err.Error(), "db.example, db") {
		t.Fatalf("an option of no system: %v", err)
	}
}
