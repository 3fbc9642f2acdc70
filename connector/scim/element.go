package scim

import (
	"encoding/json"
	"errors"
	"strings"
)

// element is one of the things in a list, about to be read.
type element struct {
	*json.Decoder
	m *metered
}

func (e *element) user() (u user, err error) {
	err = e.Decode(&u)
	return u, err
}

// group reads a group, and hands out each of its members as it comes: there may be a
// million.
func (e *element) group(each func(member)) (g group, err error) {
	var m meta
	err = e.object(func(key string) error {
		switch {
		case strings.EqualFold(key, "members"):
			return e.array(func() error {
				var one *member
				if err := e.Decode(&one); err != nil {
					return err
				}
				if one != nil {
					each(*one)
				}
				return nil
			})
		case strings.EqualFold(key, "id"):
			return e.Decode(&g.ID)
		case strings.EqualFold(key, "displayName"):
			return e.Decode(&g.DisplayName)
		case strings.EqualFold(key, "meta"):
			return e.Decode(&m)
		}
		return e.skip()
	})
	g.Version = m.Version
	return g, err
}

// object calls f with each key of an object, behind which its value comes.
func (e *element) object(f func(key string) error) error {
	if t, err := e.Token(); err != nil || t != json.Delim('{') {
		return notThere(err, "an object")
	}
	for e.More() {
		key, err := e.Token()
		if err != nil {
			return err
		}
		if err := f(key.(string)); err != nil {
			return err
		}
	}
	_, err := e.Token()
	return err
}

// array calls f before each value of an array. Nothing is an empty one.
func (e *element) array(f func() error) error {
	t, err := e.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return notThere(nil, "a list")
	}
	for e.More() {
		e.m.allow()
		if err := f(); err != nil {
			return err
		}
	}
	_, err = e.Token()
	return err
}

func notThere(err error, what string) error {
	if err != nil {
		return err
	}
	return errors.New(what + " is expected")
}

func (e *element) skip() error {
	var passed json.RawMessage
	return e.Decode(&passed)
}
