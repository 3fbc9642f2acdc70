package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/testkit"
)

const mailSettings = `
address: 127.0.0.1:%s
mail:
  server: %s
  from: Writ <writ@example.com>
  user: %s
  password: env:TEST_MAIL_PASSWORD
  tls: %s
  ca: %s
`

// A server takes what the outbox holds to the mail server that its configuration names,
// and a command beside it tells what became of a mail.
func TestAServerSendsMail(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	t.Setenv("TEST_MAIL_PASSWORD", testkit.MailPassword)
	mail := testkit.Mail(t)
	dir := filepath.Join(t.TempDir(), "data")
	say := func(args ...string) (int, string) {
		var out, wrong said
		code := run(t.Context(), append([]string{"--data", dir}, args...), strings.NewReader(""), &out, &wrong)
		return code, out.String() + wrong.String()
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var told, log said
	done := make(chan int, 1)
	config := configFile(t, fmt.Sprintf(mailSettings, freePort(t), mail.Starting, testkit.MailUser, "starttls", mail.CA))
	go func() {
		done <- run(ctx, []string{"--data", dir, "server", "--config", config}, strings.NewReader(""), &told, &log)
	}()
	for !strings.Contains(told.String(), "Writ is at") {
		select {
		case code := <-done:
			t.Fatalf("exit %d: %s", code, log.String())
		default:
			wait(t.Context(), lookAgain)
		}
	}
	if code, text := say("mail", "test", "zoe@example.com"); code != exitOK || !strings.Contains(text, "sent") {
		t.Errorf("exit %d: %s", code, text)
	}
	if got := mail.Await(t, 1)[0]; got.To != "zoe@example.com" || !got.TLS || got.User != testkit.MailUser || !bytes.Contains(got.Raw, []byte("writ mail test")) {
		t.Errorf("%+v", got)
	}
	mail.Fail(testkit.MailFaults{Refuse: "gone@example.com"})
	if code, text := say("mail", "test", "gone@example.com"); code != exitFailed || !strings.Contains(text, "dead") || !strings.Contains(text, "nobody of that name") {
		t.Errorf("exit %d: %s", code, text)
	}
	if code, text := say("audit", "list", "--action", "mail."); code != exitOK || !strings.Contains(text, "mail.sent") || !strings.Contains(text, "code=mail-refused") || strings.Contains(text, "example.com") {
		t.Errorf("exit %d: %s", code, text)
	}
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("the server ended with %d: %s", code, log.String())
	}
	if text := told.String() + log.String(); strings.Contains(text, "password of mail") || strings.Contains(text, "no mail is sent") {
		t.Errorf("%s", text)
	}
}

func TestMailIsConfigured(t *testing.T) {
	t.Setenv("TEST_MAIL_PASSWORD", testkit.MailPassword)
	mail := testkit.Mail(t)
	fine := fmt.Sprintf(mailSettings, "7400", "mail.example.com", "writ", "starttls", mail.CA)
	c, err := readServerConfig(configFile(t, fine), nil)
	must(t, err)
	if c.mailer == nil {
		t.Fatal("there is no sender")
	}
	if c, err = readServerConfig("", nil); err != nil || c.mailer != nil {
		t.Errorf("nothing is configured: %v, %v", c, err)
	}
	c, err = readServerConfig("", []string{"WRIT_MAIL__SERVER=localhost", "WRIT_MAIL__FROM=writ@example.com", "WRIT_MAIL__TLS=none"})
	if err != nil || c.mailer == nil {
		t.Errorf("by the environment: %v", err)
	}
	for name, change := range map[string][2]string{
		"no server":                       {"server: mail.example.com", "server: ''"},
		"nobody that it is from":          {"from: Writ <writ@example.com>", "from: Writ"},
		"a password in the file":          {"env:TEST_MAIL_PASSWORD", "hunter2-canary"},
		"a password that is not there":    {"env:TEST_MAIL_PASSWORD", "env:TEST_MAIL_NOTHING"},
		"a password of nobody":            {"user: writ", "user: ''"},
		"TLS where it can be had":         {"starttls", "opportunistic"},
		"a password in the clear":         {"starttls", "none"},
		"an authority that is not there":  {mail.CA, mail.CA + ".not"},
		"an authority that is none":       {mail.CA, "mail_test.go"},
		"a setting that there is none of": {"tls: starttls", "starttls: true"},
	} {
		_, err := readServerConfig(configFile(t, strings.Replace(fine, change[0], change[1], 1)), nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "password of mail") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who may not see mail sees none; who may sees it page by page.
func TestMailOverTheAPI(t *testing.T) {
	c := serveTwoScopes(t)
	for _, address := range []string{"zoe@example.com", "ana@example.com"} {
		m, err := testMail.Message("", "test/"+address[:3], notify.Recipient{Address: address}, struct{}{})
		must(t, err)
		_, err = c.app.db.Mail().Test(c.ctx, m)
		must(t, err)
	}
	type page struct {
		Items  []notify.Kept
		Next   string
		Server bool
	}
	list := func(who, query string) (int, page) {
		w := c.ask(t, who, httptest.NewRequest(http.MethodGet, "/v1/mail?limit=1"+query, nil))
		var p page
		if w.Code == http.StatusOK {
			must(t, json.Unmarshal(w.Body.Bytes(), &p))
		} else if strings.Contains(w.Body.String(), "example.com") {
			t.Errorf("%s: %s", who, w.Body)
		}
		return w.Code, p
	}
	for _, w := range whoCalls {
		code, got := list(w.name, "")
		if may := w.name == "iam" || w.name == "audit"; may != (code == http.StatusOK) || may != (len(got.Items) == 1) {
			t.Errorf("%s: %d, %+v", w.name, code, got)
		}
	}
	_, first := list("audit", "")
	_, second := list("audit", "&cursor="+first.Next)
	if first.Items[0].To.Address != "ana@example.com" || second.Items[0].To.Address != "zoe@example.com" || second.Next != "" || first.Server {
		t.Errorf("%+v, %+v", first, second)
	}
	if w := c.ask(t, "audit", httptest.NewRequest(http.MethodGet, "/v1/audit?action=mail.", nil)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), first.Items[0].ID) || strings.Contains(w.Body.String(), "example.com") {
		t.Errorf("its record: %d %s", w.Code, w.Body)
	}
	if _, none := list("audit", "&state=dead"); len(none.Items) != 0 {
		t.Errorf("%+v", none)
	}
}
