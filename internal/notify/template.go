package notify

import (
	"net/url"
	"reflect"
	"strings"
	"text/template"
	"unicode/utf8"
)

// Template makes messages of data of one type: a struct of text, numbers and lists of
// them. What is text in it is cleaned before it comes into a message.
type Template[T any] struct {
	subject, body *template.Template
}

// footer ends each body.
const footer = "\n\n-- \nSent by Writ, which is a program: nobody reads an answer to this mail.\n"

// Parse reads a template. In it {{link "/path/" .ID}} is an address of Writ's own.
func Parse[T any](name, subject, body string) (*Template[T], error) {
	if err := fits(reflect.TypeFor[T]()); err != nil {
		return nil, err
	}
	made := template.New(name).Option("missingkey=error").Funcs(linking(""))
	t := &Template[T]{}
	var err error
	if t.subject, err = template.Must(made.Clone()).Parse(subject); err != nil {
		return nil, ErrMessage.With("the subject of mail template %s cannot be read", name).Because(err)
	}
	if t.body, err = made.Parse(strings.TrimSpace(body) + footer); err != nil {
		return nil, ErrMessage.With("the body of mail template %s cannot be read", name).Because(err)
	}
	return t, nil
}

// MustParse is Parse of what stands in the source.
func MustParse[T any](name, subject, body string) *Template[T] {
	t, err := Parse[T](name, subject, body)
	if err != nil {
		panic(err)
	}
	return t
}

// fits refuses types that could hold what has no place in a mail.
func fits(t reflect.Type) error {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		return nil
	case reflect.Slice:
		return fits(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !f.IsExported() {
				return ErrMessage.With("%s has fields that are not seen: a secret is such, and goes into no mail", t)
			}
			if err := fits(f.Type); err != nil {
				return err
			}
		}
		return nil
	default:
		return ErrMessage.With("a mail is made of text and numbers, not of %s", t)
	}
}

// Message makes one message. Origin is where Writ is, for links.
func (t *Template[T]) Message(origin, key string, to Recipient, data T) (Message, error) {
	clean(reflect.ValueOf(&data).Elem())
	m := Message{Key: key, To: Recipient{Name: short(line(to.Name), maxName), Address: strings.TrimSpace(to.Address)}}
	for _, part := range []struct {
		of   *template.Template
		into *string
	}{{t.subject, &m.Subject}, {t.body, &m.Body}} {
		own, err := part.of.Clone()
		if err != nil {
			return Message{}, err
		}
		var b strings.Builder
		if err := own.Funcs(linking(origin)).Execute(&b, data); err != nil {
			return Message{}, ErrMessage.With("mail %s cannot be made", key).Because(err)
		}
		*part.into = b.String()
	}
	m.Subject, m.Body = short(line(m.Subject), maxSubject), wrap(m.Body)
	return m, m.Check()
}

// clean makes all text of a value plain. Lists are copied: they are the caller's.
func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(plain(v.String()))
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			clean(list.Index(i))
		}
		v.Set(list)
	case reflect.Struct:
		for i := range v.NumField() {
			clean(v.Field(i))
		}
	default: // fits let pass nothing else that is text
	}
}

// linking is the function of templates that makes addresses of Writ's own.
func linking(origin string) template.FuncMap {
	return template.FuncMap{"link": func(path string, parts ...string) (string, error) {
		if origin == "" || !strings.HasPrefix(path, "/") {
			return "", ErrMessage.With("a link needs Writ's origin, and a path that begins with /")
		}
		for _, p := range parts {
			path += url.PathEscape(p)
		}
		return origin + path, nil
	}}
}

// width is how long a line is at most, unless one word is longer.
const width = 76

// wrap breaks lines between words. What a line is indented by, its rest is too.
func wrap(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if l == "-- " { // what mail programs know a footer by
			b.WriteString(l + "\n")
			continue
		}
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		used := 0
		for _, word := range strings.Fields(l) {
			n := utf8.RuneCountInString(word)
			switch {
			case used == 0:
				b.WriteString(indent)
				used = len(indent)
			case used+1+n > width:
				b.WriteString("\n" + indent)
				used = len(indent)
			default:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}
