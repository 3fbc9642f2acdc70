package main

import (
	"encoding/json"
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
// what is answered; and where what it leaves is searched. In is a test that calls it, which
// is made sure of once that ran; through is one of what the operation begins, by whichever
// way; never is why there is none.
type flow struct {
	given, told        []string
	in, through, never string
}

var flows = map[string]flow{
	"accept-vault-rollback":      {through: "TestRestoreDrill"},
	"add-authority":              {through: "TestWhatIsSignedAtRealServers"},
	"add-consumer":               {through: "TestRotationOfAPairWhileItIsUsed"},
	"add-lease-template":         {through: "TestLeasePostgreSQL"},
	"add-passkey":                {in: "TestLesson13_SecretsAreNowhereElse"},
	"add-safe":                   {in: "TestLesson13_SecretsAreNowhereElse"},
	"add-secret":                 {given: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"add-system":                 {given: []string{"credential.secret"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"approve-device":             {in: "TestTokensFromTheCommandLine"},
	"begin-passkey":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"begin-passkey-signin":       {through: "TestCopiedPasskey"},
	"begin-step-up":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"cancel-vault-shares":        {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"change-consumer":            {never: "it is given no secret, and tells none"},
	"change-lease-template":      {through: "TestLeasePostgreSQL"},
	"change-safe":                {never: "it is given no secret"},
	"change-secret":              {never: "it is given no secret"},
	"change-system":              {given: []string{"credential.secret"}, through: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"check-certificate":          {through: "TestWhatIsSignedAtRealServers"},
	"check-in-secret":            {in: "TestLesson13_SecretsAreNowhereElse"},
	"check-out-secret":           {in: "TestLesson13_SecretsAreNowhereElse"},
	"confirm-consumer":           {through: "TestRotationOfAPairWhileItIsUsed"},
	"confirm-vault-shares":       {given: []string{"key"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"create-token":               {told: []string{"text"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"delete-secret":              {in: "TestLesson13_SecretsAreNowhereElse"},
	"deny-device":                {in: "TestALoginThatIsRefused"},
	"destroy-secret":             {in: "TestLesson13_SecretsAreNowhereElse"},
	"end-signin":                 {through: "TestOwnSignins"},
	"end-signins":                {through: "TestOwnSignins"},
	"extend-checkout":            {never: "it is given no secret, and tells none"},
	"finish-passkey-signin":      {through: "TestCopiedPasskey"},
	"finish-step-up":             {in: "TestLesson13_SecretsAreNowhereElse"},
	"force-checkin":              {never: "it is given no secret, and tells none"},
	"force-lease":                {through: "TestLeasePostgreSQL"},
	"forget-vault-shares":        {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"grant-certificate-right":    {through: "TestWhatIsSignedAtRealServers"},
	"grant-lease-right":          {through: "TestLeasePostgreSQL"},
	"grant-right":                {in: "TestLesson13_SecretsAreNowhereElse"},
	"import-secrets":             {given: []string{"items.*.value"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"init-vault":                 {given: []string{"passphrase"}, told: []string{"made.*"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"issue-lease":                {told: []string{"password"}, through: "TestLeasePostgreSQL"},
	"leave-secret-alone":         {through: "TestOnboardingPostgreSQL"},
	"make-break-glass-kit":       {through: "TestBreakGlassWithEveryNodeGone"},
	"merge-break-glass-record":   {through: "TestBreakGlassWithEveryNodeGone"},
	"oauth-device":               {told: []string{"device_code"}, in: "TestTokensFromTheCommandLine"},
	"oauth-token":                {told: []string{"access_token", "refresh_token"}, in: "TestTokensFromTheCommandLine"},
	"open-share":                 {given: []string{"token"}, told: []string{"value"}, in: "TestLesson13_WhatOpensAShareIsNowhereElse"},
	"pick-up-break-glass-share":  {told: []string{"text"}, through: "TestBreakGlassWithEveryNodeGone"},
	"pick-up-first-credential":   {told: []string{"password"}, through: "TestLesson25_FirstPasswordsNeedASecondFactor"},
	"preview-onboarding":         {through: "TestOnboardingPostgreSQL"},
	"put-certificate-profile":    {through: "TestWhatIsSignedAtRealServers"},
	"put-secret":                 {given: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"redeem-link":                {given: []string{"secret"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"rekey-safe":                 {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"rekey-vault-root":           {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"rekey-vault-seal":           {given: []string{"passphrase"}, told: []string{"made.*"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"release-onboarding":         {through: "TestOnboardingPostgreSQL"},
	"remove-account-pair":        {through: "TestRotationOfAPairWhileItIsUsed"},
	"remove-certificate-profile": {through: "TestWhatIsSignedAtRealServers"},
	"remove-consumer":            {through: "TestRotationOfAPairWhileItIsUsed"},
	"remove-passkey":             {through: "TestCopiedPasskey"},
	"remove-rotation-schedule":   {through: "TestRotationPostgreSQL"},
	"renew-break-glass-kit":      {through: "TestBreakGlassWithEveryNodeGone"},
	"renew-lease":                {through: "TestLeasePostgreSQL"},
	"retire-break-glass-kit":     {through: "TestBreakGlassWithEveryNodeGone"},
	"retire-lease-template":      {through: "TestLeasePostgreSQL"},
	"retry-lease":                {never: "it is given no secret, and tells none"},
	"return-lease":               {through: "TestLeasePostgreSQL"},
	"reveal-secret":              {told: []string{"value"}, in: "TestLesson13_SecretsAreNowhereElse"},
	"revoke-certificate":         {through: "TestWhatIsSignedAtRealServers"},
	"revoke-lease-right":         {through: "TestLeasePostgreSQL"},
	"revoke-right":               {never: "it is given no secret"},
	"revoke-token":               {in: "TestTokensFromTheCommandLine"},
	"rotate-authority":           {through: "TestWhatIsSignedAtRealServers"},
	"rotate-group":               {through: "TestRotationPostgreSQL"},
	"rotate-secrets":             {through: "TestRotationPostgreSQL"},
	"seal-vault":                 {in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"set-account-pair":           {through: "TestRotationOfAPairWhileItIsUsed"},
	"set-rotation-schedule":      {through: "TestRotationPostgreSQL"},
	"share-secret":               {told: []string{"link"}, in: "TestLesson13_WhatOpensAShareIsNowhereElse"},
	"sign-jwt":                   {told: []string{"text"}, through: "TestWhatIsSignedAtRealServers"},
	"sign-out":                   {in: "TestLoginLetsCommandsCallTheServer"},
	"sign-ssh":                   {through: "TestWhatIsSignedAtRealServers"},
	"sign-x509":                  {through: "TestWhatIsSignedAtRealServers"},
	"start-onboarding":           {through: "TestOnboardingPostgreSQL"},
	"take-lease":                 {told: []string{"password"}, through: "TestLeaseApproved"},
	"undelete-secret":            {in: "TestLesson13_SecretsAreNowhereElse"},
	"unseal-vault":               {given: []string{"key"}, in: "TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse"},
	"vault-lend":                 {told: []string{"data.password"}, through: "TestLeasePostgreSQL"},
	"vault-read":                 {told: []string{"data.data.*"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"vault-sign":                 {through: "TestWhatIsSignedAtRealServers"},
	"vault-token":                {told: []string{"data.id"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"vault-write":                {given: []string{"data.*"}, in: "TestVaultsClientKeepsSecretsInWrit"},
	"verify-secrets":             {through: "TestRotationPostgreSQL"},
	"withdraw-certificate-right": {through: "TestWhatIsSignedAtRealServers"},
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

// unseen are the flows that a test should have called and did not, of the tests that ran.
func unseen() (list []string) {
	for op, f := range flows {
		if ran := flowsSeen.in[f.in]; ran != nil && !ran[op] {
			list = append(list, op+" is not called in "+f.in)
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
