package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/declare"
)

// exportAnswer is the answer of 'writ export -f DIR'.
type exportAnswer struct {
	Folder string         `json:"folder"`
	Files  []exportedFile `json:"files"`
}

type exportedFile struct {
	Name      string `json:"name"`
	Documents int    `json:"documents"`
}

func (s *exportAnswer) tables() []table {
	if len(s.Files) == 0 {
		return []table{{title: "there is nothing to export yet: 'writ source add' and 'writ system add' say where things come from"}}
	}
	t := table{title: "wrote to " + s.Folder, header: []string{"file", "documents"}, right: []int{1}, note: "  next: writ plan -f " + s.Folder}
	for _, f := range s.Files {
		t.rows = append(t.rows, []string{f.Name, count(int64(f.Documents))})
	}
	return []table{t}
}

func (a *app) exportCommand() *cobra.Command {
	var kinds []string
	var path string
	var force bool
	cmd := &cobra.Command{
		Use: "export [-f DIR|-] [--kind KIND]... [--force]", Short: "Write what can be declared as documents in YAML",
		Long: `Write what can be declared as documents in YAML, a file for each kind, or all of it to
standard output. 'writ plan' of what was exported finds nothing that differs.

There is no secret in it, and no id: people are named by number, all else by name.`,
		Example: "  writ export -f policy/\n  writ export --kind correlation-rule",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.follow(ctx); err != nil {
				return err
			}
			files, err := a.declare().Export(ctx, kinds)
			if err != nil {
				return err
			}
			if path == "-" {
				return a.stream(files)
			}
			ans := &exportAnswer{Folder: path, Files: []exportedFile{}}
			for _, f := range files {
				ans.Files = append(ans.Files, exportedFile{f.Name, f.Documents})
			}
			if err := writeDocuments(path, files, force); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().StringVarP(&path, "file", "f", "-", "`DIR` to write to; - is standard output")
	cmd.Flags().StringArrayVar(&kinds, "kind", nil, "only things of this `KIND`")
	cmd.Flags().BoolVar(&force, "force", false, "write over files of the same name")
	return cmd
}

// stream writes all files as one.
func (a *app) stream(files []declare.File) error {
	for i, f := range files {
		text := f.Text
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := a.out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// writeDocuments writes files into a folder: each as a whole, and over no other unless
// that is meant.
func writeDocuments(dir string, files []declare.File, force bool) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if !force {
		for _, f := range files {
			if _, err := root.Lstat(f.Name); err == nil {
				return declare.ErrFolder.With("%s is there already: choose another folder, or give --force to write over it", filepath.Join(dir, f.Name))
			}
		}
	}
	for _, f := range files {
		next := f.Name + ".new"
		if err := root.WriteFile(next, f.Text, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
		if err := root.Rename(next, f.Name); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
	}
	return nil
}
