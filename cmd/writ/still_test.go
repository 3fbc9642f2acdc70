package main

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// A stream asks this at each event: who was let in by what has ended is told no more.
func TestLesson03_WhatHasEndedIsToldNoMore(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		m := b.me()
		read := w.app.auditAPI(w.node).Read
		may := func(c policy.Caller) error {
			_, err := read.Check(policy.WithCaller(w.ctx, c), &struct{}{})
			return err
		}
		bySignin := policy.Caller{Identity: m.Identity, Via: m.Via}
		k, _, err := w.node.door.MakeToken(policy.WithCaller(w.ctx, bySignin), signin.Token{
			Owner: m.Identity, Name: "a script", Limits: []string{"read"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}, 1)
		if err != nil {
			t.Fatal(err)
		}
		byToken := policy.Caller{Identity: m.Identity, Via: k.ID.Ref(), Limits: k.Limits}
		if err := errors.Join(may(bySignin), may(byToken)); err != nil {
			t.Fatal(err)
		}
		if err := w.node.door.EndToken(policy.WithCaller(context.WithoutCancel(w.ctx), bySignin), m.Identity, k.ID); err != nil {
			t.Fatal(err)
		}
		b.must("POST", "/v1/signout", nil, nil)
		for _, c := range []policy.Caller{bySignin, byToken} {
			if err := may(c); !errors.Is(err, signin.ErrEnded) {
				t.Errorf("by %s: %v", c.Via, err)
			}
		}
	})
}
