package inventory

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// kindPatterns tell the kind of an account by its login, first match first. They
// are the habits of the trade; what the system itself says comes before them.
var kindPatterns = []struct {
	kind  access.AccountKind
	what  string
	login *regexp.Regexp
	first string // the letters that it can begin with
	needs string // what one of must otherwise be in it
}{
	{access.BreakGlassAccount, "break-glass name", regexp.MustCompile(`(?i)^(break.?glass|bg[-_.]|emergency|firecall)`), "bBeEfF", ""},
	{access.ServiceAccount, "service name", regexp.MustCompile(`(?i)^(svc|srv|sa|app|bot|batch|job|cron|ci|robot|agent)[-_.]|[-_.](svc|srv|sa|app|bot|batch|job|service)$|\$$`), "", "-_.$"},
	{access.AdminAccount, "admin name", regexp.MustCompile(`(?i)^(adm|admin|a|da|t0|t1)[-_.]|[-_.](adm|admin)$`), "", "-_."},
	{access.SharedAccount, "shared name", regexp.MustCompile(`(?i)^(shared|team|common|generic|ops)[-_.]|[-_.](shared|team)$|^(admin|administrator|dba|dbadmin|deploy|oper|operator|ops|shared|support|test|guest|oncall|reports?|helpdesk)\d*$`), "aAcCdDgGhHoOrRsStT", "-_."},
}

// Why an account is of its kind, where neither its system nor its name tells.
const (
	kindByDefault  = "nothing says otherwise"
	kindOfWorkload = "its identity is a service or an agent"
)

// kindOf tells what kind of account a record is, and which fact says so.
func kindOf(a *connector.Account) (access.AccountKind, string) {
	if slices.Contains(access.AccountKinds, a.Kind) {
		if a.KindReason != "" {
			return a.Kind, a.KindReason
		}
		return a.Kind, "the system says so"
	}
	for _, p := range kindPatterns {
		if mayMatch(a.Login, p.first, p.needs) && p.login.MatchString(a.Login) {
			return p.kind, p.what
		}
	}
	return access.PersonAccount, kindByDefault
}

// mayMatch says that a pattern has to be tried, which costs more than everything
// else that is done with an account. Beyond ASCII, letters have cases of their own.
func mayMatch(login, first, needs string) bool {
	return login != "" && (login[0] >= utf8.RuneSelf || strings.IndexByte(first, login[0]) >= 0) || strings.ContainsAny(login, needs)
}
