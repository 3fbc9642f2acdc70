//go:build kms

package keys

import (
	"context"

	"gocloud.dev/gcp"
	"gocloud.dev/secrets"
	"gocloud.dev/secrets/awskms"
	"gocloud.dev/secrets/azurekeyvault"
	"gocloud.dev/secrets/gcpkms"
)

// usable reports why the service cannot be used, or nil.
func (k *KeyService) usable() error { return nil }

// keeper signs in anew each time. The library's own register of services would remember for
// as long as the process runs that there was nothing to sign in with.
func (k *KeyService) keeper(ctx context.Context) (keeper, error) {
	switch k.url.Scheme {
	case awskms.Scheme:
		return new(awskms.URLOpener).OpenKeeperURL(ctx, k.url)
	case azurekeyvault.Scheme:
		return (&azurekeyvault.URLOpener{ClientMaker: azurekeyvault.DefaultClientMaker}).OpenKeeperURL(ctx, k.url)
	case gcpkms.Scheme:
		return newGoogle(ctx, k)
	default:
		return newTransit(k)
	}
}

// google is a keeper that hangs up too.
type google struct {
	*secrets.Keeper
	hangUp func()
}

func newGoogle(ctx context.Context, k *KeyService) (keeper, error) {
	c, err := gcp.DefaultCredentials(ctx)
	if err != nil {
		return nil, err
	}
	client, hangUp, err := gcpkms.Dial(ctx, c.TokenSource)
	if err != nil {
		return nil, err
	}
	s, err := (&gcpkms.URLOpener{Client: client}).OpenKeeperURL(ctx, k.url)
	if err != nil {
		hangUp()
		return nil, err
	}
	return google{s, hangUp}, nil
}

// Close implements keeper.
func (g google) Close() error {
	defer g.hangUp()
	return g.Keeper.Close()
}
