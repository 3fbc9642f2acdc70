//go:build kms

package keys

import (
	"errors"
	"net/url"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// bareCloud is an environment that says nothing of any cloud.
func bareCloud(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
		"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS",
	} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("AWS_CONFIG_FILE", dir+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("GCE_METADATA_HOST", "127.0.0.1:1")
}

func TestKeyServiceOfAWS(t *testing.T) {
	bareCloud(t)
	s := testkit.AWSKMS(t, "alias/writ")
	t.Setenv("AWS_ACCESS_KEY_ID", s.Token)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a test's")
	at := "?region=eu-central-1&endpoint=" + url.QueryEscape(s.URL)
	atItsPlace(t, s, "awskms:///alias/writ"+at)
	refused(t, "awskms:///alias/other"+at)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
	refused(t, "awskms:///alias/writ"+at)
}

func refused(t *testing.T, at string) {
	t.Helper()
	k, err := NewKeyService(at)
	if err != nil {
		t.Fatal(err)
	}
	o := newOpened([]byte("a vault"))
	defer o.close()
	if _, _, err := (&Ring{kms: k}).newKMS(t.Context(), o, 1); !errors.Is(err, ErrSealAway) {
		t.Errorf("%s: %v", at, err)
	}
}

// No real one of these can be reached: what they say without credentials is all.
func TestKeyServiceOfCloudsWithoutCredentials(t *testing.T) {
	bareCloud(t)
	for _, at := range []string{
		"awskms:///alias/writ?region=eu-central-1",
		"gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k",
		"azurekeyvault://writ.vault.azure.net/keys/writ",
	} {
		refused(t, at)
	}
}
