package finding

// Words explain a rule to who has to act.
type Words struct {
	Why string // it matters
	Do  string // what ends it
}

// WordsOf returns what is said of a rule.
func WordsOf(rule string) Words { return words[rule] }

var words = map[string]Words{
	"leaver-active":             {"Whoever left, or somebody with their password or key, can still get in, and nobody would miss it.", "Disable the account on its system, and end its sessions and keys. If the person is still here, correct the source that says otherwise."},
	"third-party-expired":       {"Nobody has a contract that would justify the access of an outside person any more, and their employer may have replaced them.", "Ask the sponsor. Either the contract is renewed in the source, or the access ends."},
	"escalation-path":           {"What an account may do can be turned into privileged access that no one has approved and no review shows.", "Take away the step that leads there: the right to act as somebody, to give rights, or to control the host. 'Why' shows every step."},
	"standing-privilege":        {"Privileged access that is held all the time is there for whoever steals the sign-in, at any hour.", "Make it eligible: held on request, for a time, with a reason. Keep it standing only where it is needed every day, and accept that here."},
	"privilege-by-nesting":      {"Whoever manages the outer group gives privileged access without seeing it, and whoever reviews the inner group does not see who has it.", "Grant it directly or through a role, and take the group out of the privileged one."},
	"toxic-combination":         {"One person can do alone what the system says needs two.", "Take one of the two away, or have somebody else do that part. Accept it for a time where there is nobody else."},
	"overprivileged-agent":      {"An agent acts by itself and fast; what it may do beyond its task, whoever talks to it can make it do.", "Take away what its task does not need, or give it for the time of a task."},
	"break-glass-unsealed":      {"The emergency account was opened, and whoever opened it may still know its password.", "Find out who used it and why, change its password, and seal it again."},
	"break-glass-kit-stale":     {"On the day on which nothing else opens the system, this kit would not open it either.", "Have it renewed with 'writ break-glass renew', and put the new edition where the old one is. One that was opened, or has lost its holders, is made anew."},
	"break-glass-share-lost":    {"With so many others, somebody who has left can open what the kit holds, and the kit has one less who should.", "Make another kit with other holders, and retire this one."},
	"lease-late":                {"Access that was to last for minutes lasts for as long as the account is there.", "Look at what the system says to its removal, and let Writ try again: 'writ lease retry'. Where it cannot, remove the account by hand."},
	"secret-known-to-leaver":    {"They can still get in where nothing else keeps them out, under the name of a service.", "Give the secret another value, or have its consumers told sooner: 'writ rotate'. Until then the way to it is to stay closed."},
	"nopasswd-sudo":             {"Whoever gets hold of an open session, or of a key, has the privileged commands as well.", "Take NOPASSWD out of the rule, or narrow the rule to the one command that an automatic job needs."},
	"public-grant":              {"Everybody who has an account has it, and so has everybody who will ever get one; no review of people shows it.", "Revoke it from everybody, and grant it to the group that needs it."},
	"shared-account":            {"What is done with the account cannot be said of anybody, and its password is known to people who have left.", "Give each person an account of their own, or put the password into a vault from which it is checked out by name."},
	"duplicate-credential":      {"Whoever has the key can be any of these people, and the record shows the wrong one.", "Give each of them a key of their own, and remove the one that they share."},
	"orphan-account":            {"Nobody answers for the account, so nobody notices when it is used and nobody ends it.", "Find whose it is and link it, or disable it. If it is a service's, make the service known and give it an owner."},
	"unowned-nonhuman":          {"Nobody knows what the service does, whether it is still needed, or what breaks when its password changes.", "Name the person who answers for it. If nobody does, disable it and see who asks."},
	"disputed-match":            {"As long as it is not known whose account it is, its access counts for nobody, and it stays when they leave.", "Decide between the people that are named, or say that it is none of them."},
	"dormant-account":           {"Nobody would notice if somebody else used it.", "Disable it. If it is needed for rare occasions, accept it for a time, with the occasion as the reason."},
	"stale-credential":          {"The longer a password or key has been the same, the more people, files and backups hold it.", "Change it on the system, and where it is used. The next sync sees it."},
	"direct-grant-outside-role": {"Access that a role gives goes when the role goes; what was given beside it stays, and nobody knows why.", "Revoke the direct grant. The person keeps the access through the group or role."},
	"unowned-entitlement":       {"Nobody decides who gets it and nobody can review who has it.", "Name an owner of the entitlement, or of the system, which then answers for all of its entitlements."},
	"system-stale":              {"What is shown of the system may no longer be so: controls count as unknown until it is read again.", "Look at why the last sync failed, mend it, and read the system again."},
	"drift":                     {"What was decided is no longer so on the system, and nobody in Writ decided otherwise. It may be a repair in a hurry, or an intruder keeping a way in.", "Ask who changed it. 'writ provision drift' reverts it, adopts what came back, or leaves it until a day."},
	"unapproved-grant":          {"Somebody gave this on the system itself, past whoever should have approved it. That is also how an intruder looks.", "Ask who gave it and why. Revoke it, or approve it so that it has a justification and an end."},
	"adoption-backlog":          {"The access may be right, but nobody has said so, and nobody can say why it is there.", "Review the access of this system, and keep or revoke each."},
}
