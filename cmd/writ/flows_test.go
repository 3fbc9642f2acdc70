package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/signin"
)

// flow is what an operation does with secrets: which fields of what is sent are some, and of
// what is answered; and where what it leaves is searched. In is a test that calls it;
// through is one of what the operation does, by whichever way, which leaves a record in the
// log. Both are made sure of once that test ran. Never is why there is none.
type flow struct {
	given, told        []string
	in, through, never string
	leaves             string // the action of the record
}

var flows = map[string]flow{
	"accept-vault-rollback":      {through: "TestRestoreDrill", leaves: "vault.accept_rollback"},
	"add-authority":              {in: "TestWhatIsSignedAtRealServers"},
	"add-consumer":               {through: "TestRotationOfAPairWhileItIsUsed", leaves: "consumer.add"},
	"add-lease-template":         {in: "TestLeasePostgreSQL"},
	"add-passkey":                {in: "TestLesson13_SecretsAreNowhereElse"},
	"add-safe":                   {in: "TestLesson13_SecretsAreNowhereElse"},
	"add-secret":                 {given: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"add-system":                 {given: []string{"credential.secret"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"approve-device":             {in: "TestTokensFromTheCommandLine"},
	"begin-passkey":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"begin-passkey-signin":       {in: "TestCopiedPasskey"},
	"begin-step-up":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"cancel-vault-shares":        {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"change-consumer":            {never: "it is given no secret, and tells none"},
	"change-lease-template":      {never: "it is given no secret, and tells none"},
	"change-safe":                {never: "it is given no secret"},
	"change-secret":              {never: "it is given no secret"},
	"change-system":              {given: []string{"credential.secret"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"check-certificate":          {in: "TestWhatIsSignedAtRealServers"},
	"check-in-secret":            {in: "TestLesson13_SecretsAreNowhereElse"},
	"check-out-secret":           {in: "TestLesson13_SecretsAreNowhereElse"},
	"confirm-consumer":           {never: "it is given no secret, and tells none"},
	"confirm-vault-shares":       {given: []string{"key"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"create-token":               {told: []string{"text"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"delete-secret":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"deny-device":                {in: "TestALoginThatIsRefused"},
	"destroy-secret":             {in: "TestLesson13_SecretsAreNowhereElse"},
	"end-signin":                 {in: "TestOwnSignins"},
	"end-signins":                {in: "TestOwnSignins"},
	"extend-checkout":            {never: "it is given no secret, and tells none"},
	"finish-passkey-signin":      {in: "TestCopiedPasskey"},
	"finish-step-up":             {in: "TestLesson13_SecretsAreNowhereElse"},
	"force-checkin":              {never: "it is given no secret, and tells none"},
	"force-lease":                {in: "TestLeasePostgreSQL"},
	"forget-vault-shares":        {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"grant-certificate-right":    {in: "TestWhatIsSignedAtRealServers"},
	"grant-lease-right":          {in: "TestLeasePostgreSQL"},
	"grant-right":                {in: "TestLesson13_SecretsAreNowhereElse"},
	"import-secrets":             {given: []string{"items.*.value"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"init-vault":                 {given: []string{"passphrase"}, told: []string{"made.*"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"issue-lease":                {told: []string{"password"}, in: "TestLeasePostgreSQL"},
	"leave-secret-alone":         {never: "it is given no secret, and tells none"},
	"make-break-glass-kit":       {in: "TestBreakGlassWithEveryNodeGone"},
	"merge-break-glass-record":   {in: "TestBreakGlassWithEveryNodeGone"},
	"oauth-device":               {told: []string{"device_code"}, in: "TestTokensFromTheCommandLine"},
	"oauth-token":                {told: []string{"access_token", "refresh_token"}, in: "TestTokensFromTheCommandLine"},
	"open-share":                 {given: []string{"token"}, told: []string{"value"}, in: "TestLesson13_WhatOpensAShareIsNowhereElse"},
	"pick-up-break-glass-share":  {told: []string{"text"}, in: "TestBreakGlassWithEveryNodeGone"},
	"pick-up-first-credential":   {told: []string{"password"}, in: "TestLesson25_FirstPasswordsNeedASecondFactor"},
	"preview-onboarding":         {never: "it is given no secret, and tells none"},
	"put-certificate-profile":    {in: "TestWhatIsSignedAtRealServers"},
	"put-secret":                 {given: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"redeem-link":                {given: []string{"secret"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"rekey-safe":                 {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"rekey-vault-root":           {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"rekey-vault-seal":           {given: []string{"passphrase"}, told: []string{"made.*"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"release-onboarding":         {never: "it lets go of what was not taken over yet: the vault holds nothing of it"},
	"remove-account-pair":        {never: "it is given no secret, and tells none"},
	"remove-certificate-profile": {never: "it is given no secret, and tells none"},
	"remove-consumer":            {never: "it is given no secret, and tells none"},
	"remove-passkey":             {never: "it is given no secret, and tells none"},
	"remove-rotation-schedule":   {never: "it is given no secret, and tells none"},
	"renew-break-glass-kit":      {in: "TestBreakGlassDrill"},
	"renew-lease":                {in: "TestLeasePostgreSQL"},
	"retire-break-glass-kit":     {in: "TestBreakGlassDrill"},
	"retire-lease-template":      {in: "TestLeasePostgreSQL"},
	"retry-lease":                {never: "it is given no secret, and tells none"},
	"return-lease":               {in: "TestLeasePostgreSQL"},
	"reveal-secret":              {told: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"revoke-certificate":         {in: "TestWhatIsSignedAtRealServers"},
	"revoke-lease-right":         {in: "TestLeasePostgreSQL"},
	"revoke-right":               {never: "it is given no secret"},
	"revoke-token":               {in: "TestTokensFromTheCommandLine"},
	"rotate-authority":           {in: "TestWhatIsSignedAtRealServers"},
	"rotate-group":               {through: "TestRotationPostgreSQL", leaves: "rotation.demand"},
	"rotate-secrets":             {through: "TestRotationPostgreSQL", leaves: "rotation.demand"},
	"seal-vault":                 {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"set-account-pair":           {through: "TestRotationOfAPairWhileItIsUsed", leaves: "rotation.pair"},
	"set-rotation-schedule":      {never: "it is given no secret, and tells none"},
	"share-secret":               {told: []string{"link"}, in: "TestLesson13_WhatOpensAShareIsNowhereElse"},
	"sign-jwt":                   {told: []string{"text"}, in: "TestWhatIsSignedAtRealServers"},
	"sign-out":                   {in: "TestLoginLetsCommandsCallTheServer"},
	"sign-ssh":                   {in: "TestWhatIsSignedAtRealServers"},
	"sign-x509":                  {in: "TestWhatIsSignedAtRealServers"},
	"start-onboarding":           {through: "TestOnboardingPostgreSQL", leaves: "onboarding.begin"},
	"take-lease":                 {told: []string{"password"}, in: "TestLeaseApproved"},
	"undelete-secret":            {in: "TestLesson13_SecretsAreNowhereElse"},
	"unseal-vault":               {given: []string{"key"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"vault-lend":                 {told: []string{"data.password"}, in: "TestOpenBaosClientLeasesAccountsOfPostgres"},
	"vault-read":                 {told: []string{"data.data.*"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"vault-sign":                 {in: "TestOpenBaosClientHasKeysSignedForARealHost"},
	"vault-token":                {told: []string{"data.id"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"vault-write":                {given: []string{"data.*"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"verify-secrets":             {through: "TestRestoreDrill", leaves: "vault.verify"},
	"withdraw-certificate-right": {never: "it is given no secret, and tells none"},
}

// foreignOperation names the operations that docs/openapi.json does not describe.
func foreignOperation(method, path string) string {
	switch {
	case strings.HasPrefix(path, "database/creds/"):
		return "vault-lend"
	case strings.HasPrefix(path, "auth/token/lookup"):
		return "vault-token"
	case strings.HasPrefix(path, "ssh/sign/"):
		return "vault-sign"
	case strings.Contains(path, "/data/") && method == "GET":
		return "vault-read"
	case strings.Contains(path, "/data/") && (method == "POST" || method == "PUT" || method == "PATCH"):
		return "vault-write"
	}
	return ""
}

// flowsSeen are the operations that each test has called with success, by its name; of a
// test that has called none it has the name.
var flowsSeen = struct {
	mu sync.Mutex
	in map[string]map[string]bool
}{in: map[string]map[string]bool{}}

func sees(t testing.TB, op string) {
	root, _, _ := strings.Cut(t.Name(), "/")
	flowsSeen.mu.Lock()
	defer flowsSeen.mu.Unlock()
	if flowsSeen.in[root] == nil {
		flowsSeen.in[root] = map[string]bool{}
	}
	flowsSeen.in[root][op] = true
}

// recorded is what a test has seen whose log has a record of an action.
func recorded(action string) string { return "a record of " + action }

// unseen are the flows that a test should have called and did not, of the tests that ran.
func unseen() (list []string) {
	for op, f := range flows {
		if ran := flowsSeen.in[f.in]; ran != nil && !ran[op] {
			list = append(list, op+" is not called in "+f.in)
		}
		if ran := flowsSeen.in[f.through]; ran != nil && !ran[recorded(f.leaves)] {
			list = append(list, fmt.Sprintf("%s: %s leaves no record of %q", op, f.through, f.leaves))
		}
	}
	slices.Sort(list)
	return list
}

// secretTags are the features all of whose changes have to do with secrets.
var secretTags = []string{"authority", "break glass", "vault", "rotation", "signin", "lease", "onboarding"}

// Every operation that is given a secret, tells one, or makes, changes or uses one inside,
// is called in a test after which all is searched; and one that tells a secret is marked, so
// that its answer is kept nowhere. Whoever adds one names the test.
func TestLesson13_EveryFlowIsSearched(t *testing.T) {
	tests, there := testNames(t), map[string]bool{}
	list, err := operations()
	must(t, err)
	for _, op := range list {
		f, listed := flows[op.id]
		there[op.id] = true
		if !listed && (op.marked || op.gives || op.method != http.MethodGet && slices.Contains(secretTags, op.tag)) {
			t.Errorf("%s has to do with secrets: say in flows in which test it is called", op.id)
		}
		if len(f.told) > 0 && !op.marked {
			t.Errorf("%s tells %v and is not marked with %s: its answer would be kept for whoever asks again", op.id, f.told, httpapi.SecretExtension)
		}
	}
	for op, f := range flows {
		switch {
		case f.in+f.through+f.never == "":
			t.Errorf("%s is called in a test, or there is why not", op)
		case f.never == "" && !tests[f.in+f.through]:
			t.Errorf("%s is searched in %q, which is no test here", op, f.in+f.through)
		case !there[op] && !strings.HasPrefix(op, "vault-") && !strings.HasPrefix(op, "oauth-"):
			t.Errorf("%s is no operation any more", op)
		}
	}
}

// operation is what docs/openapi.json says of one.
type operation struct {
	id, method, path, tag string
	marked                bool // it tells a secret
	gives                 bool // it is given one, by a field that is never read back
}

// operations are those of docs/openapi.json, which another test holds to what is served.
var operations = sync.OnceValues(func() (list []operation, err error) {
	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for path, methods := range doc.Paths {
		for method, x := range methods {
			op := operation{method: strings.ToUpper(method), path: path, gives: writeOnly(doc.Components.Schemas, x["requestBody"], 0)}
			op.id, _ = x["operationId"].(string)
			op.marked, _ = x[httpapi.SecretExtension].(bool)
			if tags, ok := x["tags"].([]any); ok {
				op.tag, _ = tags[0].(string)
			}
			list = append(list, op)
		}
	}
	return list, nil
})

// writeOnly reports whether a schema has a field that is, at whatever depth.
func writeOnly(schemas map[string]any, in any, depth int) bool {
	const deepest = 20 // a schema may be in itself
	switch x := in.(type) {
	case map[string]any:
		if x["writeOnly"] == true || x["format"] == "password" {
			return true
		}
		if ref, ok := x["$ref"].(string); ok && depth < deepest {
			return writeOnly(schemas, schemas[filepath.Base(ref)], depth+1)
		}
		for _, v := range x {
			if writeOnly(schemas, v, depth) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, func(v any) bool { return writeOnly(schemas, v, depth) })
	}
	return false
}

// operationOf is the operation that a request calls; "" is none.
func operationOf(method, path string) string {
	switch rest, vault := strings.CutPrefix(path, "/vault/v1/"); {
	case vault:
		return foreignOperation(method, rest)
	case path == signin.DevicePath:
		return "oauth-device"
	case path == signin.TokenPath:
		return "oauth-token"
	}
	list, err := operations()
	if err != nil {
		return ""
	}
	parts, found := strings.Split(path, "/"), operation{}
	for _, op := range list {
		// One without anything in braces comes first.
		if op.method == method && fits(strings.Split(op.path, "/"), parts) && (found.id == "" || !strings.Contains(op.path, "{")) {
			found = op
		}
	}
	return found.id
}

func fits(template, parts []string) bool {
	if len(template) != len(parts) {
		return false
	}
	for i := range template {
		if template[i] != parts[i] && !strings.HasPrefix(template[i], "{") {
			return false
		}
	}
	return true
}

// testNames are the tests of this package.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	names := map[string]bool{}
	for _, path := range files {
		text, err := os.ReadFile(path) //nolint:gosec // our own
		must(t, err)
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "func Test"); ok {
				name, _, _ := strings.Cut(rest, "(")
				names["Test"+name] = true
			}
		}
	}
	return names
}
